-- SPDX-License-Identifier: EUPL-1.2
-- Steps of a request at an office: what they mean for its clocks, and what follows for timeline, request and mails.

-- Same step again by anybody is the same; the same step decided otherwise is refused.
CREATE OR REPLACE FUNCTION service_office_before() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  who   text[]  := service_actors(OLD.requester_account);
  again boolean := (NEW.state, NEW.advisor) IS NOT DISTINCT FROM (OLD.state, OLD.advisor);
BEGIN
  IF again AND who && ARRAY['requester', 'staff'] THEN
    PERFORM require((NEW.note, NEW.outcome, NEW.rejected_as) IS NOT DISTINCT FROM (OLD.note, OLD.outcome, OLD.rejected_as), 'conflict_state');
    RETURN OLD;
  ELSIF again THEN
    RETURN NEW;
  END IF;
  IF NEW.advisor IS DISTINCT FROM OLD.advisor THEN
    NEW.assigned_at := clock();
  END IF;
  IF NEW.state = OLD.state THEN
    RETURN NEW;
  END IF;
  NEW.reminded_at := NULL;
  NEW.escalated_at := NULL;
  NEW.breached_at := NULL;
  IF NEW.state = 'acknowledged' THEN
    NEW.acknowledged_at := clock();
  ELSIF NEW.state = 'waiting_for_requester' THEN
    NEW.waiting_since := clock();
    NEW.minutes_left := business_minutes_between(OLD.city, OLD.office, clock(), OLD.resolve_due_at);
    NEW.minutes_left := NEW.minutes_left + (NEW.minutes_left > 0)::integer; -- the one that has begun is the office's
    NEW.asked_again := 0;
  ELSIF NEW.state = 'in_progress' AND OLD.state = 'waiting_for_requester' THEN -- what was late stays late
    NEW.resolve_due_at := CASE WHEN OLD.minutes_left > 0 THEN business_time_after(OLD.city, OLD.office, clock(), OLD.minutes_left)
                               ELSE OLD.resolve_due_at END;
  ELSIF NEW.state = 'in_progress' AND OLD.state = 'acknowledged' THEN
    PERFORM require(NEW.advisor IS NOT NULL, 'conflict_state');
  ELSIF NEW.state = 'in_progress' THEN
    NEW.resolve_due_at := reopened_due_at(OLD);
    NEW.advisor := CASE WHEN 'staff' = ANY (who) THEN coalesce(OLD.advisor, me()) ELSE OLD.advisor END;
    NEW.assigned_at := coalesce(OLD.assigned_at, clock());
    NEW.resolved_at := NULL;
  ELSIF NEW.state = 'resolved' THEN
    NEW.resolved_at := clock();
  ELSIF NEW.state = 'forwarded' THEN
    NEW.left_at := clock();
  END IF;
  NEW.minutes_left := CASE WHEN NEW.state = 'waiting_for_requester' THEN NEW.minutes_left END;
  NEW.outcome := CASE WHEN NEW.state IN ('resolved', 'closed') THEN NEW.outcome END;
  NEW.rejected_as := CASE WHEN NEW.state = 'rejected' THEN coalesce(NEW.rejected_as, 'other') END;
  RETURN NEW;
END
$$;

-- For thirty days after its end, and a fresh promise.
CREATE OR REPLACE FUNCTION reopened_due_at(o service_request_office) RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  r service_request;
BEGIN
  SELECT * INTO r FROM service_request x WHERE x.id = o.request;
  PERFORM require(r.consent_withdrawn_at IS NULL AND coalesce(r.closed_at, r.resolved_at, clock()) > clock() - interval '30 days',
                  'conflict_state');
  RETURN business_time_after(o.city, o.office, clock(), 60 * (SELECT t.resolve FROM service_targets(r.service, o.city, o.office) t));
END
$$;

CREATE OR REPLACE FUNCTION service_office_after() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  erased boolean := OLD.advisor IS NOT NULL AND NEW.advisor IS NULL; -- the key has emptied it
  who    text    := CASE WHEN pg_trigger_depth() > 1 OR session_user <> 'welcome' OR erased THEN 'system'
                         WHEN me() = NEW.requester_account THEN 'requester' ELSE 'staff' END;
  spam   boolean := (NEW.rejected_as = 'spam') IS TRUE;
  kind   text;
  now_at text;
