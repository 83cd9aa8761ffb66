-- SPDX-License-Identifier: EUPL-1.2
-- Appointments: booked, moved, cancelled under the locks of their request and then of their slots by id; what is told of them.

-- Who comes so far has the request locked.
CREATE OR REPLACE FUNCTION lock_for_appointment(request uuid, appointment uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM lock_for_service_request(lock_for_appointment.request);
  PERFORM require(EXISTS (SELECT FROM appointment a
                           WHERE a.id = lock_for_appointment.appointment AND a.request = lock_for_appointment.request
                             AND (a.requester_account = me() OR a.city = ANY (my_advised()))), 'not_found');
END
$$;

-- The office that has the request and offers this slot, which is locked; says precisely why it cannot be had.
CREATE OR REPLACE FUNCTION office_for_slot(request uuid, s consultation_slot) RETURNS service_request_office
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  o service_request_office;
BEGIN
  SELECT x.* INTO o FROM service_request_office x
   WHERE x.request = office_for_slot.request AND x.left_at IS NULL AND x.city = s.city AND x.office = s.office
     AND (x.requester_account = me() OR x.city = ANY (my_advised()));
  IF o.id IS NULL OR NOT is_offered(s) THEN
    PERFORM problem('validation_failed', '[{"pointer":"/slot","code":"unknown_slot"}]');
  ELSIF NOT (SELECT v.appointments FROM service_request r JOIN service v ON v.code = r.service WHERE r.id = o.request) THEN
    PERFORM problem('conflict_state', '[{"code":"no_appointments"}]');
  ELSIF o.state NOT IN ('submitted', 'acknowledged', 'in_progress', 'waiting_for_requester') THEN
    PERFORM problem('conflict_state');
  ELSIF s.starts_at < clock() + interval '2 hours' THEN
    PERFORM problem('validation_failed', '[{"pointer":"/slot","code":"too_soon"}]');
  END IF;
  RETURN o;
END
$$;

CREATE OR REPLACE FUNCTION appointment_made() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  s consultation_slot;
  o service_request_office;
BEGIN
  IF NEW.time_zone <> 'Europe/Berlin' AND NOT EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = NEW.time_zone) THEN
    PERFORM problem('validation_failed', '[{"pointer":"/time_zone","code":"unknown_time_zone"}]');
  END IF;
  UPDATE appointment a SET state = 'past' WHERE a.request = NEW.request AND a.state = 'booked' AND a.ends_at <= clock();
  SELECT x.* INTO s FROM consultation_slot x WHERE x.id = NEW.slot FOR NO KEY UPDATE;
  o := office_for_slot(NEW.request, s);
  PERFORM require(NOT EXISTS (SELECT FROM appointment a WHERE a.office_row = o.id AND a.state = 'booked'), 'already_booked');
  PERFORM require(NOT is_taken(s.id), 'slot_taken');
  NEW.requester_account := o.requester_account;
  NEW.office_row := o.id;
  NEW.city := o.city;
  NEW.office := o.office;
  NEW.starts_at := s.starts_at;
  NEW.ends_at := s.ends_at;
  RETURN NEW;
END
$$;

-- The slot it is moved to, at the same office; the old one is free again.
CREATE OR REPLACE FUNCTION slot_for_move(appointment uuid, slot uuid) RETURNS consultation_slot
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  a appointment;
  s consultation_slot;
  o service_request_office;
BEGIN
  SELECT x.* INTO a FROM appointment x WHERE x.id = slot_for_move.appointment;
  PERFORM require(a.state = 'booked' AND a.starts_at > clock(), 'conflict_state');
  PERFORM FROM consultation_slot x WHERE x.id IN (a.slot, slot_for_move.slot) ORDER BY x.id FOR NO KEY UPDATE;
  SELECT x.* INTO s FROM consultation_slot x WHERE x.id = slot_for_move.slot;
  o := office_for_slot(a.request, s);
  IF o.id <> a.office_row THEN
    PERFORM problem('validation_failed', '[{"pointer":"/slot","code":"other_office"}]');
  END IF;
  PERFORM require(NOT is_taken(s.id), 'slot_taken');
  RETURN s;
