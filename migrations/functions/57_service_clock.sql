-- SPDX-License-Identifier: EUPL-1.2
-- What time does to service requests, a small batch at a time and in the order of locks: offices are reminded of what they owe, others are
-- told when it is late, and who asked hears it from us. Promises stand: a holiday or closure that is entered later moves none.

CREATE OR REPLACE FUNCTION service_office_clock() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  due timestamptz := CASE WHEN NEW.state = 'submitted' THEN NEW.acknowledge_due_at
                          WHEN NEW.state IN ('acknowledged', 'in_progress') THEN NEW.resolve_due_at END;
BEGIN
  IF TG_OP = 'INSERT' OR (NEW.state, NEW.acknowledge_due_at, NEW.resolve_due_at)
                         IS DISTINCT FROM (OLD.state, OLD.acknowledge_due_at, OLD.resolve_due_at) THEN
    NEW.remind_at := CASE WHEN due > clock()
                          THEN business_time_after(NEW.city, NEW.office, clock(), business_minutes_between(NEW.city, NEW.office, clock(), due) * 3 / 4) END;
  END IF;
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION remind_offices() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  requests uuid[]  := ARRAY(SELECT o.request FROM service_request_office o
                             WHERE o.remind_at <= clock() AND o.reminded_at IS NULL ORDER BY o.remind_at LIMIT 50);
  reminded integer := 0;
  o        service_request_office;
BEGIN
  PERFORM lock_service_requests(requests);
  FOR o IN UPDATE service_request_office x SET reminded_at = clock()
            WHERE x.request = ANY (requests) AND x.remind_at <= clock() AND x.reminded_at IS NULL
           RETURNING x.* LOOP
    IF o.due_at > clock() THEN -- else others are told
      PERFORM mail_office('service_reminder', o);
    END IF;
    reminded := reminded + 1;
  END LOOP;
  RETURN reminded;
END
$$;

-- What is promised until when, as events keep it.
CREATE OR REPLACE FUNCTION promise_of(o service_request_office) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('promised', CASE o.state WHEN 'submitted' THEN 'answer' ELSE 'result' END, 'due_at', rfc3339(o.due_at))
$$;

-- Whether this was said of the same promise already: steps that follow a broken one begin no new one.
CREATE OR REPLACE FUNCTION is_said(o service_request_office, kind text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM service_event e WHERE e.office_row = o.id AND e.kind = is_said.kind AND e.detail @> promise_of(o))
$$;

-- Who sees to it that offices keep their promises: the coordinators of the city, and the advisors for all cities.
CREATE OR REPLACE FUNCTION overseers_of(o service_request_office) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN QUERY
    SELECT c.account FROM coordinators_of(ARRAY[o.city], ARRAY[o.requester_account]) AS c(account)
    UNION
    SELECT r.account FROM staff_role r WHERE r.role = 'advisor' AND r.city = '*' AND r.account <> o.requester_account;
END
$$;

CREATE OR REPLACE FUNCTION mail_overseers(template text, o service_request_office) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM mail(template, w.account, 'service_request_office', o.id) FROM overseers_of(o) AS w(account);
  IF NOT FOUND THEN -- nobody above: the office itself
    PERFORM mail_office(template, o);
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION escalate_offices() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  requests  uuid[]  := ARRAY(SELECT o.request FROM service_request_office o
                              WHERE o.due_at <= clock() AND o.escalated_at IS NULL ORDER BY o.due_at LIMIT 50);
  escalated integer := 0;
  o         service_request_office;
BEGIN
  PERFORM lock_service_requests(requests);
  FOR o IN UPDATE service_request_office x SET escalated_at = clock()
            WHERE x.request = ANY (requests) AND x.due_at <= clock() AND x.escalated_at IS NULL
           RETURNING x.* LOOP
    IF NOT is_said(o, 'escalated') THEN
      INSERT INTO service_event (id, request, office_row, kind, public, by, detail)
      VALUES (uuid_v7(), o.request, o.id, 'escalated', false, 'system', promise_of(o));
      PERFORM mail_overseers('service_escalated', o);
    END IF;
    escalated := escalated + 1;
  END LOOP;
  RETURN escalated;
END
$$;

-- Who asked hears from us, once for each promise, that it was not kept.
CREATE OR REPLACE FUNCTION confess_breaches() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  requests  uuid[]  := ARRAY(SELECT o.request FROM service_request_office o
                              WHERE o.due_at <= clock() AND o.breached_at IS NULL ORDER BY o.due_at LIMIT 50);
  confessed integer := 0;
  o         service_request_office;
