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

-- The language of the reader's in which there are words.
CREATE OR REPLACE FUNCTION language_of(words jsonb, languages text[]) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN coalesce((SELECT l.tag FROM unnest(languages) WITH ORDINALITY AS l(tag, n) WHERE words ? l.tag ORDER BY l.n LIMIT 1),
                  (SELECT min(k.tag) FROM jsonb_object_keys(words) AS k(tag)));
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
  faults := nullif(bad_words('/name', entry -> 'name')
                   || CASE WHEN entry ->> 'in' IN ('cities', 'region') OR EXISTS (SELECT FROM city c WHERE c.slug = entry ->> 'in') THEN '[]'::jsonb
                           ELSE '[{"pointer":"/in","code":"unknown_city"}]' END, '[]');
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

-- For admins ------------------------------------------------------------------------------------------------------------------------

-- What has a name instead of an id, in the audit.
CREATE OR REPLACE FUNCTION named_subject(kind text, name text) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT md5(kind || ' ' || name)::uuid $$;

-- First in every change: the row and its version.
CREATE OR REPLACE FUNCTION lock_for_service(code text, if_match text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM require(is_admin(), 'forbidden');
  PERFORM FROM service s WHERE s.code = lock_for_service.code FOR NO KEY UPDATE;
  PERFORM require(FOUND, 'not_found');
  PERFORM precondition(if_match, service_tag(lock_for_service.code)); -- as it is now that it is locked
END
$$;

-- Changes with the service, its words and questions, and its offers.
CREATE OR REPLACE FUNCTION service_tag(code text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT md5(to_jsonb(s)::text || coalesce((SELECT jsonb_agg(to_jsonb(f) ORDER BY f.city)::text FROM service_offer f WHERE f.service = s.code), ''))
    FROM service s WHERE s.code = $1
$$;

-- All of a service as admins write it: {"code","clientele","category","basis","name","description","acknowledge_hours","resolve_hours",
-- "appointments","active","questions"}.
CREATE OR REPLACE FUNCTION service_whole(code text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('code', s.code, 'clientele', s.clientele, 'category', s.category, 'basis', s.basis, 'position', s.position, 'name', v.name,
                            'description', v.description, 'acknowledge_hours', s.acknowledge_hours, 'resolve_hours', s.resolve_hours,
                            'appointments', s.appointments, 'active', s.active, 'questions', v.questions)
    FROM service s JOIN service_version v ON v.service = s.code AND v.version = s.version
   WHERE s.code = $1
$$;

CREATE OR REPLACE FUNCTION write_service(whole jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  faults jsonb := bad_words('/name', whole -> 'name') || bad_questions(whole -> 'questions')
                  || CASE WHEN coalesce(whole -> 'description', '{}') = '{}' THEN '[]' ELSE bad_words('/description', whole -> 'description') END;
BEGIN
  PERFORM require(is_admin(), 'forbidden');
  IF (whole ->> 'acknowledge_hours')::integer > (whole ->> 'resolve_hours')::integer THEN
    faults := faults || jsonb_build_array(jsonb_build_object('pointer', '/resolve_hours', 'code', 'too_small', 'limit', whole ->> 'acknowledge_hours'));
  END IF;
  IF faults <> '[]' THEN
    PERFORM problem('validation_failed', faults);
  END IF;
  INSERT INTO service AS old (code, clientele, category, basis, position, acknowledge_hours, resolve_hours, appointments, active)
  SELECT w.code, w.clientele, w.category, w.basis, coalesce(w.position, 0), w.acknowledge_hours, w.resolve_hours, w.appointments, w.active
    FROM jsonb_to_record(whole) AS w(code text, clientele text, category text, basis text, position integer, acknowledge_hours integer,
                                     resolve_hours integer, appointments boolean, active boolean)
      ON CONFLICT ON CONSTRAINT service_pkey DO UPDATE
         SET clientele = excluded.clientele, category = excluded.category, basis = excluded.basis, position = excluded.position,
             acknowledge_hours = excluded.acknowledge_hours, resolve_hours = excluded.resolve_hours, appointments = excluded.appointments,
             active = excluded.active, imported = NULL, updated_at = clock();
  PERFORM set_service_version(whole ->> 'code', whole -> 'name', coalesce(whole -> 'description', '{}'), whole -> 'questions');
  PERFORM record('write_service', 'service', named_subject('service', whole ->> 'code'), NULL, jsonb_build_object('code', whole ->> 'code'));
END
$$;

CREATE OR REPLACE FUNCTION set_service_offer(service text, city text, office_city text, office text, acknowledge integer, resolve integer) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM require(is_admin(), 'forbidden');
  IF NOT EXISTS (SELECT FROM office o WHERE o.city = set_service_offer.office_city AND o.slug = set_service_offer.office AND o.active) THEN
    PERFORM problem('validation_failed', '[{"pointer":"/office","code":"unknown_office"}]');
  ELSIF acknowledge > resolve THEN
    PERFORM problem('validation_failed', jsonb_build_array(jsonb_build_object('pointer', '/resolve_hours', 'code', 'too_small', 'limit', acknowledge::text)));
  END IF;
  INSERT INTO service_offer (service, city, office_city, office, acknowledge_hours, resolve_hours)
  VALUES (set_service_offer.service, set_service_offer.city, set_service_offer.office_city, set_service_offer.office, acknowledge, resolve)
      ON CONFLICT ON CONSTRAINT service_offer_pkey DO UPDATE
         SET office_city = excluded.office_city, office = excluded.office, acknowledge_hours = excluded.acknowledge_hours,
             resolve_hours = excluded.resolve_hours;
  PERFORM record('set_service_offer', 'service', named_subject('service', set_service_offer.service), nullif(set_service_offer.city, '*'),
                 jsonb_build_object('code', set_service_offer.service));
END
$$;

-- Requests that are there stay where they are.
CREATE OR REPLACE FUNCTION delete_service_offer(service text, city text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM require(is_admin(), 'forbidden');
  DELETE FROM service_offer f WHERE f.service = delete_service_offer.service AND f.city = delete_service_offer.city;
  PERFORM require(FOUND, 'not_found');
  PERFORM record('delete_service_offer', 'service', named_subject('service', delete_service_offer.service), nullif(delete_service_offer.city, '*'),
                 jsonb_build_object('code', delete_service_offer.service));
END
$$;

CREATE OR REPLACE FUNCTION office_whole(city text, slug text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT jsonb_build_object('city', nullif(o.city, '*'), 'slug', o.slug, 'name', o.name, 'languages', o.languages, 'address', o.address, 'phone', o.phone,
                            'website', o.website, 'email', o.email, 'opening_hours', o.opening_hours, 'active', o.active, 'version', o.version,
                            'closures', (SELECT coalesce(jsonb_agg(jsonb_build_object('first_on', c.first_on, 'last_on', c.last_on, 'reason', c.reason)
                                                                   ORDER BY c.first_on), '[]')
                                           FROM office_closure c WHERE c.city = o.city AND c.office = o.slug AND c.last_on >= today()))
    FROM office o
   WHERE o.city = $1 AND o.slug = $2 AND is_admin()
$$;

CREATE OR REPLACE FUNCTION lock_for_office(city text, slug text, if_match text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  found integer;
BEGIN
  PERFORM require(is_admin(), 'forbidden');
  SELECT o.version INTO found FROM office o WHERE o.city = lock_for_office.city AND o.slug = lock_for_office.slug FOR NO KEY UPDATE;
  PERFORM require(found IS NOT NULL, 'not_found'), precondition(if_match, found::text);
END
$$;

-- All of an office, closures that are to come included. One that answers something stays active.
CREATE OR REPLACE FUNCTION write_office(whole jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  here   text  := coalesce(whole ->> 'city', '*');
  named  text  := whole ->> 'slug';
  faults jsonb := bad_words('/name', whole -> 'name') || unknown_spoken(whole -> 'languages') || bad_closures(whole -> 'closures');
BEGIN
  PERFORM require(is_admin(), 'forbidden');
  IF NOT (whole ->> 'active')::boolean AND EXISTS (SELECT FROM service_offer f WHERE f.office_city = here AND f.office = named) THEN
    PERFORM problem('conflict_state', '[{"pointer":"/active","code":"office_used"}]');
  ELSIF faults <> '[]' THEN
    PERFORM problem('validation_failed', faults);
  END IF;
  PERFORM refuse_bad_hours(whole -> 'opening_hours');
  INSERT INTO office AS old (city, slug, name, languages, address, phone, website, email, opening_hours, active)
  SELECT here, named, w.name, w.languages, w.address, w.phone, w.website, w.email, opening_hours_of(w.opening_hours), w.active
    FROM jsonb_to_record(whole) AS w(name jsonb, languages text[], address text, phone text, website text, email text, opening_hours jsonb, active boolean)
      ON CONFLICT ON CONSTRAINT office_pkey DO UPDATE
         SET name = excluded.name, languages = excluded.languages, address = excluded.address, phone = excluded.phone, website = excluded.website,
             email = excluded.email, opening_hours = excluded.opening_hours, active = excluded.active, imported = NULL, version = old.version + 1,
             updated_at = clock();
  DELETE FROM office_closure c WHERE c.city = here AND c.office = named AND c.last_on >= today();
  INSERT INTO office_closure (city, office, first_on, last_on, reason)
  SELECT here, named, w.first_on, w.last_on, coalesce(w.reason, '')
    FROM jsonb_to_recordset(whole -> 'closures') AS w(first_on date, last_on date, reason text);
  PERFORM record('write_office', 'office', named_subject('office', here || ' ' || named), nullif(here, '*'), jsonb_build_object('office', named));
END
$$;

CREATE OR REPLACE FUNCTION unknown_spoken(languages jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('pointer', '/languages/' || l.n - 1, 'code', 'unknown_language')), '[]')
    FROM jsonb_array_elements_text(languages) WITH ORDINALITY AS l(tag, n)
   WHERE NOT EXISTS (SELECT FROM language x WHERE x.tag = l.tag)
$$;

-- From the first day to the last, within a year, none beginning before the one before has ended.
CREATE OR REPLACE FUNCTION bad_closures(closures jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('pointer', '/closures/' || x.n - 1 || '/last_on', 'code', x.code)), '[]')
    FROM (SELECT c.n, CASE WHEN c.last_on < c.first_on THEN 'not_after' WHEN c.last_on - c.first_on > 366 THEN 'lasts_too_long'
                           WHEN EXISTS (SELECT FROM jsonb_array_elements(closures) WITH ORDINALITY AS o(closure, n)
                                         WHERE o.n < c.n AND (o.closure ->> 'first_on')::date <= c.last_on AND (o.closure ->> 'last_on')::date >= c.first_on)
                           THEN 'not_unique' END AS code
            FROM (SELECT e.n, (e.closure ->> 'first_on')::date AS first_on, (e.closure ->> 'last_on')::date AS last_on
                    FROM jsonb_array_elements(closures) WITH ORDINALITY AS e(closure, n)) c) x
   WHERE x.code IS NOT NULL
$$;

-- Partners: by admins and by advisors for all cities.
CREATE OR REPLACE FUNCTION keeps_partners() RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT is_admin() OR '*' = ANY (my_advised()) $$;

CREATE OR REPLACE FUNCTION lock_for_partner(id uuid, if_match text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  found integer;
BEGIN
  PERFORM require(keeps_partners(), 'forbidden');
  SELECT p.version INTO found FROM partner p WHERE p.id = lock_for_partner.id FOR NO KEY UPDATE;
  PERFORM require(found IS NOT NULL, 'not_found'), precondition(if_match, found::text);
END
$$;

-- A new one, or what is said of one that is there. The request it came from is one that advisor sees, of a partner.
CREATE OR REPLACE FUNCTION write_partner(id uuid, whole jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  faults jsonb := CASE WHEN coalesce(whole -> 'description', '{}') = '{}' THEN '[]' ELSE bad_words('/description', whole -> 'description') END;
BEGIN
  PERFORM require(keeps_partners(), 'forbidden');
  IF (whole ->> 'left_on')::date < (whole ->> 'joined_on')::date THEN
    faults := faults || '[{"pointer":"/left_on","code":"not_after"}]'::jsonb;
  END IF;
  IF whole ->> 'request' IS NOT NULL
     AND NOT EXISTS (SELECT FROM service_request r JOIN service s ON s.code = r.service AND s.clientele = 'partner'
                      WHERE r.id = (whole ->> 'request')::uuid AND (is_admin() OR r.handled_by && my_advised())) THEN
    faults := faults || '[{"pointer":"/request","code":"unknown_service_request"}]'::jsonb;
  END IF;
  IF faults <> '[]' THEN
    PERFORM problem('validation_failed', faults);
  ELSIF EXISTS (SELECT FROM partner p WHERE lower(p.name) = lower(whole ->> 'name') AND p.left_on IS NULL AND p.id <> write_partner.id
                  AND whole ->> 'left_on' IS NULL) THEN
    PERFORM problem('duplicate');
  END IF;
  INSERT INTO partner AS old (id, name, kind, city, website, description, joined_on, left_on, request)
  SELECT write_partner.id, w.name, w.kind, w.city, w.website, coalesce(w.description, '{}'), coalesce(w.joined_on, today()), w.left_on, w.request
    FROM jsonb_to_record(whole) AS w(name text, kind text, city text, website text, description jsonb, joined_on date, left_on date, request uuid)
      ON CONFLICT ON CONSTRAINT partner_pkey DO UPDATE
         SET name = excluded.name, kind = excluded.kind, city = excluded.city, website = excluded.website, description = excluded.description,
             joined_on = excluded.joined_on, left_on = excluded.left_on, request = excluded.request, version = old.version + 1, updated_at = clock();
  PERFORM record('write_partner', 'partner', write_partner.id, whole ->> 'city');
EXCEPTION WHEN unique_violation THEN -- somebody was faster
  PERFORM problem('duplicate');
END
$$;

CREATE OR REPLACE FUNCTION partner_whole(id uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT to_jsonb(p) - 'updated_at' FROM partner p WHERE p.id = $1 AND keeps_partners()
$$;
