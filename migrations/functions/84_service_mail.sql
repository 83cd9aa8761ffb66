-- SPDX-License-Identifier: EUPL-1.2
-- What mails about service requests say. Those about a request or one of its events are for who asked; of those about an office's row
-- `service_late` and `service_waiting_reminder` too, the others are for staff and say no more of people than it takes to know what to do.

CREATE OR REPLACE FUNCTION is_for_requester(template text, kind text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT kind <> 'service_request_office' OR template IN ('service_late', 'service_waiting_reminder') $$;

-- The step or message of which a mail tells: the last of its kind.
CREATE OR REPLACE FUNCTION told_event(template text, request uuid, office_row uuid) RETURNS service_event LANGUAGE sql STABLE AS $$
  SELECT e
    FROM service_event e
   WHERE e.request = told_event.request
     AND (told_event.office_row IS NULL OR e.office_row = told_event.office_row)
     AND e.public
     AND (e.kind <> 'message' OR e.by = 'staff')
     AND e.kind = CASE template WHEN 'service_request_submitted' THEN 'submitted' WHEN 'service_added_office' THEN 'office_added'
                                ELSE replace(template, 'service_', '') END
   ORDER BY e.id DESC
   LIMIT 1
$$;

-- Whether it is still so.
CREATE OR REPLACE FUNCTION is_current(template text, r service_request, o service_request_office) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT CASE template
         WHEN 'service_request_submitted' THEN r.state <> 'withdrawn'
         WHEN 'service_acknowledged' THEN o.state IN ('acknowledged', 'in_progress')
         WHEN 'service_waiting' THEN o.state = 'waiting_for_requester'
         WHEN 'service_waiting_reminder' THEN o.state = 'waiting_for_requester'
         WHEN 'service_added_office' THEN o.left_at IS NULL AND r.closed_at IS NULL
         WHEN 'service_forwarded' THEN r.closed_at IS NULL
         WHEN 'service_resolved' THEN r.state IN ('resolved', 'closed')
         WHEN 'service_rejected' THEN r.state = 'rejected'
         WHEN 'service_late' THEN o.breached_at IS NOT NULL AND o.due_at <= clock()
         WHEN 'service_rating' THEN r.state = 'closed' AND r.rated_at IS NULL
         -- for staff
         WHEN 'service_request_new' THEN o.state = 'submitted'
         WHEN 'service_reminder' THEN o.reminded_at IS NOT NULL AND o.due_at > clock()
         WHEN 'service_escalated' THEN o.escalated_at IS NOT NULL AND o.due_at <= clock()
         WHEN 'service_passed_around' THEN o.due_at IS NOT NULL
         WHEN 'service_still_waiting' THEN o.state = 'waiting_for_requester'
         WHEN 'service_handed_over' THEN o.due_at IS NOT NULL OR o.state = 'waiting_for_requester'
         WHEN 'service_reopened_staff' THEN o.state = 'in_progress'
         WHEN 'service_withdrawn_staff' THEN o.state = 'withdrawn'
         ELSE true END
$$;

-- Results by office where there are several.
CREATE OR REPLACE FUNCTION results_of(request uuid, languages text[]) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(CASE WHEN x.several THEN title_in(x.name, languages) || ': ' || x.note ELSE x.note END, E'\n\n' ORDER BY x.id)
    FROM (SELECT o.id, o.note, f.name, count(*) OVER () > 1 AS several
            FROM service_request_office o JOIN office f ON f.city = o.city AND f.slug = o.office
           WHERE o.request = results_of.request AND o.left_at IS NULL AND o.state IN ('resolved', 'closed')) x
$$;

-- Of a promise only what is still to come, of a broken one what was promised.
CREATE OR REPLACE FUNCTION promises_told(template text, e service_event, o service_request_office) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN template = 'service_late' THEN jsonb_build_object(e.detail ->> 'promised' || '_due_at', e.detail ->> 'due_at')
              ELSE jsonb_build_object('answer_due_at', CASE WHEN o.state = 'submitted' THEN rfc3339(o.acknowledge_due_at) END,
                                      'result_due_at', CASE WHEN o.state IN ('submitted', 'acknowledged', 'in_progress')
                                                            THEN rfc3339(o.resolve_due_at) END) END
$$;

CREATE OR REPLACE FUNCTION mail_for_requester(template text, r service_request, o service_request_office, e service_event, tongues text[])
RETURNS jsonb
LANGUAGE sql STABLE AS $$
  SELECT promises_told(template, e, coalesce(n, o))
         || jsonb_build_object(
              'display_name', r.contact_name, 'reference', r.reference, 'service', title_in(v.name, tongues),
              'office', title_in(f.name, tongues), 'new_office', title_in(coalesce(g.name, f.name), tongues), 'advisor', a.display_name,
              'outcome', r.outcome,
              'message', CASE template WHEN 'service_resolved' THEN results_of(r.id, tongues)
                                       WHEN 'service_rejected' THEN r.rejected_reason
                                       WHEN 'service_waiting_reminder' THEN o.note
                                       ELSE e.text END)
    FROM service_version v
    LEFT JOIN office f ON f.city = o.city AND f.slug = o.office
    LEFT JOIN account a ON a.id = o.advisor
    LEFT JOIN service_request_office n ON n.id = o.forwarded_to
    LEFT JOIN office g ON g.city = n.city AND g.slug = n.office
   WHERE v.service = r.service AND v.version = r.version
$$;

-- Nothing for who may no longer see it. A mailbox is the office's.
CREATE OR REPLACE FUNCTION mail_for_staff(template text, reader uuid, r service_request, o service_request_office, tongues text[])
RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT jsonb_build_object(
             'display_name', a.display_name, 'reference', r.reference, 'service', title_in(v.name, tongues),
             'city', city_names(ARRAY[r.city]) -> 0, 'asker', s.clientele, 'company', r.company_name,
             'office', title_in(f.name, tongues), 'due_at', rfc3339(o.due_at))
      FROM service s
      JOIN service_version v ON v.service = s.code AND v.version = r.version
      JOIN office f ON f.city = o.city AND f.slug = o.office
      LEFT JOIN account a ON a.id = reader
     WHERE s.code = r.service
       AND (reader IS NULL
            OR EXISTS (SELECT FROM staff_role x WHERE x.account = reader AND x.role IN ('advisor', 'coordinator') AND x.city IN (o.city, '*'))));
