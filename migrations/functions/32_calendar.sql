-- SPDX-License-Identifier: EUPL-1.2
-- Days of the calendar. A working day is Monday to Friday and no holiday: the law counts Saturdays among the days on which a period
-- does not end (BGB § 193, AO § 108(3), VwVfG § 31(3)).

-- For all years of the Gregorian calendar: J. Meeus, Astronomical Algorithms, 2nd edition 1998, chapter 8.
CREATE OR REPLACE FUNCTION easter_sunday(year integer) RETURNS date LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  a integer := year % 19;
  b integer := year / 100;
  c integer := year % 100;
  d integer := b / 4;
  e integer := b % 4;
  f integer := (b + 8) / 25;
  g integer := (b - f + 1) / 3;
  h integer := (19 * a + b - d - g + 15) % 30;
  i integer := c / 4;
  k integer := c % 4;
  l integer := (32 + 2 * e + 2 * i - h - k) % 7;
  m integer := (a + 11 * h + 22 * l) / 451;
  n integer := h + l - 7 * m + 114;
BEGIN
  RETURN make_date(year, n / 31, n % 31 + 1);
END
$$;

-- A day that a year lacks (29 February) is no holiday in it.
CREATE OR REPLACE FUNCTION holidays_between(first date, last date) RETURNS date[] LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN ARRAY(
    SELECT DISTINCT d.day
      FROM generate_series(extract(year FROM first)::integer, extract(year FROM last)::integer) AS year
     CROSS JOIN LATERAL (SELECT easter_sunday(year) AS easter OFFSET 0) e -- once a year
      JOIN holiday h ON year BETWEEN coalesce(h.first_year, year) AND coalesce(h.last_year, year)
     CROSS JOIN LATERAL (SELECT coalesce(e.easter + h.easter_offset, make_date(year, h.month, 1) + h.day - 1) AS day) d
     WHERE d.day BETWEEN first AND last
       AND (h.month IS NULL OR h.month = extract(month FROM d.day)));
END
$$;

CREATE OR REPLACE FUNCTION is_holiday(given date) RETURNS boolean LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN given = ANY (holidays_between(given, given));
END
$$;

CREATE OR REPLACE FUNCTION is_working_day(given date) RETURNS boolean LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN extract(isodow FROM given) < 6 AND NOT is_holiday(given);
END
$$;

-- Null where holidays leave no working day within a year.
CREATE OR REPLACE FUNCTION working_day_on_or_after(given date) RETURNS date LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
  FOR ahead IN 0..366 LOOP
    IF is_working_day(given + ahead) THEN
      RETURN given + ahead;
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;

-- The working day so many after the given day, which does not count itself; below zero before it; the day itself for zero.
CREATE OR REPLACE FUNCTION add_working_days(given date, amount integer) RETURNS date LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
  reached date    := given;
  missing integer := abs(amount);
BEGIN
  FOR attempt IN 1..366 + 10 * missing LOOP
    EXIT WHEN missing = 0;
    reached := reached + sign(amount)::integer;
    missing := missing - is_working_day(reached)::integer;
  END LOOP;
  RETURN CASE WHEN missing = 0 THEN reached END;
END
$$;

-- The last day of a period that an event on the given day begins. That day does not count (BGB § 187(1)); weeks and months end on the
-- day of the same name or number, months that lack it on their last (§ 188). Counted backwards for `before-arrival`. `moves`: where the
-- law lets the end wait for a working day (§ 193).
CREATE OR REPLACE FUNCTION last_day_of_period(given date, amount integer, unit text, counted text, last_day text) RETURNS date
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
  steps integer := CASE counted WHEN 'before-arrival' THEN -amount ELSE amount END;
  ends  date    := CASE unit
                     WHEN 'days' THEN given + steps
                     WHEN 'weeks' THEN given + 7 * steps
                     WHEN 'months' THEN (given + make_interval(months => steps))::date
                     WHEN 'working-days' THEN add_working_days(given, steps)
                   END;
BEGIN
  RETURN CASE last_day WHEN 'moves' THEN working_day_on_or_after(ends) ELSE ends END;
END
$$;
