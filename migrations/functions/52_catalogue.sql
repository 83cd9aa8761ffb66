-- SPDX-License-Identifier: EUPL-1.2
-- The catalogue: services with their questions in versions, who offers them where, and the offices.

-- Language maps: known tags, some words in each, at least English or German.
CREATE OR REPLACE FUNCTION bad_words(pointer text, words jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object('pointer', f.pointer, 'code', f.code) ORDER BY f.pointer), '[]')
      FROM (SELECT bad_words.pointer AS pointer, 'required' AS code WHERE NOT words ?| ARRAY['en', 'de']
             UNION ALL
            SELECT bad_words.pointer || '/' || replace(replace(w.tag, '~', '~0'), '/', '~1'), 'unknown_language'
              FROM jsonb_object_keys(words) AS w(tag)
             WHERE NOT EXISTS (SELECT FROM language l WHERE l.tag = w.tag)) f);
END
$$;

-- What the form of questions cannot say: codes and keys are unique, choices have values and nothing else has.
CREATE OR REPLACE FUNCTION bad_questions(questions jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    WITH question AS (
      SELECT '/questions/' || q.n - 1 AS pointer, q.question, q.question ->> 'type' IN ('single_choice', 'multiple_choice') AS chooses,
             row_number() OVER (PARTITION BY q.question ->> 'code' ORDER BY q.n) > 1 AS again, coalesce(q.question -> 'values', '[]') AS values
        FROM jsonb_array_elements(questions) WITH ORDINALITY AS q(question, n)
    ), value AS (
      SELECT q.pointer || '/values/' || v.n - 1 AS pointer, v.value, row_number() OVER (PARTITION BY q.pointer, v.value ->> 'key' ORDER BY v.n) > 1 AS again
        FROM question q
       CROSS JOIN jsonb_array_elements(q.values) WITH ORDINALITY AS v(value, n)
    ), fault AS (
      SELECT q.pointer || '/code' AS pointer, 'not_unique' AS code FROM question q WHERE q.again
       UNION ALL
      SELECT q.pointer || '/values', CASE WHEN q.chooses THEN 'too_few_items' ELSE 'unknown_member' END FROM question q WHERE q.chooses = (q.values = '[]')
       UNION ALL
      SELECT v.pointer || '/key', 'not_unique' FROM value v WHERE v.again
       UNION ALL
      SELECT w ->> 'pointer', w ->> 'code' FROM question q CROSS JOIN jsonb_array_elements(bad_words(q.pointer || '/label', q.question -> 'label')) AS w
       UNION ALL
      SELECT w ->> 'pointer', w ->> 'code'
        FROM question q CROSS JOIN jsonb_array_elements(bad_words(q.pointer || '/help', q.question -> 'help')) AS w
       WHERE q.question -> 'help' <> '{}' -- none is needed
       UNION ALL
      SELECT w ->> 'pointer', w ->> 'code' FROM value v CROSS JOIN jsonb_array_elements(bad_words(v.pointer || '/label', v.value -> 'label')) AS w
    )
    SELECT coalesce(jsonb_agg(jsonb_build_object('pointer', f.pointer, 'code', f.code) ORDER BY f.pointer), '[]') FROM (SELECT * FROM fault LIMIT 100) f);
END
$$;

-- Choices of cities and topics are those the reference data has.
CREATE OR REPLACE FUNCTION expanded_questions(questions jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(q.question - 'values_from' || CASE q.question ->> 'values_from'
             WHEN 'cities' THEN jsonb_build_object('values', (
               SELECT jsonb_agg(jsonb_build_object('key', c.slug, 'label', jsonb_build_object('de', c.name, 'en', coalesce(c.name_en, c.name))) ORDER BY c.slug)
                 FROM city c WHERE c.detail <> '{}'))
             WHEN 'topics' THEN jsonb_build_object('values', (
               SELECT jsonb_agg(jsonb_build_object('key', t.slug, 'label', t.title) ORDER BY t.position, t.slug) FROM topic t WHERE t.parent IS NULL))
             ELSE '{}' END ORDER BY q.n), '[]')
      FROM jsonb_array_elements(questions) WITH ORDINALITY AS q(question, n));
END
$$;

