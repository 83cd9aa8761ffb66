-- SPDX-License-Identifier: EUPL-1.2
-- Places: where they are found, and when they are open by the clocks and holidays of the region.

-- A current slug in any language, or an id, of what is no article: in the reader's city first, then the region's, then in the other
-- cities, since their places and events can be gone to from here.
CREATE OR REPLACE FUNCTION thing_of(kind text, name text, city text, languages text[]) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT c.id
      FROM (SELECT s.content, s.language FROM content_slug s WHERE s.slug = lower(name) AND s.current
            UNION ALL
            SELECT CASE WHEN name ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN name::uuid END, NULL) found
      JOIN content c ON c.id = found.content AND c.kind = thing_of.kind AND c.shown
     ORDER BY c.city IS DISTINCT FROM thing_of.city, c.city IS NOT NULL, array_position(thing_of.languages, found.language) NULLS LAST, c.id
     LIMIT 1);
END
$$;

-- Where a slug leads that nothing of this kind has any more.
CREATE OR REPLACE FUNCTION thing_moved(kind text, name text, city text, languages text[]) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT now.slug
      FROM content_slug s
      JOIN content c ON c.id = s.content AND c.kind = thing_moved.kind AND c.shown
      JOIN translation now ON now.content = s.content AND now.language = s.language
     WHERE s.slug = lower(name)
       AND NOT s.current
     ORDER BY c.city IS DISTINCT FROM thing_moved.city, c.city IS NOT NULL, array_position(thing_moved.languages, s.language) NULLS LAST, c.id
     LIMIT 1);
END
$$;

-- Metres on a sphere, good to half a percent (haversine formula).
CREATE OR REPLACE FUNCTION distance_m(latitude_a float8, longitude_a float8, latitude_b float8, longitude_b float8) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT 2 * 6371008.8 * asin(least(1, sqrt(power(sind((latitude_b - latitude_a) / 2), 2)
                                            + cosd(latitude_a) * cosd(latitude_b) * power(sind((longitude_b - longitude_a) / 2), 2))))
$$;

-- A moment by the clocks on the wall: of an hour that comes twice the first, of one that is left out as many hours after midnight as if
-- it were not (RFC 5545 §3.3.5).
CREATE OR REPLACE FUNCTION in_berlin(wall timestamp) RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  found timestamptz := wall AT TIME ZONE 'Europe/Berlin';
BEGIN
  RETURN CASE WHEN (found - interval '1 hour') AT TIME ZONE 'Europe/Berlin' = wall THEN found - interval '1 hour' ELSE found END;
END
$$;

-- The holidays that opening_at() looks at today.
CREATE OR REPLACE FUNCTION coming_holidays() RETURNS date[] LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  today date := (clock() AT TIME ZONE 'Europe/Berlin')::date;
BEGIN
  RETURN holidays_between(today - 1, today + 22);
END
$$;