END
$$;

-- The same again is the same; otherwise decided it is refused.
CREATE OR REPLACE FUNCTION appointment_before() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  who text[] := service_actors(OLD.requester_account);
  s   consultation_slot;
BEGIN
  IF (NEW.state, NEW.slot) = (OLD.state, OLD.slot) THEN
    PERFORM require(NEW.reason IS NOT DISTINCT FROM OLD.reason, 'conflict_state');
    RETURN OLD;
  ELSIF NEW.slot <> OLD.slot THEN
    s := slot_for_move(OLD.id, NEW.slot);
    NEW.starts_at := s.starts_at;
    NEW.ends_at := s.ends_at;
    NEW.moved_from := OLD.slot;
    NEW.moved_at := clock();
    NEW.reminded_at := NULL;
  ELSIF NEW.state = 'cancelled' THEN
    PERFORM require(OLD.starts_at > clock() OR 'system' = ANY (who), 'conflict_state');
    NEW.cancelled_at := clock();
    NEW.cancelled_by := who[1];
  ELSE
    PERFORM require(OLD.ends_at <= clock(), 'conflict_state');
  END IF;
  NEW.sequence := OLD.sequence + (NEW.state IN ('booked', 'cancelled'))::integer;
  NEW.changed_at := clock();
  RETURN NEW;
END
$$;

-- Both are told, and an advisor who has no longer to come; of what is rejected as spam the asker learns nothing.
CREATE OR REPLACE FUNCTION mail_appointment(kind text, a appointment, moved_from uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  spam   boolean := (SELECT o.rejected_as = 'spam' FROM service_request_office o WHERE o.id = a.office_row);
  person uuid    := (SELECT s.advisor FROM consultation_slot s WHERE s.id = a.slot);
  before uuid    := (SELECT s.advisor FROM consultation_slot s WHERE s.id = mail_appointment.moved_from);
BEGIN
  IF spam IS NOT TRUE THEN
    PERFORM mail('appointment_' || kind, a.requester_account, 'appointment', a.id);
  END IF;
  IF before <> person THEN
    PERFORM mail('appointment_cancelled_staff', before, 'appointment', a.id);
    kind := 'booked';
  END IF;
  PERFORM mail('appointment_' || kind || '_staff', person, 'appointment', a.id);
END
$$;

CREATE OR REPLACE FUNCTION appointment_after() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  who   text := CASE WHEN pg_trigger_depth() > 1 OR session_user <> 'welcome' THEN 'system'
                     WHEN me() = NEW.requester_account THEN 'requester' ELSE 'staff' END;
  moved uuid := CASE WHEN TG_OP = 'UPDATE' THEN nullif(OLD.slot, NEW.slot) END;
  kind  text := CASE WHEN TG_OP = 'INSERT' THEN 'booked' WHEN moved IS NOT NULL THEN 'moved' ELSE NEW.state END;
BEGIN
  IF kind IN ('booked', 'moved', 'cancelled') THEN
    INSERT INTO service_event (id, request, office_row, kind, public, by, actor, text, detail)
    VALUES (uuid_v7(), NEW.request, NEW.office_row, kind, true, who, CASE WHEN who <> 'system' THEN me() END,
            CASE kind WHEN 'cancelled' THEN NEW.reason END,
            jsonb_build_object('appointment', NEW.id, 'starts_at', rfc3339(NEW.starts_at)));
    PERFORM mail_appointment(kind, NEW, moved);
  END IF;
  IF who = 'staff' THEN
    PERFORM record('appointment_' || kind, 'service_request', NEW.request, nullif(NEW.city, '*'));
  END IF;
  RETURN NULL;
END
$$;

-- The request has left the office or ended there: what was agreed upon with it is off.
CREATE OR REPLACE FUNCTION service_office_left() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  UPDATE appointment a SET state = 'cancelled' WHERE a.office_row = NEW.id AND a.state = 'booked' AND a.starts_at > clock();
  RETURN NULL;
END
$$;

-- Appointments as the asker and the advisors of that city see them, in their order.
CREATE OR REPLACE FUNCTION appointments_told(appointments uuid[], reader text[])
RETURNS TABLE (id uuid, state text, service_request jsonb, office jsonb, advisor jsonb, slot uuid, starts_at timestamptz, ends_at timestamptz,
               time_zone text, requester_time_zone text, place text, video_link text, languages text[], reason text, cancelled_by text,
               booked_at timestamptz, moved_at timestamptz, cancelled_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT a.id, a.state, jsonb_build_object('id', a.request, 'reference', r.reference), office_told(a.city, a.office, reader),
         jsonb_build_object('id', CASE WHEN a.city = ANY (my_advised()) THEN s.advisor END, 'display_name', p.display_name), a.slot,
         a.starts_at, a.ends_at, 'Europe/Berlin', a.time_zone, s.place, s.video_link, s.languages, a.reason, a.cancelled_by, a.booked_at,
         a.moved_at, a.cancelled_at
    FROM appointment a
    JOIN service_request r ON r.id = a.request
    JOIN consultation_slot s ON s.id = a.slot
    LEFT JOIN account p ON p.id = s.advisor
   WHERE a.id = ANY (appointments) AND a.request = coalesce(task(), a.request)
     AND (a.requester_account = me() OR a.city = ANY (my_advised()))
   ORDER BY a.starts_at, a.id
$$;

CREATE OR REPLACE FUNCTION appointments_of(request uuid, reader text[]) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(to_jsonb(t) || jsonb_build_object(
             'starts_at', rfc3339(t.starts_at), 'ends_at', rfc3339(t.ends_at), 'booked_at', rfc3339(t.booked_at),
             'moved_at', rfc3339(t.moved_at), 'cancelled_at', rfc3339(t.cancelled_at)) ORDER BY t.starts_at, t.id), '[]')
      FROM appointments_told(ARRAY(SELECT a.id FROM appointment a WHERE a.request = appointments_of.request), reader) t);
