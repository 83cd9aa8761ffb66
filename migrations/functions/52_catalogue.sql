-- SPDX-License-Identifier: EUPL-1.2
-- The catalogue: services with their questions in versions, who offers them where, and the offices.

-- Language maps: known tags, some words in each, at least English or German.
CREATE OR REPLACE FUNCTION bad_words(pointer text, words jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object('pointer', f.pointer, 'code', f.code) ORDER BY f.pointer), '[]')
      FROM (SELECT bad_words.pointer AS pointer, 'german_or_english' AS code WHERE NOT words ?| ARRAY['en', 'de']
             UNION ALL
            SELECT bad_words.pointer || '/' || pointer_token(w.tag), 'unknown_language'
              FROM jsonb_object_keys(words) AS w(tag)
             WHERE NOT EXISTS (SELECT FROM language l WHERE l.tag = w.tag)) f);
END
$$;

-- The language in which title_in() has words for the reader.
CREATE OR REPLACE FUNCTION language_of(words jsonb, languages text[]) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN coalesce((SELECT l.tag FROM unnest(languages) WITH ORDINALITY AS l(tag, n) WHERE words ? l.tag ORDER BY l.n LIMIT 1),
                  (SELECT d.tag FROM unnest(ARRAY['en', 'de']) WITH ORDINALITY AS d(tag, n) WHERE words ? d.tag ORDER BY d.n LIMIT 1));
END
$$;

-- Who offers a service, in a city or everywhere, as a reader of these languages gets it; the region's offer comes last.
CREATE OR REPLACE FUNCTION offers_in(service text, city text, languages text[]) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
             'city', nullif(f.city, '*'),
             'office', jsonb_build_object('city', nullif(o.city, '*'), 'slug', o.slug, 'name', title_in(o.name, offers_in.languages), 'languages', o.languages,
                                          'address', o.address, 'phone', o.phone, 'website', o.website, 'opening_hours', o.opening_hours),
             'acknowledge_hours', coalesce(f.acknowledge_hours, s.acknowledge_hours),
             'resolve_hours', coalesce(f.resolve_hours, s.resolve_hours)) ORDER BY f.city = '*', f.city), '[]')
      FROM service_offer f
      JOIN service s ON s.code = f.service
      JOIN office_public o ON o.city = f.office_city AND o.slug = f.office
     WHERE f.service = offers_in.service
       AND (offers_in.city IS NULL OR f.city = offers_in.city));
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
      SELECT q.pointer || '/code' AS pointer, 'not_unique' AS code, NULL AS said FROM question q WHERE q.again
       UNION ALL
      SELECT q.pointer || '/values', CASE WHEN q.chooses THEN 'too_few_items' ELSE 'too_many_items' END, CASE WHEN q.chooses THEN '1' ELSE '0' END
        FROM question q WHERE q.chooses = (q.values = '[]')
       UNION ALL
      SELECT q.pointer || '/values', 'too_many_items', '100' FROM question q WHERE q.chooses AND jsonb_array_length(q.values) > 100
       UNION ALL
      SELECT v.pointer || '/key', 'not_unique', NULL FROM value v WHERE v.again
       UNION ALL
      SELECT w ->> 'pointer', w ->> 'code', NULL FROM question q CROSS JOIN jsonb_array_elements(bad_words(q.pointer || '/label', q.question -> 'label')) AS w
       UNION ALL
      SELECT w ->> 'pointer', w ->> 'code', NULL
        FROM question q CROSS JOIN jsonb_array_elements(bad_words(q.pointer || '/help', q.question -> 'help')) AS w
       WHERE q.question -> 'help' <> '{}' -- none is needed
       UNION ALL
      SELECT w ->> 'pointer', w ->> 'code', NULL FROM value v CROSS JOIN jsonb_array_elements(bad_words(v.pointer || '/label', v.value -> 'label')) AS w
    )
    SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('pointer', f.pointer, 'code', f.code, 'limit', f.said)) ORDER BY f.pointer), '[]')
      FROM (SELECT * FROM fault ORDER BY pointer LIMIT 100) f);
END
$$;

