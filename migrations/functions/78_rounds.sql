-- SPDX-License-Identifier: EUPL-1.2
-- Rounds: one statement tells the solver everything, one transaction writes what it found. Whatever has changed in between is caught by
-- the rules, asked again under the locks, and waits for the next round.

-- Who waits, with every pair that may be, its points term by term, and the guide's places. second_ask 0: requests nobody is asked for.
-- Else those whose one ask has been silent for so many hours: they get what the others leave.
CREATE OR REPLACE FUNCTION matching_snapshot(second_ask integer)
RETURNS TABLE (request uuid, city text, waiting_since bigint, guide uuid, places integer, price integer, pinned boolean, score integer,
               preferred integer, language integer, near integer, audience integer, topics integer, gender integer, load integer,
               recent integer, worth integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT r.id, r.handled_by, extract(epoch FROM least(r.waiting_since, clock()))::bigint, e.guide, e.places, e.price, o.request IS NOT NULL, e.score,
         e.preferred_points, e.language_points, e.city_points, e.audience_points, e.topics_points, e.gender_points, e.load_points,
         e.recent_points, e.price_points
    FROM (SELECT x.id, x.handled_by, x.waiting_since
            FROM guide_request x
           WHERE CASE WHEN second_ask = 0 THEN x.state = 'open'
                      ELSE x.state = 'proposed'
                           AND (SELECT count(*) = 1 AND max(p.asked_at) <= clock() - make_interval(hours => second_ask)
                                  FROM proposal p WHERE p.request = x.id AND p.state = 'open') END
           ORDER BY x.waiting_since, x.id
           LIMIT 20000) r
    LEFT JOIN eligible e ON e.request = r.id
    LEFT JOIN matching_override o ON o.request = r.id AND o.guide = e.guide AND o.kind = 'pin'
   ORDER BY r.id, e.guide
$$;

-- The points and prices a snapshot is made with, and the time it is of.
CREATE OR REPLACE FUNCTION matching_versions() RETURNS TABLE (weights integer, prices integer, at bigint, started_at text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT (weights_now()).version, (SELECT max(p.version) FROM price_table p), extract(epoch FROM clock())::bigint, rfc3339(clock())
$$;

-- Of the guides who share a language with a request (of these cities, NULL: of all) what stops each first; 'taken': nothing, the place
-- went to somebody else. A third telling of the rules, for people; the order is the one in which a coordinator would ask.
CREATE OR REPLACE FUNCTION stops_of(requests uuid[], cities text[]) RETURNS TABLE (request uuid, guide uuid, reason text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT r.id, g.id,
         CASE WHEN g.state = 'suspended' OR home.required_verifications <> '{}' AND NOT is_verified(g.id) THEN 'inactive'
              WHEN g.state = 'paused' THEN 'paused'
              WHEN g.load >= g.capacity THEN 'full'
              WHEN (r.city = ANY (g.serves) OR g.neighbours AND r.neighbours AND c.neighbours && g.serves OR g.remote AND r.remote) IS NOT TRUE
              THEN 'far'
              WHEN EXISTS (SELECT FROM block b WHERE b.newcomer = r.account AND b.guide = g.account AND b.rule = 'H4') THEN 'declined'
              WHEN (SELECT count(*) > 1 OR max(p.expires_at) > clock() - interval '14 days' FROM proposal p
                     WHERE p.request_account = r.account AND p.guide_account = g.account AND p.state = 'expired') THEN 'silent'
              WHEN g.account = r.account OR r.guide_gender_must AND r.guide_gender IS NOT NULL AND g.gender IS DISTINCT FROM r.guide_gender
                   OR EXISTS (SELECT FROM block b WHERE b.newcomer = r.account AND b.guide = g.account AND b.rule = 'H5')
                   OR EXISTS (SELECT FROM matching_override o WHERE o.request = r.id AND o.guide = g.id AND o.kind = 'forbid')
                   OR EXISTS (SELECT FROM own_block b WHERE (b.blocker, b.blocked) IN ((r.account, g.account), (g.account, r.account)))
                   OR EXISTS (SELECT FROM report x WHERE x.reported IN (r.account, g.account) AND x.state = 'open') THEN 'blocked'
              WHEN EXISTS (SELECT FROM proposal p WHERE p.request = r.id AND p.guide = g.id AND p.state IN ('open', 'awaiting_newcomer')) THEN 'asked'
              WHEN asks_since(g.recent_asks, clock() - interval '30 days') >= g.asks_per_month THEN 'resting'
              ELSE 'taken' END
    FROM weights_now() w
   CROSS JOIN guide_request r
    LEFT JOIN city c ON c.slug = r.city
   CROSS JOIN LATERAL (
         SELECT DISTINCT s.guide
           FROM (SELECT l.language FROM guide_request_language l WHERE l.request = r.id AND l.rank >= w.least_level
                 UNION
                 SELECT x.b FROM guide_request_language l JOIN related_language x ON x.a = l.language
                  WHERE l.request = r.id AND l.rank >= w.least_level) wanted
           JOIN guide_language s ON s.language = wanted.language AND s.rank >= w.least_level) spoken
    JOIN guide g ON g.id = spoken.guide
    JOIN city home ON home.slug = g.home_city
   WHERE r.id = ANY (stops_of.requests) AND g.state IN ('active', 'paused', 'suspended')
     AND (stops_of.cities IS NULL OR g.cities && stops_of.cities)
$$;

-- For each of these requests how many speak a language of theirs, and {"full": 9, "paused": 3, ...}.
CREATE OR REPLACE FUNCTION why_unplaced(requests uuid[]) RETURNS TABLE (request uuid, speakers integer, reasons jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT r.id, coalesce(sum(s.guides), 0)::integer, coalesce(jsonb_object_agg(s.reason, s.guides) FILTER (WHERE s.reason IS NOT NULL), '{}')
    FROM unnest(requests) AS r(id)
    LEFT JOIN (SELECT x.request, x.reason, count(*) AS guides FROM stops_of(why_unplaced.requests, NULL) x GROUP BY 1, 2) s ON s.request = r.id
   GROUP BY r.id
$$;

-- Terms of the pairs a dry run chose, with the points it tries.
CREATE OR REPLACE FUNCTION terms_of_pairs(requests uuid[], guides uuid[]) RETURNS TABLE (request uuid, guide uuid, terms jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT p.request, p.guide, t.terms
    FROM unnest(requests, guides) AS p(request, guide)
   CROSS JOIN LATERAL (SELECT terms_of(e) AS terms FROM eligible e WHERE e.request = p.request AND e.guide = p.guide) t
$$;

-- [{"reason","rule","guides"}] as the API tells it, in the order of the rules.
CREATE OR REPLACE FUNCTION reasons_told(reasons jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('reason', x.reason, 'rule', x.rule, 'guides', (reasons ->> x.reason)::integer) ORDER BY x.n), '[]')
    FROM (VALUES (1, 'inactive', 'H1'), (2, 'paused', 'H1'), (3, 'full', 'H1'), (4, 'far', 'H3'), (5, 'declined', 'H4'), (6, 'silent', 'H4'),
                 (7, 'blocked', 'H5'), (8, 'asked', 'H6'), (9, 'resting', 'H7'), (10, 'taken', NULL)) AS x(n, reason, rule)
   WHERE reasons ? x.reason
$$;

-- What a round found, all of it or nothing: requests by id, then guides by id, then the rules once more for each pair. A round that has
-- nothing to propose and saw what the one before saw is not kept. Answers how many were asked, NULL: not kept.
CREATE OR REPLACE FUNCTION write_round(round jsonb, pairs jsonb, unplaced jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  made  uuid := (round ->> 'id')::uuid;
  pair  record;
  asked integer := 0;
BEGIN
  IF pairs = '[]' AND round ->> 'started_by' IS NULL
     AND round ->> 'digest' = (SELECT r.digest FROM matching_round r WHERE r.second = (round ->> 'second')::boolean ORDER BY r.id DESC LIMIT 1) THEN
    RETURN NULL;
  END IF;
  PERFORM lock_requests(ARRAY(SELECT (p ->> 'request')::uuid FROM jsonb_array_elements(pairs) AS p));
  PERFORM lock_guides(ARRAY(SELECT (p ->> 'guide')::uuid FROM jsonb_array_elements(pairs) AS p));
  INSERT INTO matching_round (id, seed, second, digest, weights, prices, started_by, started_at, requests, guides, pairs, placed, proposed, certificate)
  SELECT made, x.seed, x.second, x.digest, x.weights, x.prices, (SELECT a.id FROM account a WHERE a.id = x.started_by), x.started_at,
         x.requests, x.guides, x.pairs, x.placed, 0, x.certificate
    FROM jsonb_to_record(round) AS x(seed bigint, second boolean, digest text, weights integer, prices integer, started_by uuid,
                                     started_at timestamptz, requests integer, guides integer, pairs integer, placed integer, certificate jsonb);
  FOR pair IN SELECT x.* FROM jsonb_to_recordset(pairs) AS x(request uuid, guide uuid, second_best integer)
                JOIN guide_request r ON r.id = x.request -- of what is gone no rule is broken
                JOIN guide g ON g.id = x.guide
               ORDER BY x.request LOOP
    IF broken_rule(pair.request, pair.guide) IS NULL
       AND (SELECT count(*) FROM proposal p WHERE p.request = pair.request AND p.state = 'open') = (round ->> 'second')::boolean::integer THEN
      INSERT INTO proposal (id, request, guide, second_best, round) VALUES (uuid_v7(), pair.request, pair.guide, pair.second_best, made);
      asked := asked + 1;
    END IF;
  END LOOP;
  UPDATE matching_round r SET proposed = asked, finished_at = clock() WHERE r.id = made;
  INSERT INTO matching_unplaced (round, request, speakers, reasons)
  SELECT made, x.request, x.speakers, x.reasons
    FROM jsonb_to_recordset(unplaced) AS x(request uuid, speakers integer, reasons jsonb)
    JOIN guide_request r ON r.id = x.request
   ORDER BY x.request
     FOR KEY SHARE OF r; -- waits for who is just being erased
  IF asked < jsonb_array_length(pairs) THEN
    PERFORM pg_notify('welcome', 'matching');
  END IF;
  RETURN asked;
END
$$;

-- Why nobody was found is of interest for a week, that a round was proved for as long as it is kept.
CREATE OR REPLACE FUNCTION clean_rounds() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  reasons integer;
  rounds  integer;
BEGIN
  DELETE FROM matching_unplaced u
   WHERE u.round IN (SELECT r.id FROM matching_round r
                      WHERE r.finished_at <= clock() - interval '7 days' AND EXISTS (SELECT FROM matching_unplaced x WHERE x.round = r.id)
                      LIMIT 100);
  GET DIAGNOSTICS reasons = ROW_COUNT;
  DELETE FROM matching_round r
   WHERE r.id IN (SELECT d.id FROM due_rounds d LIMIT 100);
  GET DIAGNOSTICS rounds = ROW_COUNT;
  RETURN reasons + rounds;
END
$$;