-- A service as it is now gets these words and questions: a new version where they differ.
CREATE OR REPLACE FUNCTION set_service_version(service text, name jsonb, description jsonb, questions jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  last service_version;
BEGIN
  SELECT * INTO last FROM service_version v WHERE v.service = set_service_version.service ORDER BY v.version DESC LIMIT 1;
  IF last.version IS NULL OR (last.name, last.description, last.questions) IS DISTINCT FROM (name, description, questions) THEN
    INSERT INTO service_version (service, version, name, description, questions)
    VALUES (set_service_version.service, coalesce(last.version, 0) + 1, set_service_version.name, set_service_version.description, set_service_version.questions);
    UPDATE service s SET version = coalesce(last.version, 0) + 1 WHERE s.code = set_service_version.service;
  END IF;
END
$$;

-- One entry of offices.json; what somebody has changed since is theirs. Whether it wrote.
CREATE OR REPLACE FUNCTION import_office(entry jsonb) RETURNS TABLE (written bigint, faults jsonb)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  faults := nullif(bad_words('/name', entry -> 'name'), '[]');
  IF faults IS NULL THEN
    PERFORM refuse_bad_hours(entry -> 'opening_hours');
    WITH made AS (
      INSERT INTO office AS old (city, slug, name, languages, address, phone, website, opening_hours, imported)
      SELECT at.city, entry ->> 'slug',
             (SELECT jsonb_object_agg(w.tag, replace(w.word, '{city}', coalesce(at.name, ''))) FROM jsonb_each_text(entry -> 'name') AS w(tag, word)),
             ARRAY(SELECT jsonb_array_elements_text(entry -> 'languages')), entry ->> 'address', entry ->> 'phone', entry ->> 'website',
             opening_hours_of(entry -> 'opening_hours'), entry
        FROM (SELECT c.slug AS city, c.name FROM city c WHERE entry ->> 'in' = 'cities' AND c.detail <> '{}'
               UNION ALL
              SELECT '*', NULL WHERE entry ->> 'in' = 'region'
               UNION ALL
              SELECT c.slug, c.name FROM city c WHERE c.slug = entry ->> 'in') at
          ON CONFLICT (city, slug) DO UPDATE
             SET name = excluded.name, languages = excluded.languages, address = excluded.address, phone = excluded.phone, website = excluded.website,
                 opening_hours = excluded.opening_hours, imported = excluded.imported, version = old.version + 1, updated_at = clock()
           WHERE old.imported <> excluded.imported
      RETURNING true)
    SELECT count(*) INTO written FROM made;
    IF NOT EXISTS (SELECT FROM office o WHERE o.slug = entry ->> 'slug') THEN
      faults := '[{"pointer":"/in","code":"unknown_city"}]';
    END IF;
  END IF;
  RETURN NEXT;
END
$$;

-- One entry of services.json, offered in every city that has the office; what an admin has changed since is theirs.
CREATE OR REPLACE FUNCTION import_service(entry jsonb, place integer) RETURNS TABLE (written boolean, faults jsonb)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  was   service;
  named text  := entry ->> 'code';
  asked jsonb := expanded_questions(coalesce(entry -> 'questions', '[]'));
BEGIN
  SELECT * INTO was FROM service s WHERE s.code = named;
  written := was.code IS NULL OR was.imported IS DISTINCT FROM entry AND was.imported IS NOT NULL;
  faults := nullif(bad_words('/name', entry -> 'name') || bad_questions(asked), '[]');
  IF written AND faults IS NULL THEN
    INSERT INTO service AS old (code, clientele, category, basis, position, acknowledge_hours, resolve_hours, appointments, imported)
    VALUES (named, entry ->> 'clientele', entry ->> 'category', entry ->> 'basis', place, (entry ->> 'acknowledge_hours')::integer,
            (entry ->> 'resolve_hours')::integer, (entry ->> 'appointments')::boolean, entry)
        ON CONFLICT ON CONSTRAINT service_pkey DO UPDATE
           SET clientele = excluded.clientele, category = excluded.category, basis = excluded.basis, position = excluded.position,
               acknowledge_hours = excluded.acknowledge_hours, resolve_hours = excluded.resolve_hours, appointments = excluded.appointments,
               imported = excluded.imported, updated_at = clock();
    PERFORM set_service_version(named, entry -> 'name', coalesce(entry -> 'description', '{}'), asked);
    INSERT INTO service_offer (service, city, office_city, office)
    SELECT named, c.city, o.city, o.slug
      FROM (SELECT slug AS city FROM city WHERE detail <> '{}' UNION ALL SELECT '*') c
     CROSS JOIN LATERAL (
             SELECT x.city, x.slug
               FROM office x
              WHERE x.active
                AND (x.city = c.city AND x.slug = entry ->> 'office' OR x.city = '*' AND x.slug = entry ->> 'region_office')
              ORDER BY x.city = c.city AND x.slug = entry ->> 'office' DESC
              LIMIT 1) o
        ON CONFLICT ON CONSTRAINT service_offer_pkey DO NOTHING;
  END IF;
  RETURN NEXT;
END
$$;