END
$$;

-- The entry in a calendar. stamped_at: now, since DTSTAMP beside METHOD says when it was written (RFC 5545 §3.8.7.2).
CREATE OR REPLACE FUNCTION appointment_entry(a appointment, reader text[])
RETURNS TABLE (uid text, sequence text, summary text, description text, location text, starts_at text, ends_at text, created_at text,
               changed_at text, stamped_at text, organizer text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT 'welcomed-appointment-' || a.id, a.sequence::text, title_in(v.name, reader) || ' · ' || title_in(o.name, reader),
         concat_ws(E'\n', r.reference, s.video_link),
         coalesce(s.place, s.video_link, o.address), rfc3339(a.starts_at), rfc3339(a.ends_at), rfc3339(a.booked_at), rfc3339(a.changed_at),
         rfc3339(clock()), title_in(o.name, reader)
    FROM service_request r
    JOIN service_version v ON v.service = r.service AND v.version = r.version
    JOIN office o ON o.city = a.city AND o.slug = a.office
    JOIN consultation_slot s ON s.id = a.slot
   WHERE r.id = a.request
$$;

-- What a mail about it says, as it is when it is sent; null when its time is over, or it is not true any more. Who had it before the move
-- is told the end of that slot.
CREATE OR REPLACE FUNCTION appointment_mail(template text, reader uuid, appointment uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT jsonb_build_object(
           'display_name', CASE WHEN w.staff THEN p.display_name ELSE r.contact_name END,
           'other_name', CASE WHEN w.staff THEN r.contact_name ELSE v.display_name END,
           'reference', r.reference, 'office', e.organizer, 'reason', a.reason,
           'starts_at', local_time(s.starts_at AT TIME ZONE 'Europe/Berlin'),
           'local_at', CASE WHEN a.time_zone <> 'Europe/Berlin' THEN local_time(s.starts_at AT TIME ZONE a.time_zone) END,
           'time_zone', a.time_zone,
           'minutes', (extract(epoch FROM s.ends_at - s.starts_at) / 60)::integer::text,
           'place', coalesce(s.place, CASE WHEN s.video_link IS NULL THEN o.address END), 'video_link', s.video_link,
           'calendar', to_jsonb(e) || jsonb_build_object('method', CASE WHEN w.ended THEN 'CANCEL' ELSE 'REQUEST' END, 'state', a.state,
                                                         'request', a.request, 'attendee',
                                                         CASE WHEN w.staff THEN p.display_name ELSE r.contact_name END))
    FROM appointment a
    JOIN service_request r ON r.id = a.request
    JOIN office o ON o.city = a.city AND o.slug = a.office
    JOIN account p ON p.id = appointment_mail.reader
   CROSS JOIN LATERAL (SELECT template LIKE '%\_staff' AS staff, template LIKE 'appointment\_cancelled%' AS ended) w
   CROSS JOIN LATERAL (SELECT x.* FROM consultation_slot x
                        WHERE x.id IN (a.slot, a.moved_from)
                        ORDER BY w.ended AND w.staff AND x.advisor = p.id DESC NULLS LAST, x.id = a.slot DESC
                        LIMIT 1) s
    LEFT JOIN account v ON v.id = s.advisor
   CROSS JOIN LATERAL appointment_entry(a, ARRAY[mail_language_of(p.language), 'en', 'de']) e
   WHERE a.id = appointment_mail.appointment
     AND CASE WHEN w.ended THEN a.state = 'cancelled' OR w.staff AND s.id <> a.slot
              ELSE a.state = 'booked' AND a.ends_at > clock() AND (NOT w.staff OR s.advisor = p.id) END
$$;

-- Once, a day ahead; who has booked later than that knows it.
CREATE OR REPLACE FUNCTION remind_of_appointments() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  a        record;
  reminded integer := 0;
BEGIN
  FOR a IN UPDATE appointment x SET reminded_at = clock()
            WHERE x.id IN (SELECT y.id FROM appointment y
                            WHERE y.state = 'booked' AND y.reminded_at IS NULL AND y.starts_at > clock()
                              AND y.starts_at <= clock() + interval '24 hours'
                              AND coalesce(y.moved_at, y.booked_at) < y.starts_at - interval '24 hours'
                            ORDER BY y.starts_at LIMIT 50 FOR NO KEY UPDATE SKIP LOCKED)
           RETURNING x.* LOOP
    PERFORM mail('appointment_reminder', a.requester_account, 'appointment', a.id);
    reminded := reminded + 1;
  END LOOP;
  RETURN reminded;
END
$$;

-- Over: the asker may book again; the advisor says whether they met.
CREATE OR REPLACE FUNCTION end_appointments() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  due   uuid[] := ARRAY(SELECT a.id FROM appointment a
                         WHERE a.state = 'booked' AND a.starts_at <= clock() AND a.ends_at <= clock() ORDER BY a.starts_at LIMIT 50);
  ended integer;
BEGIN
  PERFORM lock_service_requests(ARRAY(SELECT a.request FROM appointment a WHERE a.id = ANY (due)));
  UPDATE appointment a SET state = 'past' WHERE a.id = ANY (due) AND a.state = 'booked' AND a.ends_at <= clock();
  GET DIAGNOSTICS ended = ROW_COUNT;
  RETURN ended;
END
$$;

-- Times of long ago that nobody came to; the others go with their requests.
CREATE OR REPLACE FUNCTION clean_slots() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  cleaned integer;
BEGIN
  DELETE FROM consultation_slot s
   WHERE s.id IN (SELECT d.id FROM due_slots d LIMIT 100);
  GET DIAGNOSTICS cleaned = ROW_COUNT;
  RETURN cleaned;
END
$$;
