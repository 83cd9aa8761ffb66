-- SPDX-License-Identifier: EUPL-1.2
-- Service requests: their reference, the way to an office, and the state that follows from the offices'.

-- Eight random characters of Crockford's base32 and its check symbol: nothing can be counted or guessed from it.
CREATE OR REPLACE FUNCTION new_reference() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  symbols CONSTANT text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U';
  random  bytea  := uuid_send(gen_random_uuid());
  number  bigint := 0;
  left_of bigint;
  written text   := '';
BEGIN
  FOR n IN 0..4 LOOP -- bits of version and variant come later
    number := number * 256 + get_byte(random, n);
  END LOOP;
  left_of := number;
  FOR n IN 1..8 LOOP
    written := substr(symbols, (left_of % 32)::integer + 1, 1) || written;
    left_of := left_of / 32;
  END LOOP;
  RETURN 'WR-' || written || substr(symbols, (number % 37)::integer + 1, 1);
END
$$;

-- The questions are those of today; a request keeps them. All faults of what was asked at once.
CREATE OR REPLACE FUNCTION service_request_asked() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  asked  record;
  faults jsonb := '[]';
BEGIN
  SELECT s.version, s.clientele, v.questions,
         EXISTS (SELECT FROM service_offer f WHERE f.service = s.code AND f.city = coalesce(NEW.city, '*')) AS offered
    INTO asked
    FROM service s
    JOIN service_version v ON v.service = s.code AND v.version = s.version
   WHERE s.code = NEW.service AND s.active;
  IF NOT FOUND THEN
    PERFORM problem('validation_failed', '[{"pointer":"/service","code":"unknown_service"}]');
  END IF;
  IF NOT asked.offered THEN
    faults := faults || '[{"pointer":"/city","code":"not_offered"}]';
  END IF;
  IF (asked.clientele = 'newcomer') = (NEW.company_name IS NOT NULL) THEN
    faults := faults || jsonb_build_array(jsonb_build_object('pointer', '/company', 'code',
                                                             CASE WHEN NEW.company_name IS NULL THEN 'required' ELSE 'unknown_member' END));
  END IF;
  faults := faults || bad_answers(asked.questions, NEW.answers);
  IF faults <> '[]' THEN
    PERFORM problem('validation_failed', faults);
  END IF;
  NEW.version := asked.version;
  NEW.reference := new_reference();
  RETURN NEW;
END
$$;

-- Who answers now: as the catalogue says, else whoever is there; an offer may have gone since the form was sent.
CREATE OR REPLACE FUNCTION office_for(service text, at text) RETURNS TABLE (city text, office text) LANGUAGE sql STABLE AS $$
  SELECT o.city, o.slug
    FROM office o
    LEFT JOIN service_offer f ON f.office_city = o.city AND f.office = o.slug AND f.service = $1
   WHERE o.active
     AND (f.city IN ($2, '*') OR o.city IN ($2, '*'))
   ORDER BY f.city = $2 DESC NULLS LAST, o.city = $2 DESC, f.city IS NOT NULL DESC, o.created_at, o.slug
   LIMIT 1
$$;

CREATE OR REPLACE FUNCTION is_advisor(account uuid, cities text[]) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM staff_role r WHERE r.account = is_advisor.account AND r.role = 'advisor' AND r.city = ANY (cities));
END
$$;

