-- SPDX-License-Identifier: EUPL-1.2
-- Matches: how they begin and end.

CREATE OR REPLACE FUNCTION match_made() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  UPDATE guide_request r SET state = 'matched' WHERE r.id = NEW.request;
  UPDATE proposal p SET state = 'cancelled' WHERE p.request = NEW.request AND p.state IN ('open', 'awaiting_newcomer');
  PERFORM mail('match_guide', NEW.guide_account, 'match', NEW.id);
  PERFORM mail('match_newcomer', NEW.request_account, 'match', NEW.id);
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION match_before() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  who text[] := actors(OLD.guide_account, OLD.request_account);
BEGIN
  IF NEW.state = OLD.state AND 'system' = ANY (who) THEN
    RETURN NEW;
  END IF;
  NEW.ended_by := CASE WHEN 'staff' = ANY (who) THEN 'coordinator' ELSE who[1] END;
  IF NEW.state = OLD.state THEN -- a repeat, unless somebody or something else ended it
    PERFORM require((NEW.ended_by, NEW.ended_reason) IS NOT DISTINCT FROM (OLD.ended_by, OLD.ended_reason), 'conflict_state');
    RETURN OLD;
  END IF;
  NEW.ended_at := clock();
  NEW.paused_at := NULL;
  RETURN NEW;
END
$$;

-- completed fulfils the request, what a party says otherwise withdraws it, a guide who is gone opens it again. Whoever could not be
-- reached, understood or got on with is not proposed to the same person again; times that do not meet and moves may change.
CREATE OR REPLACE FUNCTION match_after() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  UPDATE guide_request r
     SET state = CASE WHEN NEW.ended_by = 'system' THEN 'open' ELSE 'closed' END,
         closed_as = CASE WHEN NEW.ended_by = 'system' THEN NULL WHEN NEW.ended_reason = 'completed' THEN 'fulfilled' ELSE 'withdrawn' END
   WHERE r.id = NEW.request AND r.state = 'matched';
  IF NEW.ended_by <> 'system' AND NEW.ended_reason IN ('no_contact', 'language', 'personal') THEN
    INSERT INTO block (newcomer, guide, rule) VALUES (NEW.request_account, NEW.guide_account, 'H4') ON CONFLICT DO NOTHING;
  END IF;
  PERFORM recount(NEW.guide);
  IF NEW.ended_by IN ('newcomer', 'coordinator') THEN
    PERFORM mail('match_ended_guide', NEW.guide_account, 'match', NEW.id);
  END IF;
  IF NEW.ended_by IN ('guide', 'coordinator') THEN
    PERFORM mail('match_ended_newcomer', NEW.request_account, 'match', NEW.id);
  END IF;
  IF NEW.ended_by = 'coordinator' THEN
    PERFORM record('end_match', 'match', NEW.id, NEW.request_city, jsonb_build_object('reason', NEW.ended_reason));
  END IF;
  RETURN NULL;
END
$$;