-- What the form of a service cannot say; {} are no words.
CREATE OR REPLACE FUNCTION bad_service(whole jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN bad_words('/name', whole -> 'name')
         || CASE WHEN coalesce(whole -> 'description', '{}') = '{}' THEN '[]' ELSE bad_words('/description', whole -> 'description') END
         || bad_questions(whole -> 'questions')
         || CASE WHEN (whole ->> 'acknowledge_hours')::integer <= (whole ->> 'resolve_hours')::integer THEN '[]'::jsonb
                 ELSE jsonb_build_array(jsonb_build_object('pointer', '/resolve_hours', 'code', 'too_small', 'limit', whole ->> 'acknowledge_hours')) END;
END
$$;

-- Offers that have one of the two times of their own have to fit the other.
CREATE OR REPLACE FUNCTION bad_times(whole jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('pointer', f.pointer, 'code', f.code, 'limit', f.said::text) ORDER BY f.pointer), '[]')
    FROM (SELECT '/acknowledge_hours' AS pointer, 'too_large' AS code, min(o.resolve_hours) AS said
            FROM service_offer o
           WHERE o.service = whole ->> 'code' AND o.acknowledge_hours IS NULL AND o.resolve_hours < (whole ->> 'acknowledge_hours')::integer
           UNION ALL
          SELECT '/resolve_hours', 'too_small', max(o.acknowledge_hours)
            FROM service_offer o
           WHERE o.service = whole ->> 'code' AND o.resolve_hours IS NULL AND o.acknowledge_hours > (whole ->> 'resolve_hours')::integer) f
   WHERE f.said IS NOT NULL
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