END
$$;

CREATE OR REPLACE FUNCTION service_mail_data(template text, reader uuid, kind text, id uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  languages text[] := ARRAY[coalesce((SELECT a.language FROM account a WHERE a.id = reader), 'de'), 'en', 'de'];
  r         service_request;
  o         service_request_office;
  e         service_event;
BEGIN
  IF kind = 'service_event' THEN
    SELECT * INTO e FROM service_event x WHERE x.id = service_mail_data.id AND x.public;
  ELSIF kind = 'service_request_office' THEN
    SELECT * INTO o FROM service_request_office x WHERE x.id = service_mail_data.id;
    e := told_event(template, o.request, o.id);
  ELSE
    e := told_event(template, service_mail_data.id, NULL);
  END IF;
  IF kind <> 'service_request_office' THEN
    SELECT * INTO o FROM service_request_office x WHERE x.id = e.office_row;
  END IF;
  SELECT * INTO r FROM service_request x
   WHERE x.id = CASE kind WHEN 'service_event' THEN e.request WHEN 'service_request_office' THEN o.request ELSE service_mail_data.id END;
  IF r.id IS NULL OR is_current(template, r, o) IS NOT TRUE THEN
    RETURN NULL;
  END IF;
  RETURN CASE WHEN is_for_requester(template, kind) THEN mail_for_requester(template, r, o, e, languages)
              ELSE mail_for_staff(template, reader, r, o, languages) END;
END
$$;
