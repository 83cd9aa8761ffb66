-- SPDX-License-Identifier: EUPL-1.2
-- Consultation slots: the times advisors offer, made one by one or by a rule, and which of them somebody may still take.

-- An office as appointments name it.
CREATE OR REPLACE FUNCTION office_told(city text, office text, languages text[]) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT jsonb_build_object('city', nullif(o.city, '*'), 'office', o.slug, 'name', title_in(o.name, $3))
    FROM office o WHERE o.city = $1 AND o.slug = $2
$$;

CREATE OR REPLACE FUNCTION is_advisor_of(city text, account uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM staff_role r
                  WHERE r.account = is_advisor_of.account AND r.role = 'advisor' AND r.city IN (is_advisor_of.city, '*'));
END
$$;

-- What a rule of consultation hours asks for: on these days of the week from and to these times by the clocks on the wall, each so many
-- minutes with a break between. Left out: holidays, days the office is closed or the advisor away, what has begun, and a time in which
-- the clocks are changed. Two hundred and one at most.
CREATE OR REPLACE FUNCTION slots_by_rule(city text, office text, advisor uuid, minutes integer, rule jsonb) RETURNS timestamptz[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  lasts CONSTANT interval := make_interval(mins => minutes);
  step  CONSTANT interval := make_interval(mins => minutes + coalesce((rule ->> 'break')::numeric, 0)::integer);
BEGIN
  RETURN ARRAY(
    SELECT in_berlin(t.wall)
      FROM generate_series((rule ->> 'first_day')::timestamp, (rule ->> 'last_day')::timestamp, interval '1 day') AS d(day)
     CROSS JOIN LATERAL generate_series(d.day + (rule ->> 'from')::time, d.day + (rule ->> 'to')::time - lasts, step) AS t(wall)
     WHERE rule -> 'weekdays' @> to_jsonb(extract(isodow FROM d.day)::integer)
       AND NOT is_holiday(d.day::date)
       AND NOT is_away(slots_by_rule.advisor, d.day::date)
       AND NOT EXISTS (SELECT FROM office_closure c
                        WHERE c.city = slots_by_rule.city AND c.office = slots_by_rule.office AND d.day::date BETWEEN c.first_on AND c.last_on)
       AND in_berlin(t.wall) AT TIME ZONE 'Europe/Berlin' = t.wall
       AND in_berlin(t.wall + lasts) = in_berlin(t.wall) + lasts
       AND in_berlin(t.wall) > clock()
     ORDER BY t.wall
     LIMIT 201);
END
$$;

-- Faults of a form beside those its schema tells.
CREATE OR REPLACE FUNCTION slot_faults(form jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  at_city text := coalesce(form #>> '{office,city}', '*');
  rule    jsonb := nullif(form -> 'rule', 'null');
  starts  jsonb := nullif(form -> 'starts_at', 'null');
  latest  CONSTANT date := (today() + interval '6 months')::date;
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('pointer', f.pointer, 'code', f.code, 'limit', f.lim))), '[]')
      FROM (SELECT '/office/city', 'other_city', NULL WHERE at_city <> ALL (my_advised())
            UNION ALL
            SELECT '/office/office', 'unknown_office', NULL
             WHERE NOT EXISTS (SELECT FROM office o WHERE o.city = at_city AND o.slug = form #>> '{office,office}' AND o.active)
            UNION ALL
            SELECT '/advisor', 'unknown_advisor', NULL
             WHERE at_city = ANY (my_advised()) AND NOT is_advisor_of(at_city, coalesce((form ->> 'advisor')::uuid, me()))
            UNION ALL
            SELECT '/starts_at', 'required', NULL WHERE rule IS NULL AND starts IS NULL
            UNION ALL
            SELECT '/rule', 'contradiction', 'starts_at' WHERE rule IS NOT NULL AND starts IS NOT NULL
            UNION ALL
            SELECT '/starts_at/' || (s.n - 1), CASE WHEN s.at::timestamptz <= clock() THEN 'too_small' ELSE 'too_large' END,
                   CASE WHEN s.at::timestamptz <= clock() THEN rfc3339(clock()) ELSE latest::text END
              FROM jsonb_array_elements_text(starts) WITH ORDINALITY AS s(at, n)
             WHERE s.at::timestamptz <= clock() OR s.at::timestamptz >= in_berlin(latest::timestamp + interval '1 day')
            UNION ALL
            SELECT '/rule/last_day', 'too_small', rule ->> 'first_day' WHERE (rule ->> 'last_day')::date < (rule ->> 'first_day')::date
            UNION ALL
            SELECT '/rule/last_day', 'too_large', latest::text WHERE (rule ->> 'last_day')::date > latest
            UNION ALL
            SELECT '/rule/first_day', 'too_small', today()::text WHERE (rule ->> 'first_day')::date < today()
            UNION ALL
            SELECT '/rule/to', 'not_after', rule ->> 'from' WHERE (rule ->> 'to')::time <= (rule ->> 'from')::time
           ) AS f(pointer, code, lim));