BEGIN
  PERFORM lock_service_requests(requests);
  FOR o IN UPDATE service_request_office x SET breached_at = clock()
            WHERE x.request = ANY (requests) AND x.due_at <= clock() AND x.breached_at IS NULL
           RETURNING x.* LOOP
    IF NOT is_said(o, 'late') THEN
      INSERT INTO service_event (id, request, office_row, kind, public, by, detail)
      VALUES (uuid_v7(), o.request, o.id, 'late', true, 'system', promise_of(o));
      PERFORM mail('service_late', o.requester_account, 'service_request_office', o.id);
    END IF;
    confessed := confessed + 1;
  END LOOP;
  RETURN confessed;
END
$$;

-- Who was asked something is reminded after one week and after two.
CREATE OR REPLACE FUNCTION ask_waiting_requesters() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  requests uuid[]  := ARRAY(SELECT o.request FROM service_request_office o
                             WHERE o.state = 'waiting_for_requester' AND o.asked_again < 2
                               AND o.waiting_since <= clock() - (o.asked_again + 1) * interval '7 days' ORDER BY o.waiting_since LIMIT 50);
  asked    integer := 0;
  o        service_request_office;
BEGIN
  PERFORM lock_service_requests(requests);
  FOR o IN UPDATE service_request_office x
              SET asked_again = CASE WHEN x.waiting_since <= clock() - interval '14 days' THEN 2 ELSE 1 END
            WHERE x.request = ANY (requests) AND x.state = 'waiting_for_requester' AND x.asked_again < 2
              AND x.waiting_since <= clock() - (x.asked_again + 1) * interval '7 days'
           RETURNING x.* LOOP
    PERFORM mail('service_waiting_reminder', o.requester_account, 'service_request_office', o.id);
    asked := asked + 1;
  END LOOP;
  RETURN asked;
END
$$;

-- A week later the office decides how to go on: nobody waits for ever.
CREATE OR REPLACE FUNCTION tell_waiting_offices() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  requests uuid[]  := ARRAY(SELECT o.request FROM service_request_office o
                             WHERE o.state = 'waiting_for_requester' AND o.asked_again = 2 AND o.waiting_since <= clock() - interval '21 days'
                             ORDER BY o.waiting_since LIMIT 50);
  told     integer := 0;
  o        service_request_office;
BEGIN
  PERFORM lock_service_requests(requests);
  FOR o IN UPDATE service_request_office x SET asked_again = 3
            WHERE x.request = ANY (requests) AND x.state = 'waiting_for_requester' AND x.asked_again = 2
              AND x.waiting_since <= clock() - interval '21 days'
           RETURNING x.* LOOP
    PERFORM mail_office('service_still_waiting', o);
    told := told + 1;
  END LOOP;
  RETURN told;
END
$$;

-- Ten days after the last office was done, nobody having opened it again.
CREATE OR REPLACE FUNCTION close_resolved_requests() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  requests uuid[] := ARRAY(SELECT r.id FROM service_request r
                            WHERE r.state = 'resolved' AND r.resolved_at <= clock() - interval '10 days' ORDER BY r.resolved_at LIMIT 50);
  closed   integer;
BEGIN
  PERFORM lock_service_requests(requests);
  UPDATE service_request_office o SET state = 'closed'
   WHERE o.state = 'resolved'
     AND o.request IN (SELECT r.id FROM service_request r
                        WHERE r.id = ANY (requests) AND r.state = 'resolved' AND r.resolved_at <= clock() - interval '10 days');
  GET DIAGNOSTICS closed = ROW_COUNT;
  RETURN closed;
END
$$;

-- How it was, once, ten days after the end.
CREATE OR REPLACE FUNCTION ask_satisfaction() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  requests uuid[]  := ARRAY(SELECT r.id FROM service_request r
                             WHERE r.state = 'closed' AND r.asked_rating_at IS NULL AND r.rated_at IS NULL
                               AND r.closed_at <= clock() - interval '10 days' ORDER BY r.closed_at LIMIT 50);
  asked    integer := 0;
  r        service_request;
BEGIN
  PERFORM lock_service_requests(requests);
  FOR r IN UPDATE service_request x SET asked_rating_at = clock()
            WHERE x.id = ANY (requests) AND x.state = 'closed' AND x.asked_rating_at IS NULL AND x.rated_at IS NULL
              AND x.closed_at <= clock() - interval '10 days'
           RETURNING x.* LOOP
    PERFORM mail('service_rating', r.account, 'service_request', r.id);
    asked := asked + 1;
  END LOOP;
  RETURN asked;
END
$$;

-- Long after the end, with all that hangs on them.
CREATE OR REPLACE FUNCTION expire_service_requests() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  requests uuid[] := ARRAY(SELECT d.id FROM due_service_requests d ORDER BY d.since LIMIT 50);
  expired  integer;
BEGIN
  PERFORM lock_service_requests(requests);
  DELETE FROM service_request r WHERE r.id IN (SELECT d.id FROM due_service_requests d WHERE d.id = ANY (requests));
  GET DIAGNOSTICS expired = ROW_COUNT;
  RETURN expired;
END
$$;
