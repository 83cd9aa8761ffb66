-- SPDX-License-Identifier: EUPL-1.2
-- Proposals: what an answer means and what follows from it.

-- H1 for want of a place alone is guide_at_capacity, everything else not_eligible with its codes. The row brings id, request, guide
-- and who asked; the rest is found here. The caller holds the locks.
CREATE OR REPLACE FUNCTION proposal_made() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  r     guide_request;
  g     guide;
  e     eligible;
  rules text[];
BEGIN
  SELECT * INTO r FROM guide_request x WHERE x.id = NEW.request;
  SELECT * INTO g FROM guide x WHERE x.id = NEW.guide;
  PERFORM require(r.state IN ('open', 'proposed'), 'conflict_state');
  rules := broken_rules(NEW.request, NEW.guide);
  IF rules = '{H1}' AND g.state = 'active' AND is_verified(g.id) THEN
    PERFORM problem('guide_at_capacity');
  ELSIF rules <> '{}' THEN
    PERFORM problem('not_eligible', (SELECT jsonb_agg(jsonb_build_object('pointer', '/guide', 'code', x)) FROM unnest(rules) AS x));
  END IF;
  SELECT * INTO STRICT e FROM eligible x WHERE x.request = NEW.request AND x.guide = NEW.guide;
  NEW.request_account := r.account;
  NEW.request_city := r.handled_by;
  NEW.guide_account := g.account;
  NEW.guide_city := g.home_city;
  NEW.seat := CASE WHEN EXISTS (SELECT FROM proposal p WHERE p.request = NEW.request AND p.seat = 1
                                   AND p.state IN ('open', 'awaiting_newcomer')) THEN 2 ELSE 1 END;
  NEW.terms := terms_of(e);
  NEW.score := e.score;
  NEW.weights := e.weights;
  NEW.asked_at := clock();
  NEW.expires_at := clock() + interval '72 hours';
  IF NEW.state = 'accepted' THEN -- only the import makes such
    NEW.answered_at := clock();
    NEW.shown_at := clock();
  END IF;
  RETURN NEW;
END
$$;

-- What the guard of an answer must know about a request that its guide cannot see.
CREATE OR REPLACE FUNCTION newcomer_wants_to_be_asked(request uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (SELECT r.share_contact = 'ask_me' FROM guide_request r WHERE r.id = $1);
END
$$;

CREATE OR REPLACE FUNCTION another_awaits_newcomer(proposal uuid, request uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (SELECT EXISTS (SELECT FROM proposal p WHERE p.request = $2 AND p.id <> $1 AND p.state = 'awaiting_newcomer'));
END
$$;

-- A repeated answer changes nothing; accepted becomes awaiting_newcomer where the newcomer wants to be asked: consent is not left
-- to a statement.
CREATE OR REPLACE FUNCTION proposal_before() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  who     text[] := actors(OLD.guide_account, OLD.request_account);
  party   boolean := who && ARRAY['guide', 'newcomer'];
  pending boolean := OLD.state IN ('open', 'awaiting_newcomer');
BEGIN
  IF NEW.state = OLD.state OR 'guide' = ANY (who) AND NEW.state = 'accepted' AND OLD.state = 'awaiting_newcomer' THEN
    RETURN CASE WHEN party THEN OLD ELSE NEW END;
  ELSIF party AND (OLD.state = 'expired' OR pending AND OLD.expires_at <= clock()) THEN
    PERFORM problem('proposal_expired');
  ELSIF party AND (NOT pending OR 'guide' = ANY (who) AND OLD.state = 'awaiting_newcomer') THEN
    PERFORM problem('already_answered');
  END IF;
  IF 'guide' = ANY (who) AND NEW.state = 'accepted' THEN
    IF another_awaits_newcomer(OLD.id, OLD.request) THEN
      PERFORM problem('already_answered');
    ELSIF newcomer_wants_to_be_asked(OLD.request) THEN
      NEW.state := 'awaiting_newcomer';
      NEW.expires_at := clock() + interval '7 days';
      NEW.reminded_at := NULL;
    END IF;
  END IF;
  IF NEW.state IN ('awaiting_newcomer', 'accepted') THEN
    NEW.shown_at := coalesce(OLD.shown_at, clock());
  END IF;
  IF party THEN
    NEW.answered_at := clock();
  END IF;
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION proposal_after() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE guide g SET recent_asks = ARRAY(SELECT asked FROM unnest(NEW.asked_at || g.recent_asks) AS asked ORDER BY asked DESC LIMIT 3)
     WHERE g.id = NEW.guide;
    UPDATE guide_request r SET state = CASE WHEN r.state = 'open' THEN 'proposed' ELSE r.state END,
                               also_handled_by = CASE WHEN r.city IS NULL AND NEW.guide_city <> ALL (r.also_handled_by)
                                                      THEN r.also_handled_by || NEW.guide_city ELSE r.also_handled_by END
     WHERE r.id = NEW.request;
    IF NEW.asked_by IS NOT NULL THEN
      PERFORM record('propose', 'proposal', NEW.id, NEW.request_city, jsonb_build_object('guide', NEW.guide, 'request', NEW.request));
    END IF;
  END IF;
  IF NEW.state = 'open' THEN
    PERFORM mail('proposal', NEW.guide_account, 'proposal', NEW.id);
  ELSIF NEW.state = 'awaiting_newcomer' THEN
    PERFORM mail('please_confirm', NEW.request_account, 'proposal', NEW.id);
  ELSIF NEW.state = 'accepted' THEN
    INSERT INTO match (id, proposal, request, request_account, request_city, guide, guide_account, guide_city, since, language, waited_days)
    SELECT uuid_v7(), NEW.id, NEW.request, NEW.request_account, NEW.request_city, NEW.guide, NEW.guide_account, NEW.guide_city, clock(),
           (SELECT t ->> 'language' FROM jsonb_array_elements(NEW.terms) AS t WHERE t ->> 'criterion' = 'language'),
           extract(day FROM clock() - r.waiting_since)::integer
      FROM guide_request r WHERE r.id = NEW.request;
  ELSIF NEW.state IN ('declined', 'refused') THEN
    INSERT INTO block (newcomer, guide, rule) VALUES (NEW.request_account, NEW.guide_account, 'H4') ON CONFLICT DO NOTHING;
  END IF;
  IF (NEW.state IN ('refused', 'cancelled') OR NEW.state = 'expired' AND OLD.state = 'awaiting_newcomer')
     AND (SELECT g.state = 'active' FROM guide g WHERE g.id = NEW.guide) THEN
    PERFORM mail('proposal_cancelled', NEW.guide_account, 'proposal', NEW.id);
  END IF;
  IF NEW.state = 'cancelled' AND OLD.state = 'awaiting_newcomer' THEN -- the newcomer was looking forward to this guide
    PERFORM mail('request_reopened', NEW.request_account, 'guide_request', NEW.request);
  END IF;
  PERFORM recount(NEW.guide);
  PERFORM settle_request(NEW.request);
  RETURN NULL;
END
$$;
