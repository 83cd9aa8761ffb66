-- SPDX-License-Identifier: EUPL-1.2
-- Events: their occurrences as the program worked them out, and what is told of them.

-- A time on the wall as the API says it.
CREATE OR REPLACE FUNCTION local_time(wall timestamp) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT to_char(wall, 'YYYY-MM-DD"T"HH24:MI') $$;

CREATE OR REPLACE FUNCTION local_times(walls timestamp[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT coalesce(array_agg(local_time(w.wall) ORDER BY w.n), '{}') FROM unnest(walls) WITH ORDINALITY AS w(wall, n) $$;

-- What an expansion follows from, as the program takes it.
CREATE OR REPLACE FUNCTION event_times(e event) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT jsonb_build_object('starts', local_time(e.starts), 'ends', local_time(e.ends), 'all_day', e.all_day, 'rrule', e.rrule,
                            'exdates', local_times(e.exdates))
$$;

-- Other times, other occurrences: the old ones are gone at once, so that none is ever shown that is not by the rule. Whoever does not
-- bring the new ones along leaves them to the job.
CREATE OR REPLACE FUNCTION event_before() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  IF event_times(NEW) <> event_times(OLD) THEN
    DELETE FROM occurrence o WHERE o.event = NEW.content;
    NEW.expanded_to := '-infinity';
  END IF;
  RETURN NEW;
END
$$;

-- The end is that of the clock on the wall, too. Where that comes before the beginning (an hour is left out between) the time counts
-- that goes by.
CREATE OR REPLACE FUNCTION occurrence_end(starts_at timestamptz, ends timestamp, lasts interval) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN in_berlin(ends) > starts_at THEN in_berlin(ends) ELSE starts_at + lasts END $$;

-- Makes the event's occurrences those that begin at these local times. Two that fall together in the hour that is left out are one.
CREATE OR REPLACE FUNCTION set_occurrences(event uuid, starts timestamp[], expanded_to date) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  e event;
BEGIN
  PERFORM require(session_user <> 'welcome'
                  OR EXISTS (SELECT FROM content c WHERE c.id = set_occurrences.event AND c.desk = ANY (my_desks())), 'not_found');
  SELECT x.* INTO e FROM event x WHERE x.content = set_occurrences.event FOR NO KEY UPDATE;
  DELETE FROM occurrence o
   WHERE o.event = e.content
     AND NOT EXISTS (SELECT FROM unnest(set_occurrences.starts) AS s(wall) WHERE in_berlin(s.wall) = o.starts_at);
  INSERT INTO occurrence AS old (event, starts_at, ends_at)
  SELECT DISTINCT ON (w.starts_at) e.content, w.starts_at, occurrence_end(w.starts_at, w.wall + (e.ends - e.starts), e.ends - e.starts)
    FROM (SELECT s.wall, in_berlin(s.wall) AS starts_at FROM unnest(set_occurrences.starts) AS s(wall)) w
   ORDER BY w.starts_at, w.wall
      ON CONFLICT ON CONSTRAINT occurrence_pkey DO NOTHING;
  UPDATE event x SET expanded_to = set_occurrences.expanded_to WHERE x.content = e.content AND x.expanded_to <> set_occurrences.expanded_to;
END
$$;

-- For the job: series whose horizon has come nearer than 23 months (it is set 24 months ahead, so each is looked at once a month), and
-- what nobody expanded. Of the past stays what began in the last five whole years.
CREATE OR REPLACE FUNCTION events_to_expand() RETURNS TABLE (event uuid, times jsonb, first_day text, last_day text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY
  SELECT e.content, event_times(e), (extract(year FROM today()) - 5)::text || '-01-01', (today() + interval '24 months')::date::text
    FROM event e
   WHERE e.expanded_to < today() + interval '23 months'
   ORDER BY e.expanded_to, e.content
   LIMIT 50;
END
$$;

-- Unless somebody changed the times meanwhile: then there is nothing to do with these.
CREATE OR REPLACE FUNCTION extend_occurrences(event uuid, times jsonb, starts timestamp[], expanded_to date) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM FROM event e
    WHERE e.content = extend_occurrences.event AND event_times(e) = extend_occurrences.times
      FOR NO KEY UPDATE;
  IF FOUND THEN
    PERFORM set_occurrences(extend_occurrences.event, extend_occurrences.starts, extend_occurrences.expanded_to);
  END IF;
END
$$;

-- For the import: the occurrences of an event whose times are new. Never a change of their own.
CREATE OR REPLACE FUNCTION import_occurrences(of_key text, starts timestamp[], expanded_to date) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM set_occurrences(e.content, import_occurrences.starts, import_occurrences.expanded_to)
     FROM event e
     JOIN content c ON c.id = e.content
    WHERE c.key = of_key
      AND e.expanded_to = '-infinity';
  RETURN false;
END
$$;

-- For the job: of series what began before the last five whole years. What took place once stays in the archive.
CREATE OR REPLACE FUNCTION clean_occurrences() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  cleaned integer;
BEGIN
  DELETE FROM occurrence o
   WHERE (o.event, o.starts_at) IN (
           SELECT x.event, x.starts_at
             FROM occurrence x
             JOIN event e ON e.content = x.event
            WHERE e.rrule IS NOT NULL
              AND x.starts_at < in_berlin(make_timestamp(extract(year FROM today())::integer - 5, 1, 1, 0, 0, 0))
            ORDER BY x.starts_at
            LIMIT 1000);
  GET DIAGNOSTICS cleaned = ROW_COUNT;
  RETURN cleaned;
END
$$;

-- The earliest beginning of what lasts at that moment: lists need not look further back.
CREATE OR REPLACE FUNCTION first_running(at timestamptz) RETURNS timestamptz LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN least(at - interval '1 day',
               (SELECT min(o.starts_at) FROM occurrence o
                 WHERE o.ends_at - o.starts_at > interval '1 day' AND o.ends_at > at AND o.starts_at < at));
END
$$;

-- The next twenty, one that lasts now included.
CREATE OR REPLACE FUNCTION coming_occurrences(event uuid) RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
             'starts_at', rfc3339(x.starts_at), 'ends_at', rfc3339(x.ends_at),
             'starts', local_time(x.starts_at AT TIME ZONE 'Europe/Berlin'), 'ends', local_time(x.ends_at AT TIME ZONE 'Europe/Berlin'))
             ORDER BY x.starts_at), '[]')
      FROM (SELECT o.starts_at, o.ends_at
              FROM occurrence o
             WHERE o.event = coming_occurrences.event
               AND (o.ends_at > clock() OR o.starts_at >= clock())
             ORDER BY o.starts_at
             LIMIT 20) x);