BEGIN
  IF NEW.state = OLD.state THEN -- another advisor
    kind := 'handed_over';
  ELSE
    kind := CASE NEW.state
            WHEN 'waiting_for_requester' THEN 'waiting'
            WHEN 'in_progress' THEN CASE OLD.state WHEN 'acknowledged' THEN 'assigned' WHEN 'waiting_for_requester' THEN 'resumed' ELSE 'reopened' END
            ELSE NEW.state END;
  END IF;
  INSERT INTO service_event (id, request, office_row, kind, public, by, actor, text, detail)
  VALUES (uuid_v7(), NEW.request, NEW.id, kind, kind <> 'handed_over' AND NOT spam, who,
          CASE WHEN who <> 'system' THEN me() END, CASE WHEN kind NOT IN ('handed_over', 'closed') THEN NEW.note END,
          jsonb_strip_nulls(jsonb_build_object('outcome', NEW.outcome, 'rejected_as', NEW.rejected_as)));
  PERFORM settle_service_request(NEW.request);
  now_at := (SELECT r.state FROM service_request r WHERE r.id = NEW.request);
  IF kind IN ('acknowledged', 'waiting') OR kind IN ('resolved', 'rejected') AND kind = now_at AND NOT spam THEN
    PERFORM mail('service_' || kind, NEW.requester_account, 'service_request', NEW.request);
  ELSIF kind = 'reopened' AND who = 'requester' THEN
    PERFORM mail_office('service_reopened_staff', NEW);
  ELSIF kind IN ('assigned', 'handed_over') AND NEW.advisor IS DISTINCT FROM me() THEN
    PERFORM mail_office('service_handed_over', NEW);
  ELSIF kind = 'withdrawn' AND NEW.advisor IS NOT NULL THEN
    PERFORM mail_office('service_withdrawn_staff', NEW);
  END IF;
  IF who = 'staff' THEN
    PERFORM record('service_request_' || kind, 'service_request', NEW.request, nullif(NEW.city, '*'));
  END IF;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION service_office_made() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM settle_service_request(NEW.request);
  RETURN NULL;
END
$$;