END
$$;

-- Which of these times meet one that the advisor offers already, or another of them: named, all of them.
CREATE OR REPLACE FUNCTION refuse_overlaps(advisor uuid, starts timestamptz[], lasts interval, by_rule boolean) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  faults jsonb;
BEGIN
  SELECT jsonb_agg(jsonb_build_object('pointer', CASE WHEN by_rule THEN '/rule' ELSE '/starts_at/' || (n.n - 1) END, 'code', 'slot_overlaps',
                                      'limit', rfc3339(n.at)) ORDER BY n.n) INTO faults
    FROM unnest(starts) WITH ORDINALITY AS n(at, n)
   WHERE EXISTS (SELECT FROM consultation_slot s
                  WHERE s.advisor = refuse_overlaps.advisor AND s.withdrawn_at IS NULL AND s.during && tstzrange(n.at, n.at + lasts))
      OR EXISTS (SELECT FROM unnest(starts) WITH ORDINALITY AS m(at, n) WHERE m.n < n.n AND abs(extract(epoch FROM n.at - m.at)) < extract(epoch FROM lasts));
  IF faults IS NOT NULL THEN
    PERFORM problem('slot_overlaps', faults);
  END IF;
END
$$;

-- Slots as staff see them.
CREATE OR REPLACE FUNCTION slots_told(slots uuid[], reader text[])
RETURNS TABLE (id uuid, office jsonb, advisor jsonb, starts_at timestamptz, ends_at timestamptz, time_zone text, place text, video_link text,
               languages text[], appointment jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT s.id, office_told(s.city, s.office, reader), jsonb_build_object('id', s.advisor, 'display_name', a.display_name), s.starts_at, s.ends_at,
         'Europe/Berlin', s.place, s.video_link, s.languages,
         (SELECT jsonb_build_object('id', b.id, 'state', b.state,
                                    'service_request', jsonb_build_object('id', b.request, 'reference', r.reference))
            FROM appointment b JOIN service_request r ON r.id = b.request WHERE b.slot = s.id AND b.state <> 'cancelled')
    FROM consultation_slot s
    LEFT JOIN account a ON a.id = s.advisor
   WHERE s.id = ANY (slots) AND s.city = ANY (my_advised())
   ORDER BY s.starts_at, s.id
$$;

CREATE OR REPLACE FUNCTION create_slots(form jsonb, reader text[]) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  at_city text    := coalesce(form #>> '{office,city}', '*');
  person  uuid    := coalesce((form ->> 'advisor')::uuid, me());
  minutes integer := (form ->> 'minutes')::numeric;
  faults  jsonb   := slot_faults(form);
  starts  timestamptz[];
  made    uuid[];
BEGIN
  IF faults = '[]' THEN
    starts := CASE WHEN nullif(form -> 'rule', 'null') IS NULL
                   THEN ARRAY(SELECT s::timestamptz FROM jsonb_array_elements_text(form -> 'starts_at') AS s)
                   ELSE slots_by_rule(at_city, form #>> '{office,office}', person, minutes, form -> 'rule') END;
    faults := CASE WHEN cardinality(starts) > 200 THEN '[{"pointer":"/rule","code":"too_many_items","limit":"200"}]'
                   WHEN starts = '{}' THEN '[{"pointer":"/rule","code":"no_slots"}]' ELSE faults END;
  END IF;
  IF faults <> '[]' THEN
    PERFORM problem('validation_failed', faults);
  END IF;
  PERFORM refuse_overlaps(person, starts, make_interval(mins => minutes), nullif(form -> 'rule', 'null') IS NOT NULL);
  WITH new AS (
    INSERT INTO consultation_slot (id, city, office, advisor, during, place, video_link, languages)
    SELECT uuid_v7(), at_city, form #>> '{office,office}', person, tstzrange(s.at, s.at + make_interval(mins => minutes)),
           form ->> 'place', form ->> 'video_link',
           ARRAY(SELECT jsonb_array_elements_text(coalesce(nullif(form -> 'languages', 'null'), '[]')))
      FROM unnest(starts) AS s(at)
    RETURNING id)
  SELECT array_agg(new.id) INTO made FROM new;
  RETURN (
    SELECT jsonb_agg(to_jsonb(t) || jsonb_build_object('starts_at', rfc3339(t.starts_at), 'ends_at', rfc3339(t.ends_at)) ORDER BY t.starts_at, t.id)
      FROM slots_told(made, reader) t);
END
$$;

-- Whether somebody may still take it, but for the time: two hours ahead at least. Whose advisor has left or is away offers nothing.
CREATE OR REPLACE FUNCTION is_offered(s consultation_slot) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN s.withdrawn_at IS NULL
     AND is_advisor_of(s.city, s.advisor)
     AND NOT is_away(s.advisor, (s.starts_at AT TIME ZONE 'Europe/Berlin')::date)
     AND EXISTS (SELECT FROM office o WHERE o.city = s.city AND o.slug = s.office AND o.active);
END
$$;

CREATE OR REPLACE FUNCTION is_taken(slot uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM appointment a WHERE a.slot = is_taken.slot AND a.state <> 'cancelled');
END
$$;

-- What the offices that have the request offer to who asked, or of their own offices to advisors; from a place in the list on.
CREATE OR REPLACE FUNCTION offered_slots(request uuid, spoken text, after_at timestamptz, after_id uuid, most integer, reader text[])
RETURNS TABLE (id uuid, office jsonb, advisor_name text, starts_at timestamptz, ends_at timestamptz, place text, video boolean, languages text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT s.id, office_told(s.city, s.office, reader), a.display_name, s.starts_at, s.ends_at, s.place, s.video_link IS NOT NULL, s.languages
    FROM service_request_office o
    JOIN service_request r ON r.id = o.request
    JOIN service v ON v.code = r.service
    JOIN consultation_slot s ON s.city = o.city AND s.office = o.office
    JOIN account a ON a.id = s.advisor
   WHERE o.request = offered_slots.request AND o.request = coalesce(task(), o.request)
     AND (o.requester_account = me() OR o.city = ANY (my_advised()))
     AND o.state IN ('submitted', 'acknowledged', 'in_progress', 'waiting_for_requester')
     AND v.appointments
     AND s.starts_at >= clock() + interval '2 hours'
     AND (s.starts_at, s.id) > (after_at, after_id)
     AND (spoken IS NULL OR spoken = ANY (s.languages))
     AND is_offered(s) AND NOT is_taken(s.id)
   ORDER BY s.starts_at, s.id
   LIMIT most
$$;

CREATE OR REPLACE FUNCTION lock_for_slot(slot uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM FROM consultation_slot s WHERE s.id = slot AND s.city = ANY (my_advised()) FOR NO KEY UPDATE;
  PERFORM require(FOUND, 'not_found');
END
$$;

-- What somebody comes to is not taken away unseen: the appointment is cancelled first.
CREATE OR REPLACE FUNCTION slot_withdrawn() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM require(NOT is_taken(NEW.id), 'slot_taken');
  RETURN NEW;
END
$$;

-- The advisor is gone: nobody is left to come to.
CREATE OR REPLACE FUNCTION slot_abandoned() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  UPDATE appointment a SET state = 'cancelled' WHERE a.slot = NEW.id AND a.state = 'booked' AND a.starts_at > clock();
  UPDATE consultation_slot s SET withdrawn_at = clock() WHERE s.id = NEW.id AND s.withdrawn_at IS NULL AND NOT is_taken(s.id);
  RETURN NULL;
END
$$;