-- Opening hours as they are stored: every day whole. A day without hours is closed.
CREATE OR REPLACE FUNCTION opening_hours_of(hours jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN (
    SELECT jsonb_agg(jsonb_build_object(
             'closed', d.slots = '[]' AND NOT d.all_day AND NOT d.appointment_only,
             'all_day', d.all_day, 'appointment_only', d.appointment_only, 'slots', d.slots) ORDER BY d.n)
      FROM (SELECT e.n, coalesce(e.day -> 'slots', '[]') AS slots, coalesce((e.day ->> 'all_day')::boolean, false) AS all_day,
                   coalesce((e.day ->> 'appointment_only')::boolean, false) AS appointment_only
              FROM jsonb_array_elements(hours) WITH ORDINALITY AS e(day, n)) d);
END
$$;

-- What the form of opening hours cannot say: a day is one thing, and none begins before the one before has ended, not even Monday's
-- first before what Sunday's last runs into. Hours that end at or before their beginning end on the next day.
CREATE OR REPLACE FUNCTION refuse_bad_hours(hours jsonb) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  faults jsonb;
BEGIN
  WITH day AS (
    SELECT d.n::integer - 1 AS n, d.entry ->> 'all_day' = 'true' AS all_day, coalesce(d.entry -> 'slots', '[]') AS slots,
           (SELECT count(*) FROM unnest(ARRAY['closed', 'all_day', 'appointment_only']) AS w WHERE d.entry ->> w = 'true') AS words,
           d.entry ->> 'appointment_only' = 'true' AS appointment_only
      FROM jsonb_array_elements(hours) WITH ORDINALITY AS d(entry, n)
  ), slot AS ( -- in minutes from the beginning of the week
    SELECT d.n, s.n::integer - 1 AS m, 1440 * d.n + w.opens AS opens, 1440 * d.n + w.closes + CASE WHEN w.closes <= w.opens THEN 1440 ELSE 0 END AS closes
      FROM day d
     CROSS JOIN jsonb_array_elements(d.slots) WITH ORDINALITY AS s(slot, n)
     CROSS JOIN LATERAL (SELECT extract(epoch FROM (s.slot ->> 'opens')::time)::integer / 60 AS opens,
                                extract(epoch FROM (s.slot ->> 'closes')::time)::integer / 60 AS closes) w
     WHERE d.all_day IS NOT TRUE
     UNION ALL
    SELECT d.n, NULL, 1440 * d.n, 1440 * (d.n + 1) FROM day d WHERE d.all_day
  ), follow AS (
    SELECT s.n, s.m, s.opens, lag(s.closes) OVER (ORDER BY s.n, s.m) AS before, max(s.closes) OVER () - 10080 AS from_sunday FROM slot s
  )
  SELECT jsonb_agg(jsonb_build_object('pointer', '/opening_hours/' || f.n || coalesce('/slots/' || f.m, ''), 'code', f.code) ORDER BY f.n, f.m)
    INTO faults
    FROM (SELECT d.n, NULL::integer AS m, 'contradictory_hours' AS code FROM day d
           WHERE d.words > 1 OR (d.words = 1 AND d.slots <> '[]' AND d.appointment_only IS NOT TRUE)
           UNION ALL
          SELECT o.n, o.m, 'overlapping_hours' FROM follow o WHERE o.opens < o.before OR o.opens < o.from_sunday) f;
  IF faults IS NOT NULL THEN
    PERFORM problem('validation_failed', faults);
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION place_hours() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM refuse_bad_hours(NEW.opening_hours);
  NEW.opening_hours := opening_hours_of(NEW.opening_hours);
  RETURN NEW;
END
$$;

-- When a place is open between two days, its own included: slots of a holiday do not count unless it opens then, what runs over
-- midnight into one does. Visits by appointment only are no opening.
CREATE OR REPLACE FUNCTION open_times(hours jsonb, on_holidays boolean, holidays date[], first date, last date) RETURNS tstzmultirange
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (
    SELECT range_agg(tstzrange(m.opens, m.closes))
      FROM generate_series(0, last - first) AS n
     CROSS JOIN LATERAL (SELECT first + n AS day, hours -> extract(isodow FROM first + n)::integer - 1 AS entry) d
     CROSS JOIN LATERAL (
             SELECT d.day + time '00:00' AS opens, d.day + 1 + time '00:00' AS closes
              WHERE (d.entry ->> 'all_day')::boolean
              UNION ALL
             SELECT d.day + h.opens, d.day + h.closes + CASE WHEN h.closes <= h.opens THEN interval '1 day' ELSE interval '0' END
               FROM jsonb_array_elements(d.entry -> 'slots') AS s
              CROSS JOIN LATERAL (SELECT (s ->> 'opens')::time AS opens, (s ->> 'closes')::time AS closes) h
              WHERE (d.entry ->> 'appointment_only')::boolean IS NOT TRUE) w
     CROSS JOIN LATERAL (SELECT in_berlin(w.opens) AS opens, in_berlin(w.closes) AS closes) m
     WHERE (on_holidays OR d.day <> ALL (holidays))
       AND m.opens < m.closes); -- else it lies in the hour that is left out in March
END
$$;

-- Whether visitors can come in now; null where that is not known or needs an appointment.
CREATE OR REPLACE FUNCTION open_at(place place, at timestamptz, holidays date[]) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  today date := (at AT TIME ZONE 'Europe/Berlin')::date;
BEGIN
  RETURN CASE
    WHEN place.temporarily_closed THEN false
    WHEN place.opening_hours IS NULL THEN NULL
    WHEN open_times(place.opening_hours, place.open_on_holidays, holidays, today - 1, today) @> at THEN true
    WHEN (place.opening_hours -> extract(isodow FROM today)::integer - 1 ->> 'appointment_only')::boolean THEN NULL
    ELSE false END;
END
$$;

-- The same with words, and when it changes. Two holidays in a row on its only day leave a place closed for three weeks; open for longer
-- than that is always open.
CREATE OR REPLACE FUNCTION opening_at(place place, at timestamptz, holidays date[], OUT state text, OUT open_now boolean, OUT opens_at timestamptz,
                                      OUT closes_at timestamptz)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  today   date := (at AT TIME ZONE 'Europe/Berlin')::date;
  times   tstzmultirange;
  current tstzrange;
BEGIN
  IF place.temporarily_closed THEN
    state := 'temporarily_closed';
    open_now := false;
  ELSIF place.opening_hours IS NULL THEN
    state := CASE place.appointment WHEN 'required' THEN 'by_appointment' ELSE 'unknown' END;
  ELSE
    times := open_times(place.opening_hours, place.open_on_holidays, holidays, today - 1, today + 22);
    SELECT r INTO current FROM unnest(times) AS r WHERE r @> at;
    IF current IS NOT NULL THEN
      state := 'open';
      open_now := true;
      closes_at := CASE WHEN upper(current) < in_berlin(today + 22 + time '00:00') THEN upper(current) END;
    ELSE
      opens_at := (SELECT min(lower(r)) FROM unnest(times) AS r WHERE lower(r) > at);
      state := 'closed';
      open_now := false;
      IF (place.opening_hours -> extract(isodow FROM today)::integer - 1 ->> 'appointment_only')::boolean THEN
        state := 'by_appointment';
        open_now := NULL;
      END IF;
    END IF;
  END IF;
END
$$;