-- The request goes on to another office, which begins anew. Three that gave it away are told to who sees to it that offices keep
-- their promises.
CREATE OR REPLACE FUNCTION pass_on(office_row uuid, city text, office text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  o    service_request_office;
  made uuid;
BEGIN
  SELECT * INTO o FROM service_request_office x
   WHERE x.id = office_row AND x.left_at = clock() AND x.forwarded_to IS NULL AND x.city = ANY (my_advised());
  PERFORM require(FOUND, 'not_found');
  made := open_at_office(o.request, pass_on.city, pass_on.office);
  UPDATE service_request_office x SET forwarded_to = made WHERE x.id = o.id;
  PERFORM mail('service_forwarded', o.requester_account, 'service_request', o.request);
  IF (SELECT count(*) FROM service_request_office x WHERE x.request = o.request AND x.left_at IS NOT NULL) = 3 THEN
    INSERT INTO service_event (id, request, office_row, kind, public, by) VALUES (uuid_v7(), o.request, made, 'escalated', false, 'system');
    PERFORM mail_overseers('service_passed_around', x) FROM service_request_office x WHERE x.id = made;
  END IF;
END
$$;

-- Whether my office has sent it there already, with these words.
CREATE OR REPLACE FUNCTION has_forwarded(request uuid, city text, office text, reason text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM service_request_office o
                   JOIN service_request_office n ON n.id = o.forwarded_to
                  WHERE o.request = has_forwarded.request AND o.city = ANY (my_advised()) AND o.note = reason
                    AND (n.city, n.office) = (has_forwarded.city, has_forwarded.office));
END
$$;

-- Repeated, it has been done.
CREATE OR REPLACE FUNCTION forward_service_request(request uuid, named jsonb, city text, office text, reason text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  mine uuid;
BEGIN
  IF has_forwarded(request, city, office, reason) THEN
    RETURN;
  END IF;
  mine := my_office_row(request, named);
  IF EXISTS (SELECT FROM service_request_office o
              WHERE o.id = mine AND (o.city, o.office) = (forward_service_request.city, forward_service_request.office)) THEN
    PERFORM problem('validation_failed', '[{"pointer":"/office","code":"same_office"}]');
  END IF;
  UPDATE service_request_office o SET state = 'forwarded', note = reason WHERE o.id = mine AND o.city = ANY (my_advised());
  PERFORM pass_on(mine, city, office);
END
$$;

-- By who asked: at every office that had ended it with a result; by an advisor at their own. Repeated, it has been done.
CREATE OR REPLACE FUNCTION reopen_service_request(request uuid, named jsonb, said text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  rows uuid[];
BEGIN
  rows := CASE WHEN EXISTS (SELECT FROM service_request r WHERE r.id = request AND r.account = me())
               THEN ARRAY(SELECT o.id FROM service_request_office o
                           WHERE o.request = reopen_service_request.request AND o.requester_account = me() AND o.left_at IS NULL
                             AND o.state IN ('resolved', 'closed', 'in_progress') AND o.request_state IN ('resolved', 'closed', 'in_progress'))
               ELSE ARRAY[my_office_row(request, named)] END;
  PERFORM require(rows <> '{}' AND bool_and(o.state IN ('resolved', 'closed', 'rejected')
                                            OR o.state = 'in_progress' AND (SELECT e.kind = 'reopened' AND e.actor = me() FROM service_event e
                                                                             WHERE e.office_row = o.id AND e.kind <> 'message' ORDER BY e.id DESC LIMIT 1)),
                  'conflict_state')
    FROM service_request_office o WHERE o.id = ANY (rows);
  UPDATE service_request_office o SET state = 'in_progress', note = said
   WHERE o.id = ANY (rows) AND o.state <> 'in_progress' AND (o.requester_account = me() OR o.city = ANY (my_advised()));
END
$$;

-- One more office, beside those that have it: for one of these to say, not for one that gave the request away.
CREATE OR REPLACE FUNCTION add_service_office(request uuid, city text, office text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  made uuid;
BEGIN
  PERFORM require(r.handled_by && my_advised(), 'not_found'),
          require(r.state IN ('submitted', 'acknowledged', 'in_progress', 'waiting_for_requester')
                  AND EXISTS (SELECT FROM service_request_office o WHERE o.request = r.id AND o.left_at IS NULL AND o.city = ANY (my_advised())),
                  'conflict_state')
    FROM service_request r WHERE r.id = add_service_office.request;
  IF EXISTS (SELECT FROM service_request_office o
              WHERE o.request = add_service_office.request AND o.left_at IS NULL
                AND (o.city, o.office) = (add_service_office.city, add_service_office.office)) THEN
    RETURN; -- it is there
  END IF;
  made := open_at_office(add_service_office.request, add_service_office.city, add_service_office.office);
  INSERT INTO service_event (id, request, office_row, kind, public, by, actor)
  VALUES (uuid_v7(), add_service_office.request, made, 'office_added', true, 'staff', me());
  PERFORM mail('service_added_office', r.account, 'service_request', r.id) FROM service_request r WHERE r.id = add_service_office.request;
  PERFORM record('service_request_office_added', 'service_request', add_service_office.request, nullif(add_service_office.city, '*'));
END
$$;

CREATE OR REPLACE FUNCTION refuse_unknown_office(city text, office text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM office o WHERE o.city = refuse_unknown_office.city AND o.slug = refuse_unknown_office.office AND o.active) THEN
    PERFORM problem('validation_failed', '[{"pointer":"/office","code":"unknown_office"}]');
  END IF;
END
$$;

-- Who may have a request of that city's office: its advisors who are not away and did not ask themselves.
CREATE OR REPLACE FUNCTION refuse_wrong_advisor(office_row uuid, advisor uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM staff_role r JOIN service_request_office o ON r.city IN (o.city, '*')
                  WHERE o.id = office_row AND o.city = ANY (my_advised()) AND r.account = refuse_wrong_advisor.advisor AND r.role = 'advisor'
                    AND r.account <> o.requester_account) THEN
    PERFORM problem('validation_failed', '[{"pointer":"/account","code":"unknown_advisor"}]');
  ELSIF refuse_wrong_advisor.advisor <> me() AND is_away(refuse_wrong_advisor.advisor) THEN
    PERFORM problem('validation_failed', '[{"pointer":"/account","code":"away"}]');
  END IF;
END
$$;

-- A request that repeats another, which the advisor sees too.
CREATE OR REPLACE FUNCTION set_duplicate(request uuid, duplicate_of uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  IF duplicate_of = request OR NOT EXISTS (SELECT FROM service_request r
                                            WHERE r.id = set_duplicate.duplicate_of AND r.handled_by && my_advised() AND r.state <> 'unverified') THEN
    PERFORM problem('validation_failed', '[{"pointer":"/duplicate_of","code":"unknown_service_request"}]');
  END IF;
  UPDATE service_request r SET duplicate_of = set_duplicate.duplicate_of WHERE r.id = set_duplicate.request AND r.handled_by && my_advised();
END
$$;