-- Offers as the file says, in the cities of the reference data: by the city's office of that name, else by the region's. Whether any
-- changed.
CREATE OR REPLACE FUNCTION spread_offers(service text, office text, region_office text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  changed bigint;
BEGIN
  WITH here AS (
    SELECT c.slug AS city FROM city c WHERE c.detail <> '{}' UNION ALL SELECT '*'
  ), wanted AS (
    SELECT DISTINCT ON (h.city) h.city, o.city AS office_city, o.slug
      FROM here h
      JOIN office o ON o.active AND (o.city = h.city AND o.slug = spread_offers.office OR o.city = '*' AND o.slug = region_office)
     ORDER BY h.city, o.city = h.city AND o.slug = spread_offers.office DESC
  ), put AS (
    INSERT INTO service_offer AS old (service, city, office_city, office)
    SELECT spread_offers.service, w.city, w.office_city, w.slug FROM wanted w
        ON CONFLICT ON CONSTRAINT service_offer_pkey DO UPDATE
           SET office_city = excluded.office_city, office = excluded.office
         WHERE (old.office_city, old.office) <> (excluded.office_city, excluded.office)
    RETURNING true
  ), gone AS (
    DELETE FROM service_offer f
     WHERE f.service = spread_offers.service AND f.city IN (SELECT h.city FROM here h) AND f.city NOT IN (SELECT w.city FROM wanted w)
    RETURNING true
  )
  SELECT (SELECT count(*) FROM put) + (SELECT count(*) FROM gone) INTO changed;
  RETURN changed > 0;
END
$$;

-- One entry of services.json, offered in every city that has the office. What an admin has changed since, offers included, is theirs;
-- else cities and topics that are new count, too. Whether it wrote.
CREATE OR REPLACE FUNCTION import_service(entry jsonb, place integer) RETURNS TABLE (written boolean, faults jsonb)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  was    service;
  spread boolean;
  named  text  := entry ->> 'code';
  asked  jsonb := expanded_questions(coalesce(entry -> 'questions', '[]'));
BEGIN
  SELECT * INTO was FROM service s WHERE s.code = named FOR NO KEY UPDATE;
  faults := nullif(bad_service(entry || jsonb_build_object('questions', asked))
                   || (SELECT coalesce(jsonb_agg(jsonb_build_object('pointer', '/' || n.member, 'code', 'unknown_office')), '[]')
                         FROM (VALUES ('office', '%'), ('region_office', '*')) AS n(member, city)
                        WHERE entry ? n.member
                          AND NOT EXISTS (SELECT FROM office o WHERE o.slug = entry ->> n.member AND n.city IN ('%', o.city))), '[]');
  written := false;
  IF faults IS NULL AND (was.code IS NULL OR was.imported IS NOT NULL) THEN
    INSERT INTO service AS old (code, clientele, category, basis, position, acknowledge_hours, resolve_hours, appointments, imported)
    VALUES (named, entry ->> 'clientele', entry ->> 'category', entry ->> 'basis', place, (entry ->> 'acknowledge_hours')::integer,
            (entry ->> 'resolve_hours')::integer, coalesce((entry ->> 'appointments')::boolean, false), entry)
        ON CONFLICT ON CONSTRAINT service_pkey DO UPDATE
           SET clientele = excluded.clientele, category = excluded.category, basis = excluded.basis, position = excluded.position,
               acknowledge_hours = excluded.acknowledge_hours, resolve_hours = excluded.resolve_hours, appointments = excluded.appointments,
               imported = excluded.imported, updated_at = clock()
         WHERE (old.imported, old.position) <> (excluded.imported, excluded.position);
    written := FOUND;
    PERFORM set_service_version(named, entry -> 'name', coalesce(entry -> 'description', '{}'), asked);
    spread := spread_offers(named, entry ->> 'office', entry ->> 'region_office'); -- by itself: an OR need not call it
    written := written OR spread OR was.version IS DISTINCT FROM (SELECT s.version FROM service s WHERE s.code = named);
  END IF;
  RETURN NEXT;
END
$$;

-- For admins ------------------------------------------------------------------------------------------------------------------------

-- What has a name instead of an id, in the audit.
CREATE OR REPLACE FUNCTION named_subject(kind text, name text) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT md5(kind || ' ' || name)::uuid $$;

-- Who gives the same name at the same moment comes one after the other.
CREATE OR REPLACE FUNCTION lock_for_name(kind text, name text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(kind || ' ' || name, 0));
END
$$;

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
  faults jsonb := bad_service(whole) || bad_times(whole);
BEGIN
  PERFORM require(is_admin(), 'forbidden');
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

-- Call lock_for_service() first. The office stays active meanwhile. Times that the offer leaves open are the service's.
CREATE OR REPLACE FUNCTION set_service_offer(service text, city text, office_city text, office text, acknowledge integer, resolve integer) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  faults jsonb := '[]';
  own    service;
BEGIN
  PERFORM require(is_admin(), 'forbidden');
  SELECT * INTO own FROM service s WHERE s.code = set_service_offer.service;
  PERFORM FROM office o WHERE o.city = set_service_offer.office_city AND o.slug = set_service_offer.office AND o.active FOR SHARE;
  IF NOT FOUND THEN
    faults := faults || '[{"pointer":"/office","code":"unknown_office"}]';
  END IF;
  IF coalesce(acknowledge, own.acknowledge_hours) > resolve THEN
    faults := faults || jsonb_build_object('pointer', '/resolve_hours', 'code', 'too_small', 'limit', coalesce(acknowledge, own.acknowledge_hours)::text);
  ELSIF acknowledge > own.resolve_hours AND resolve IS NULL THEN
    faults := faults || jsonb_build_object('pointer', '/acknowledge_hours', 'code', 'too_large', 'limit', own.resolve_hours::text);
  END IF;
  IF faults <> '[]' THEN
    PERFORM problem('validation_failed', faults);
  END IF;
  INSERT INTO service_offer (service, city, office_city, office, acknowledge_hours, resolve_hours)
  VALUES (set_service_offer.service, set_service_offer.city, set_service_offer.office_city, set_service_offer.office, acknowledge, resolve)
      ON CONFLICT ON CONSTRAINT service_offer_pkey DO UPDATE
         SET office_city = excluded.office_city, office = excluded.office, acknowledge_hours = excluded.acknowledge_hours,
             resolve_hours = excluded.resolve_hours;
  UPDATE service s SET imported = NULL, updated_at = clock() WHERE s.code = set_service_offer.service;
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
  UPDATE service s SET imported = NULL, updated_at = clock() WHERE s.code = delete_service_offer.service;
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
  SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('pointer', '/closures/' || x.n - 1 || '/last_on', 'code', x.code, 'limit', CASE x.code
                                                WHEN 'not_before' THEN x.first_on::text WHEN 'lasts_too_long' THEN '367' END)) ORDER BY x.n), '[]')
    FROM (SELECT c.n, c.first_on, CASE WHEN c.last_on < c.first_on THEN 'not_before' WHEN c.last_on - c.first_on > 366 THEN 'lasts_too_long'
                           WHEN EXISTS (SELECT FROM jsonb_array_elements(closures) WITH ORDINALITY AS o(closure, n)
                                         WHERE o.n < c.n AND (o.closure ->> 'first_on')::date <= c.last_on AND (o.closure ->> 'last_on')::date >= c.first_on)
                           THEN 'overlapping_days' END AS code
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
  IF (whole ->> 'left_on')::date < coalesce((whole ->> 'joined_on')::date, today()) THEN
    faults := faults || jsonb_build_object('pointer', '/left_on', 'code', 'not_before', 'limit', coalesce(whole ->> 'joined_on', today()::text));
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
