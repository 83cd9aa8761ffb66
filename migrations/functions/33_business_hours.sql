-- SPDX-License-Identifier: EUPL-1.2
-- The clock of service requests: it runs while the office is open by the clocks on the wall, not on holidays of the region nor on days
-- the office is closed; and who stands in for whom. Slots that begin on such a day do not count, what runs over midnight into one does.

-- What an office works of which nobody knows the hours.
CREATE OR REPLACE FUNCTION usual_hours() RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN '[{"slots": [{"opens": "09:00", "closes": "17:00"}]}, {"slots": [{"opens": "09:00", "closes": "17:00"}]},
           {"slots": [{"opens": "09:00", "closes": "17:00"}]}, {"slots": [{"opens": "09:00", "closes": "17:00"}]},
           {"slots": [{"opens": "09:00", "closes": "17:00"}]}, {}, {}]';
END
$$;

-- Business hours between two moments, seen from a third: within 400 days of it those of the office, or the usual ones where its week has
-- none; farther away the usual ones, so that an office closed for years keeps nobody waiting for years.
CREATE OR REPLACE FUNCTION business_times(city text, office text, first timestamptz, last timestamptz, seen_from timestamptz)
RETURNS tstzmultirange
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  near    tstzrange := tstzrange(seen_from - interval '9600 hours', seen_from + interval '9600 hours');
  from_on date      := (first AT TIME ZONE 'Europe/Berlin')::date - 1;
  to_on   date      := (last AT TIME ZONE 'Europe/Berlin')::date;
  off     date[]    := holidays_between(from_on, to_on);
  hours   jsonb     := (SELECT o.opening_hours FROM office o WHERE o.city = business_times.city AND o.slug = business_times.office);
  closed  date[]    := ARRAY(SELECT greatest(c.first_on, from_on) + n
                               FROM office_closure c
                              CROSS JOIN generate_series(0, least(c.last_on, to_on) - greatest(c.first_on, from_on)) AS n
                              WHERE c.city = business_times.city AND c.office = business_times.office);
  times   tstzmultirange;
BEGIN
  times := open_times(hours, false, off || closed, from_on, to_on);
  IF times IS NULL AND open_times(hours, true, '{}', date '2001-01-01', date '2001-01-07') IS NULL THEN
    times := open_times(usual_hours(), false, off || closed, from_on, to_on);
  END IF;
  IF NOT near @> tstzrange(first, last) THEN
    times := coalesce(times * near::tstzmultirange, '{}')
             + coalesce(open_times(usual_hours(), false, off, from_on, to_on) - near::tstzmultirange, '{}');
  END IF;
  RETURN coalesce(times * tstzrange(first, last)::tstzmultirange, '{}');
END
$$;

-- The moment when so many minutes of business hours have passed since the start, the first of several; below zero: from which they pass
-- until the start, the last of several; for zero the start itself. More than ten thousand hours count as so many.
CREATE OR REPLACE FUNCTION business_time_after(city text, office text, start timestamptz, minutes integer) RETURNS timestamptz
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  direction integer     := sign(minutes);
  missing   float8      := 60 * least(abs(minutes::float8), 600000);
  days      integer     := least(4 + missing / 18000, 400); -- few offices are open less than five hours a day, weekends included
  edge      timestamptz := start;
  next      timestamptz;
  slot      tstzrange;
  seconds   float8;
BEGIN
  WHILE missing > 0 AND abs(extract(epoch FROM edge - start)) < 3650 * 86400 LOOP
    next := edge + direction * make_interval(hours => 24 * days);
    FOR slot IN SELECT r FROM unnest(business_times(city, office, least(edge, next), greatest(edge, next), start)) AS r
                 ORDER BY direction * extract(epoch FROM lower(r)) LOOP
      seconds := extract(epoch FROM upper(slot) - lower(slot));
      IF seconds >= missing THEN
        RETURN CASE direction WHEN 1 THEN lower(slot) ELSE upper(slot) END + direction * make_interval(secs => missing);
      END IF;
      missing := missing - seconds;
    END LOOP;
    edge := next;
    days := least(2 * days, 400);
  END LOOP;
  RETURN edge;
END
$$;

-- Whole minutes of business hours that have passed since the first moment; below zero where the last lies before it. Ten years at most.
CREATE OR REPLACE FUNCTION business_minutes_between(city text, office text, first timestamptz, last timestamptz) RETURNS integer
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  until timestamptz := least(greatest(last, first - interval '87600 hours'), first + interval '87600 hours');
BEGIN
  RETURN (
    SELECT coalesce(trunc(sum(extract(epoch FROM upper(r) - lower(r))) / 60), 0) * CASE WHEN until < first THEN -1 ELSE 1 END
      FROM unnest(business_times(city, office, least(first, until), greatest(first, until), first)) AS r);
END
$$;

CREATE OR REPLACE FUNCTION is_away(account uuid, day date DEFAULT today()) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM staff_absence a WHERE a.account = is_away.account AND day BETWEEN a.first_on AND a.last_on);
END
$$;

-- Who is there for somebody away: the deputy, or that one's deputy, and so on, ten at most; nobody where that leads to nobody.
CREATE OR REPLACE FUNCTION deputy_of(account uuid, day date DEFAULT today()) RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  person uuid := account;
BEGIN
  FOR step IN 1..10 LOOP
    person := (SELECT a.deputy FROM staff_absence a
                WHERE a.account = person AND day BETWEEN a.first_on AND a.last_on AND a.deputy IS NOT NULL
                ORDER BY a.first_on DESC LIMIT 1);
    EXIT WHEN person IS NULL;
    IF NOT is_away(person, day) THEN
      RETURN person;
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
