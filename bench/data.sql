-- SPDX-License-Identifier: EUPL-1.2
-- Invented people for measuring: active guides up to the number :guides; a coordinator of Bochum whose session has the token :token; an open request there, whose id this prints. Run by the superuser, once for each number;
-- the same numbers make the same people.
\set ON_ERROR_STOP on
SET search_path = welcome;
SET synchronous_commit = off;

-- From 0 up to 1, always the same for the same n and salt.
CREATE FUNCTION pg_temp.chance(n bigint, salt integer) RETURNS float LANGUAGE sql IMMUTABLE AS
$$ SELECT (hashint8extended(n, salt) & 1048575) / 1048576.0 $$;

-- One of the list, the first more often.
CREATE FUNCTION pg_temp.pick(list text[], n bigint, salt integer) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT list[1 + floor(cardinality(list) * pg_temp.chance(n, salt) ^ 2)::integer] $$;

CREATE TEMPORARY TABLE person AS
SELECT n, uuid_v7() AS account, uuid_v7() AS guide,
       ARRAY(SELECT DISTINCT pg_temp.pick(big.cities, n, salt) FROM unnest(CASE WHEN n % 4 = 0 THEN '{1,2}' ELSE '{1}' END::integer[]) AS salt) AS cities,
       CASE WHEN n % 3 = 0 THEN ARRAY['de', tongue, 'en'] ELSE ARRAY['de', tongue] END AS tags
  FROM generate_series((SELECT count(*) FROM guide) + 1, :guides) AS n,
       (SELECT array_agg(slug ORDER BY population DESC) AS cities FROM city) AS big,
       (SELECT array_agg(tag ORDER BY position) AS tongues FROM language WHERE tag NOT IN ('de', 'de-simple', 'en')) AS spoken,
       pg_temp.pick(spoken.tongues, n, 3) AS tongue;

INSERT INTO account (id, email, language)
SELECT account, 'guide-' || n || '@example.org', 'de' FROM person;
INSERT INTO guide (id, account, state, display_name, story, languages, cities, audiences, topics, capacity, neighbours, remote, gender, listed)
SELECT guide, account, 'active', 'Guide ' || n, 'Came here some years ago, knows the offices and the way to the market, and likes to show both.',
       (SELECT jsonb_agg(jsonb_build_object('tag', tag, 'level', pg_temp.pick('{native,C1,B2,B1,A2}', n, 4 + i::integer)) ORDER BY i)
          FROM unnest(tags) WITH ORDINALITY AS t(tag, i)),
       cities, coalesce((SELECT array_agg(slug) FROM audience WHERE pg_temp.chance(n, 10 + position) < 0.5), '{}'),
       coalesce((SELECT array_agg(slug) FROM topic WHERE pg_temp.chance(n, 20 + position) < 0.2), '{}'),
       1 + floor(4 * pg_temp.chance(n, 7))::integer, n % 2 = 0, n % 10 = 0, pg_temp.pick('{female,male,diverse}', n, 8), true
  FROM (SELECT * FROM person ORDER BY guide) AS p;
UPDATE guide_city SET approved = true WHERE NOT approved;

-- A third has people to look after.
UPDATE guide SET load = 1 WHERE capacity > 1 AND id IN (SELECT guide FROM person WHERE n % 3 = 1);

INSERT INTO account (id, email, language)
SELECT uuid_v7(), name || '@example.org', 'de' FROM unnest(ARRAY['coordinator', 'newcomer']) AS name
    ON CONFLICT DO NOTHING;
INSERT INTO staff_role (account, role, city)
SELECT id, 'coordinator', 'bochum' FROM account WHERE email = 'coordinator@example.org'
    ON CONFLICT DO NOTHING;
INSERT INTO session (id, token_hash, account, expires_at)
SELECT uuid_v7(), sha256(convert_to(:'token', 'UTF8')), id, clock() + interval '12 hours' FROM account WHERE email = 'coordinator@example.org'
    ON CONFLICT DO NOTHING;
INSERT INTO guide_request (id, account, state, display_name, languages, city, audience, topics, waiting_since, renewed_at)
SELECT uuid_v7(), id, 'open', 'Amara', '[{"tag": "ar", "level": "native"}, {"tag": "en", "level": "B2"}]', 'bochum', 'skilled-worker',
       '{housing,work}', clock(), clock()
  FROM account WHERE email = 'newcomer@example.org'
    ON CONFLICT DO NOTHING;

RESET synchronous_commit;
VACUUM (FULL); -- the triggers left every row behind twice
VACUUM (ANALYZE);
SELECT id FROM guide_request WHERE state = 'open';