-- Whom the office's business goes to: the advisor who has it or stands in, else the office's mailbox, else everybody who may take it.
-- Never who asked, nor who is no advisor of the city any more.
CREATE OR REPLACE FUNCTION service_recipients(o service_request_office) RETURNS TABLE (account uuid, address text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  person  uuid := CASE WHEN is_away(o.advisor) THEN deputy_of(o.advisor) ELSE o.advisor END;
  mailbox text := (SELECT f.email FROM office f WHERE f.city = o.city AND f.slug = o.office);
BEGIN
  IF is_advisor(person, ARRAY[o.city, '*']) AND person <> o.requester_account THEN
    RETURN QUERY SELECT person, NULL::text;
  ELSIF mailbox IS NOT NULL THEN
    RETURN QUERY SELECT NULL::uuid, mailbox;
  ELSE
    RETURN QUERY SELECT DISTINCT r.account, NULL::text FROM staff_role r
                  WHERE r.role = 'advisor' AND r.city = o.city AND r.account <> o.requester_account AND NOT is_away(r.account);
    IF NOT FOUND THEN
      RETURN QUERY SELECT DISTINCT r.account, NULL::text FROM staff_role r
                    WHERE r.role = 'advisor' AND r.city IN (o.city, '*') AND r.account <> o.requester_account;
    END IF;
  END IF;
END
$$;

-- To accounts in their language, to a mailbox in German.
CREATE OR REPLACE FUNCTION mail_office(template text, o service_request_office) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  recipient record;
BEGIN
  FOR recipient IN SELECT * FROM service_recipients(o) LOOP
    IF recipient.account IS NOT NULL THEN
      PERFORM mail(template, recipient.account, 'service_request_office', o.id);
    ELSE
      PERFORM mail_address(template, recipient.address, 'de', 'service_request_office', o.id);
    END IF;
  END LOOP;
END
$$;

-- Hours of business until the service promises an answer and a result.
CREATE OR REPLACE FUNCTION service_targets(service text, city text, office text, OUT acknowledge integer, OUT resolve integer)
LANGUAGE sql STABLE AS $$
  SELECT coalesce(f.acknowledge_hours, s.acknowledge_hours), greatest(coalesce(f.resolve_hours, s.resolve_hours), f.acknowledge_hours)
    FROM service s
    LEFT JOIN service_offer f ON f.service = s.code AND f.office_city = $2 AND f.office = $3
   WHERE s.code = $1
   ORDER BY f.city = $2 DESC NULLS LAST, f.city
   LIMIT 1
$$;

-- The request reaches an office: its clocks begin. One that has it already is `duplicate`.
CREATE OR REPLACE FUNCTION open_at_office(request uuid, city text, office text) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  r      service_request;
  target record;
  made   service_request_office;
BEGIN
  SELECT * INTO r FROM service_request x WHERE x.id = open_at_office.request;
  PERFORM require(NOT EXISTS (SELECT FROM service_request_office o
                               WHERE o.request = r.id AND o.city = open_at_office.city AND o.office = open_at_office.office AND o.left_at IS NULL),
                  'duplicate');
  SELECT * INTO target FROM service_targets(r.service, open_at_office.city, open_at_office.office);
  INSERT INTO service_request_office (id, request, requester_account, service, city, office, acknowledge_due_at, resolve_due_at)
  VALUES (uuid_v7(), r.id, r.account, r.service, open_at_office.city, open_at_office.office,
          business_time_after(open_at_office.city, open_at_office.office, clock(), 60 * target.acknowledge),
          business_time_after(open_at_office.city, open_at_office.office, clock(), 60 * target.resolve))
  RETURNING * INTO made;
  UPDATE service_request x SET handled_by = x.handled_by || open_at_office.city
   WHERE x.id = r.id AND open_at_office.city <> ALL (x.handled_by);
  PERFORM mail_office('service_request_new', made);
  RETURN made.id;
END
$$;

-- The address is confirmed.
CREATE OR REPLACE FUNCTION submit_service_request(request uuid, person uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  r    service_request;
  desk record;
  made uuid;
BEGIN
  UPDATE service_request x SET account = person, state = 'submitted', submitted_at = clock()
   WHERE x.id = submit_service_request.request AND x.state = 'unverified'
  RETURNING * INTO r;
  PERFORM require(FOUND, 'not_found');
  SELECT * INTO desk FROM office_for(r.service, coalesce(r.city, '*'));
  PERFORM require(desk.office IS NOT NULL, 'conflict_state');
  made := open_at_office(r.id, desk.city, desk.office);
  INSERT INTO service_event (id, request, office_row, kind, public, by, actor) VALUES (uuid_v7(), r.id, made, 'submitted', true, 'requester', person);
  PERFORM mail('service_request_submitted', person, 'service_request', r.id);
END
$$;

-- Helped by all is helped; helped by some is partly.
CREATE OR REPLACE FUNCTION outcome_of(outcomes text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN outcomes[1] = ALL (outcomes) THEN outcomes[1]
              WHEN outcomes && ARRAY['helped', 'partly'] THEN 'partly'
              WHEN 'referred' = ANY (outcomes) THEN 'referred'
              ELSE 'not_helped' END
$$;

-- A request stands where the least advanced of its offices stands; `rejected` only when all rejected it.
CREATE OR REPLACE FUNCTION settle_service_request(request uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  now_at record;
BEGIN
  SELECT coalesce((array_agg(o.state ORDER BY array_position(ARRAY['submitted', 'acknowledged', 'in_progress', 'waiting_for_requester',
                                                                   'withdrawn', 'resolved', 'closed'], o.state))
                     FILTER (WHERE o.state <> 'rejected'))[1], 'rejected') AS state,
         outcome_of(array_agg(o.outcome) FILTER (WHERE o.outcome IS NOT NULL)) AS outcome,
         (array_agg(o.note ORDER BY o.id DESC) FILTER (WHERE o.state = 'rejected'))[1] AS note
    INTO now_at
    FROM service_request_office o
   WHERE o.request = settle_service_request.request AND o.left_at IS NULL;
  UPDATE service_request r
     SET state = now_at.state,
         outcome = CASE WHEN now_at.state IN ('resolved', 'closed') THEN now_at.outcome END,
         rejected_reason = CASE WHEN now_at.state = 'rejected' THEN now_at.note END,
         resolved_at = CASE WHEN now_at.state = 'resolved' THEN clock() WHEN now_at.state = 'closed' THEN r.resolved_at END,
         closed_at = CASE WHEN now_at.state IN ('closed', 'rejected', 'withdrawn') THEN clock() END,
         asked_rating_at = CASE WHEN now_at.state = 'closed' THEN r.asked_rating_at END
   WHERE r.id = settle_service_request.request AND r.state <> now_at.state;
  UPDATE service_request_office o SET request_state = now_at.state
   WHERE o.request = settle_service_request.request AND o.request_state <> now_at.state;
END
$$;

-- Whether it was taken for spam, of which who asked learns nothing.
CREATE OR REPLACE FUNCTION is_spam(request uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM service_request_office o WHERE o.request = is_spam.request AND o.left_at IS NULL AND o.rejected_as = 'spam')
$$;

-- Where the request is: [{"city","office","name","state","advisor","submitted_at","due_at","overdue",...}]. The asker sees the offices that
-- have it; staff also who refused and why, up to the moment their own office gave it away, and of other cities' offices no person.
CREATE OR REPLACE FUNCTION offices_of(request uuid, languages text[]) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  r     service_request;
  until timestamptz; -- null: to this day
BEGIN
  SELECT * INTO r FROM service_request x WHERE x.id = offices_of.request AND (x.account = me() OR x.handled_by && my_advised());
  IF r.account IS DISTINCT FROM me() THEN
    SELECT CASE WHEN count(*) FILTER (WHERE o.left_at IS NULL) = 0 THEN max(o.left_at) END INTO until
      FROM service_request_office o WHERE o.request = r.id AND o.city = ANY (my_advised());
  END IF;
  RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
             'city', nullif(o.city, '*'), 'office', o.office, 'name', title_in(f.name, offices_of.languages), 'state', o.state,
             'advisor', CASE WHEN o.advisor IS NOT NULL AND (o.city = ANY (my_advised()) OR r.account = me())
                             THEN jsonb_build_object('id', CASE WHEN o.city = ANY (my_advised()) THEN a.id END, 'display_name', a.display_name) END,
             'submitted_at', rfc3339(o.submitted_at), 'acknowledged_at', rfc3339(o.acknowledged_at), 'due_at', rfc3339(o.due_at),
             'overdue', coalesce(o.due_at < clock(), false), 'late_since', rfc3339(o.breached_at), 'waiting_since', CASE WHEN o.state = 'waiting_for_requester' THEN rfc3339(o.waiting_since) END,
             'left_at', rfc3339(o.left_at), 'reason', CASE WHEN o.state IN ('forwarded', 'rejected') AND o.rejected_as IS DISTINCT FROM 'spam' THEN o.note END,
             'outcome', o.outcome) ORDER BY o.id), '[]')
      FROM service_request_office o
      JOIN office f ON f.city = o.city AND f.slug = o.office
      LEFT JOIN account a ON a.id = o.advisor
     WHERE o.request = r.id AND (until IS NULL OR o.submitted_at <= until));
END
$$;