END
$$;

-- Where it takes place, as far as readers get the place.
CREATE OR REPLACE FUNCTION place_of(place uuid, languages text[]) RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (
    SELECT jsonb_build_object('id', c.id, 'slug', t.slug, 'title', t.title, 'language', t.language,
                              'address', jsonb_build_object('street', p.street, 'postcode', p.postcode, 'town', p.town),
                              'latitude', p.latitude, 'longitude', p.longitude, 'wheelchair', p.wheelchair)
      FROM content c
      JOIN place p ON p.content = c.id
      JOIN translation t ON t.content = c.id
     WHERE c.id = place_of.place
       AND c.shown
     ORDER BY array_position(place_of.languages, t.language) NULLS LAST, t.language
     LIMIT 1);
END
$$;

-- An event as calendars of phones want it. sequence grows with each change of the event itself.
CREATE OR REPLACE FUNCTION event_entry(event uuid, languages text[])
RETURNS TABLE (id uuid, page text, title text, summary text, body_text text, language text, starts text, ends text, all_day boolean,
               rrule text, exdates text, location text, latitude float8, longitude float8, meeting_url text, categories text,
               sequence integer, created_at text, changed_at text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY
  SELECT c.id, url_component(t.slug), t.title, t.summary, text_with_embeds(t.body_text, t.embeds, t.language || event_entry.languages), t.language,
         local_time(e.starts), local_time(e.ends), e.all_day, e.rrule, nullif(array_to_string(local_times(e.exdates), ' '), ''),
         concat_ws(', ', p.place ->> 'title', p.place -> 'address' ->> 'street',
                   nullif(concat_ws(' ', p.place -> 'address' ->> 'postcode', p.place -> 'address' ->> 'town'), '')),
         (p.place ->> 'latitude')::float8, (p.place ->> 'longitude')::float8, e.meeting_url,
         (SELECT string_agg(title_in(k.title, t.language || event_entry.languages), E'\n' ORDER BY array_position(c.topics, k.slug))
            FROM topic k WHERE k.slug = ANY (c.topics)),
         c.version, rfc3339(c.created_at), rfc3339(greatest(c.changed_at, t.published_at))
    FROM content c
    JOIN event e ON e.content = c.id
    JOIN translation t ON t.content = c.id
   CROSS JOIN LATERAL (SELECT place_of(e.place, event_entry.languages) AS place) p
   WHERE c.id = event_entry.event
   ORDER BY array_position(event_entry.languages, t.language) NULLS LAST, t.language
   LIMIT 1;
END
$$;

-- Office and place must be places: one fault for each that is not.
CREATE OR REPLACE FUNCTION refuse_unknown_places(office uuid, place uuid) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  faults jsonb;
BEGIN
  SELECT jsonb_agg(jsonb_build_object('pointer', link.pointer, 'code', 'unknown_place')) INTO faults
    FROM (VALUES ('/office', office), ('/place', place)) AS link(pointer, id)
   WHERE link.id IS NOT NULL
     AND NOT EXISTS (SELECT FROM content c JOIN place p ON p.content = c.id WHERE c.id = link.id);
  IF faults IS NOT NULL THEN
    PERFORM problem('validation_failed', faults);
  END IF;
END
$$;
