-- SPDX-License-Identifier: EUPL-1.2
-- States: BEFORE triggers run as the caller and refuse, AFTER triggers run as the owner and carry consequences across the wall.

-- Who acts on a row of which these accounts are the parties. Only the daemon's role speaks for people; consequences, the owner's
-- functions and operators act for the system and its jobs.
CREATE OR REPLACE FUNCTION actors(guide uuid, newcomer uuid) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN CASE WHEN pg_trigger_depth() > 1 THEN ARRAY['system']
              WHEN current_user <> 'welcome' THEN ARRAY['system', 'job']
              WHEN guide = me() THEN ARRAY['guide']
              WHEN newcomer = me() THEN ARRAY['newcomer']
              ELSE ARRAY['staff'] END;
END
$$;

-- The one guard of all machines: no row for the step (but those of system and jobs) is conflict_state, somebody else's forbidden.
CREATE OR REPLACE FUNCTION guard_transition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was  jsonb := to_jsonb(OLD);
  will jsonb := to_jsonb(NEW);
  who  text[];
  step record;
BEGIN
  who := actors(coalesce(was ->> 'guide_account', CASE TG_TABLE_NAME WHEN 'guide' THEN was ->> 'account' END)::uuid,
                coalesce(was ->> 'request_account', CASE TG_TABLE_NAME WHEN 'guide_request' THEN was ->> 'account' END)::uuid);
  SELECT bool_or(t.actor = ANY (who)) AS allowed, bool_or(t.actor IN ('newcomer', 'guide', 'staff')) AS somebodys INTO step
    FROM transition t
   WHERE t.machine = TG_TABLE_NAME AND t.from_state = was ->> 'state' AND t.to_state = will ->> 'state';
  IF step.allowed IS NOT TRUE THEN
    PERFORM problem(CASE WHEN step.somebodys THEN 'forbidden' ELSE 'conflict_state' END);
  END IF;
  RETURN NEW;
END
$$;

-- Languages as the API speaks them, spread for the joins of matching.
CREATE OR REPLACE FUNCTION refuse_repeated_languages(languages jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT count(*) <> count(DISTINCT l ->> 'tag') FROM jsonb_array_elements(languages) AS l) THEN
    PERFORM problem('validation_failed', '[{"pointer":"/languages","code":"not_unique"}]');
  END IF;
END
$$;

-- The same topics as bits, which can be counted fast.
CREATE OR REPLACE FUNCTION count_topics() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.topic_bits := coalesce((SELECT bit_or(set_bit(repeat('0', 256)::bit(256), t.number, 1)) FROM topic t WHERE t.slug = ANY (NEW.topics)),
                             repeat('0', 256)::bit(256));
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION number_topic() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.number := (SELECT min(n) FROM generate_series(0, 255) AS n WHERE n NOT IN (SELECT t.number FROM topic t));
  RETURN NEW;
END
$$;

-- Guides -------------------------------------------------------------------------------------------------------------------------

-- A place is checked when the load grows: a guide may lower the capacity below it. Coordinators decide, and do not rewrite profiles.
CREATE OR REPLACE FUNCTION guide_before() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  who text[] := actors(OLD.account, NULL);
BEGIN
  IF NEW.load > OLD.load AND NEW.load > NEW.capacity THEN
    PERFORM problem('guide_at_capacity');
  END IF;
  IF who && ARRAY['guide', 'staff'] THEN
    NEW.updated_at := clock();
    PERFORM require('guide' = ANY (who) OR (NEW.display_name, NEW.story, NEW.languages, NEW.cities, NEW.audiences, NEW.topics, NEW.capacity,
                                            NEW.asks_per_month, NEW.neighbours, NEW.remote, NEW.gender, NEW.listed)
                    IS NOT DISTINCT FROM (OLD.display_name, OLD.story, OLD.languages, OLD.cities, OLD.audiences, OLD.topics, OLD.capacity,
                                          OLD.asks_per_month, OLD.neighbours, OLD.remote, OLD.gender, OLD.listed), 'forbidden');
    PERFORM require('staff' = ANY (who) OR NEW.decision_reason IS NOT DISTINCT FROM OLD.decision_reason, 'forbidden');
  END IF;
  IF NEW.state = OLD.state AND NEW.state <> 'paused' THEN
    NEW.paused_until := NULL;
  ELSIF NEW.state <> OLD.state THEN
    NEW.applied_at := CASE WHEN NEW.state = 'applied' THEN clock() ELSE OLD.applied_at END;
    NEW.decided_at := CASE WHEN NEW.state IN ('active', 'rejected') AND OLD.state IN ('applied', 'in_screening') THEN clock()
                           ELSE OLD.decided_at END;
    NEW.paused_until := CASE WHEN NEW.state = 'paused' THEN NEW.paused_until END;
    NEW.decision_reason := CASE WHEN NEW.state IN ('rejected', 'suspended') THEN NEW.decision_reason END;
  END IF;
  RETURN NEW;
END
$$;

-- Not before the address is confirmed: until then nobody shall count them.
CREATE OR REPLACE FUNCTION guide_spread() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM refuse_repeated_languages(NEW.languages);
  IF NEW.state = 'unverified'
     OR TG_OP = 'UPDATE' AND OLD.state <> 'unverified' AND (NEW.languages, NEW.cities) = (OLD.languages, OLD.cities) THEN
    RETURN NULL;
  END IF;
  DELETE FROM guide_language l WHERE l.guide = NEW.id;
  INSERT INTO guide_language (guide, language, rank)
  SELECT NEW.id, l ->> 'tag', level_rank(l ->> 'level') FROM jsonb_array_elements(NEW.languages) AS l;
  DELETE FROM guide_city c WHERE c.guide = NEW.id AND c.city <> ALL (NEW.cities);
  INSERT INTO guide_city (guide, city, position)
  SELECT NEW.id, c.city, c.n FROM unnest(NEW.cities) WITH ORDINALITY AS c(city, n)
      ON CONFLICT (guide, city) DO UPDATE SET position = excluded.position;
  RETURN NULL;
END
$$;

-- guide.serves follows the approved cities.
CREATE OR REPLACE FUNCTION guide_city_after() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  changed uuid := coalesce(NEW.guide, OLD.guide);
BEGIN
  UPDATE guide g SET serves = ARRAY(SELECT c.city FROM guide_city c WHERE c.guide = g.id AND c.approved ORDER BY c.position)
   WHERE g.id = changed
     AND g.serves <> ARRAY(SELECT c.city FROM guide_city c WHERE c.guide = g.id AND c.approved ORDER BY c.position);
  RETURN NULL;
END
$$;

-- The caller's cities among the guide's become approved: each city decides for itself.
CREATE OR REPLACE FUNCTION approve_cities(guide uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  UPDATE guide_city c SET approved = true
   WHERE c.guide = approve_cities.guide AND c.city = ANY (my_cities()) AND NOT c.approved;
  IF FOUND THEN
    PERFORM record('approve_cities', 'guide', guide, NULL, jsonb_build_object('cities', my_cities()));
    PERFORM pg_notify('welcome', 'matching');
  END IF;
END
$$;

-- Leaving the guides ends everything, a pause only what nobody has said yes to.
CREATE OR REPLACE FUNCTION guide_after() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  person   record;
  template text := CASE WHEN NEW.state IN ('rejected', 'suspended') THEN 'guide_' || NEW.state
                        WHEN NEW.state = 'active' AND OLD.state = 'suspended' THEN 'guide_reinstated'
                        WHEN NEW.state = 'active' AND OLD.state <> 'paused' THEN 'guide_approved' END;
BEGIN
  IF NEW.state IN ('paused', 'suspended', 'left') THEN
    UPDATE proposal p SET state = 'cancelled'
     WHERE p.guide = NEW.id AND (p.state = 'open' OR p.state = 'awaiting_newcomer' AND NEW.state <> 'paused');
  END IF;
  IF NEW.state IN ('suspended', 'left') THEN
    UPDATE match m SET state = 'ended', ended_reason = 'guide_left' WHERE m.guide = NEW.id AND m.state = 'active';
  ELSIF NEW.state = 'applied' THEN
    FOR person IN SELECT DISTINCT r.account FROM staff_role r
                   WHERE r.role = 'coordinator' AND r.city = ANY (ARRAY[NEW.home_city, '*']) LOOP
      PERFORM mail('guide_application', person.account, 'guide', NEW.id);
    END LOOP;
  ELSIF NEW.state = 'active' THEN
    UPDATE guide_city c SET approved = true WHERE c.guide = NEW.id AND c.city = ANY (NEW.home_city || my_cities()) AND NOT c.approved;
    PERFORM pg_notify('welcome', 'matching');
  END IF;
  IF template IS NOT NULL THEN
    PERFORM mail(template, NEW.account, 'guide', NEW.id);
  END IF;
  IF me() IS DISTINCT FROM NEW.account AND me() IS NOT NULL THEN
    PERFORM record('guide_' || NEW.state, 'guide', NEW.id, NEW.home_city);
  END IF;
  RETURN NULL;
END
$$;

-- Counts the places a guide's proposals and matches take; the caller holds the guide's lock.
CREATE OR REPLACE FUNCTION recount(guide uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  taken integer := (SELECT count(*) FROM match m WHERE m.guide = recount.guide AND m.state = 'active')
                 + (SELECT count(*) FROM proposal p WHERE p.guide = recount.guide AND p.state IN ('open', 'awaiting_newcomer'));
BEGIN
  UPDATE guide g SET load = taken WHERE g.id = recount.guide AND g.load <> taken;
  IF FOUND THEN
    PERFORM pg_notify('welcome', 'matching');
  END IF;
END
$$;

-- Requests -----------------------------------------------------------------------------------------------------------------------

-- Ids from clients go through a window: only a public guide can be preferred.
CREATE OR REPLACE FUNCTION guide_request_preference() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user = 'welcome' AND NOT EXISTS (SELECT FROM public_guide g WHERE g.id = NEW.preferred_guide) THEN
    PERFORM problem('validation_failed', '[{"pointer":"/preferred_guide","code":"unknown_guide"}]');
  END IF;
  RETURN NEW;
END
$$;

-- Content changes in open and proposed only; the way a request is closed follows from who closes it.
CREATE OR REPLACE FUNCTION guide_request_before() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  who  text[] := actors(NULL, OLD.account);
  mine text[] := ARRAY['display_name', 'languages', 'city', 'remote', 'neighbours', 'audience', 'topics', 'arrival_on', 'message',
                       'preferred_guide', 'share_contact', 'guide_gender', 'guide_gender_must'];
BEGIN
  IF NOT who && ARRAY['newcomer', 'staff'] THEN
    NULL; -- consequences may touch anything
  ELSIF EXISTS (SELECT FROM unnest(mine) AS c WHERE to_jsonb(NEW) -> c IS DISTINCT FROM to_jsonb(OLD) -> c) THEN
    PERFORM require(OLD.state IN ('open', 'proposed'), 'conflict_state');
    PERFORM require('newcomer' = ANY (who), 'forbidden');
    NEW.updated_at := clock();
    NEW.renewed_at := clock();
  ELSIF NEW.state = 'closed' AND OLD.state = 'closed' THEN
    PERFORM require(NEW.closed_as = OLD.closed_as, 'conflict_state');
    RETURN OLD;
  END IF;
  IF NEW.state = 'open' AND OLD.state = 'unverified' THEN
    NEW.waiting_since := coalesce(NEW.waiting_since, clock());
    NEW.renewed_at := clock();
  ELSIF NEW.state = 'closed' AND OLD.state <> 'closed' THEN
    NEW.closed_at := clock();
    PERFORM require(NEW.closed_as = ANY (CASE WHEN 'newcomer' = ANY (who) THEN ARRAY['withdrawn']
                                              WHEN 'staff' = ANY (who) THEN ARRAY['no_guide']
                                              WHEN 'job' = ANY (who) THEN ARRAY['expired']
                                              ELSE ARRAY['fulfilled', 'withdrawn'] END), 'forbidden');
  ELSIF NEW.state = 'open' AND OLD.state = 'closed' THEN
    PERFORM require(may_reopen(OLD.id), 'conflict_state');
    PERFORM require(NOT is_duplicate('guide_request', OLD.account), 'duplicate');
    NEW.closed_as := NULL;
    NEW.closed_at := NULL;
    NEW.waiting_since := clock();
    NEW.renewed_at := clock();
  ELSIF NEW.state = 'open' AND OLD.state = 'matched' THEN
    NEW.renewed_at := clock(); -- the place in the queue stays
  END IF;
  IF NEW.city IS NOT NULL THEN
    NEW.also_handled_by := '{}';
  END IF;
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION guide_request_spread() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM refuse_repeated_languages(NEW.languages);
  DELETE FROM guide_request_language l WHERE l.request = NEW.id;
  INSERT INTO guide_request_language (request, position, language, rank)
  SELECT NEW.id, l.n, l.value ->> 'tag', level_rank(l.value ->> 'level')
    FROM jsonb_array_elements(NEW.languages) WITH ORDINALITY AS l(value, n);
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION guide_request_after() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  IF NEW.state = 'closed'
     OR (NEW.languages, NEW.city, NEW.remote, NEW.neighbours) IS DISTINCT FROM (OLD.languages, OLD.city, OLD.remote, OLD.neighbours) THEN
    UPDATE proposal p SET state = 'cancelled' WHERE p.request = NEW.id AND p.state IN ('open', 'awaiting_newcomer');
  END IF;
  IF NEW.state = 'open' THEN
    PERFORM pg_notify('welcome', 'matching');
  END IF;
  IF NEW.state = 'closed' AND OLD.state <> 'closed' AND NEW.closed_as IN ('expired', 'no_guide') THEN
    PERFORM mail('request_expired', NEW.account, 'guide_request', NEW.id);
  ELSIF NEW.state = 'open' AND OLD.state = 'matched' THEN
    PERFORM mail('request_reopened', NEW.account, 'guide_request', NEW.id);
  END IF;
  IF NEW.closed_as = 'no_guide' AND OLD.state <> 'closed' THEN
    PERFORM record('request_closed', 'guide_request', NEW.id, NEW.handled_by, jsonb_build_object('closed_as', NEW.closed_as));
  END IF;
  RETURN NULL;
END
$$;

-- A request that is neither matched nor closed stands where its proposals are.
CREATE OR REPLACE FUNCTION settle_request(request uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  UPDATE guide_request r SET state = s.state
    FROM (SELECT CASE WHEN bool_or(p.state = 'awaiting_newcomer') THEN 'awaiting_newcomer'
                      WHEN count(*) > 0 THEN 'proposed' ELSE 'open' END AS state
            FROM proposal p WHERE p.request = settle_request.request AND p.state IN ('open', 'awaiting_newcomer')) s
   WHERE r.id = settle_request.request AND r.state IN ('open', 'proposed', 'awaiting_newcomer') AND r.state <> s.state;
END
$$;

-- Proposals ----------------------------------------------------------------------------------------------------------------------

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

-- Matches ------------------------------------------------------------------------------------------------------------------------

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
  RETURN NEW;
END
$$;

-- completed fulfils the request, what a party says otherwise withdraws it, a guide who is gone opens it again.
CREATE OR REPLACE FUNCTION match_after() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  UPDATE guide_request r
     SET state = CASE WHEN NEW.ended_by = 'system' THEN 'open' ELSE 'closed' END,
         closed_as = CASE WHEN NEW.ended_by = 'system' THEN NULL WHEN NEW.ended_reason = 'completed' THEN 'fulfilled' ELSE 'withdrawn' END
   WHERE r.id = NEW.request AND r.state = 'matched';
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

CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (NEW.actor IS NULL AND (to_jsonb(NEW) - 'actor') = (to_jsonb(OLD) - 'actor')) THEN
    RAISE EXCEPTION 'audit is append-only';
  END IF;
  RETURN NEW;
END
$$;

-- Somebody listens: jobs for mail and matching, caches for what is public.
CREATE OR REPLACE FUNCTION notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('welcome', TG_ARGV[0]);
  RETURN NULL;
END
$$;

-- BEFORE triggers run in the order of their names: what an answer means, then whether it may be.
CREATE OR REPLACE TRIGGER a_meaning BEFORE UPDATE ON guide FOR EACH ROW EXECUTE FUNCTION guide_before();
CREATE OR REPLACE TRIGGER b_guard BEFORE UPDATE ON guide
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION guard_transition();
CREATE OR REPLACE TRIGGER number BEFORE INSERT ON topic FOR EACH ROW EXECUTE FUNCTION number_topic();
CREATE OR REPLACE TRIGGER c_topics BEFORE INSERT OR UPDATE OF topics ON guide FOR EACH ROW EXECUTE FUNCTION count_topics();
CREATE OR REPLACE TRIGGER a_spread AFTER INSERT OR UPDATE OF languages, cities, state ON guide FOR EACH ROW EXECUTE FUNCTION guide_spread();
CREATE OR REPLACE TRIGGER b_consequences AFTER UPDATE ON guide
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION guide_after();
CREATE OR REPLACE TRIGGER c_matching AFTER UPDATE OF languages, cities, capacity, neighbours, remote, asks_per_month ON guide
  FOR EACH ROW EXECUTE FUNCTION notify('matching');
CREATE OR REPLACE TRIGGER serves AFTER INSERT OR UPDATE OR DELETE ON guide_city FOR EACH ROW EXECUTE FUNCTION guide_city_after();

CREATE OR REPLACE TRIGGER a_preference BEFORE INSERT OR UPDATE OF preferred_guide ON guide_request
  FOR EACH ROW WHEN (NEW.preferred_guide IS NOT NULL) EXECUTE FUNCTION guide_request_preference();
CREATE OR REPLACE TRIGGER b_meaning BEFORE UPDATE ON guide_request FOR EACH ROW EXECUTE FUNCTION guide_request_before();
CREATE OR REPLACE TRIGGER c_guard BEFORE UPDATE ON guide_request
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION guard_transition();
CREATE OR REPLACE TRIGGER d_topics BEFORE INSERT OR UPDATE OF topics ON guide_request
  FOR EACH ROW EXECUTE FUNCTION count_topics();
CREATE OR REPLACE TRIGGER a_spread AFTER INSERT OR UPDATE OF languages ON guide_request
  FOR EACH ROW EXECUTE FUNCTION guide_request_spread();
CREATE OR REPLACE TRIGGER b_consequences AFTER UPDATE ON guide_request FOR EACH ROW EXECUTE FUNCTION guide_request_after();

CREATE OR REPLACE TRIGGER a_made BEFORE INSERT ON proposal FOR EACH ROW EXECUTE FUNCTION proposal_made();
CREATE OR REPLACE TRIGGER a_meaning BEFORE UPDATE ON proposal FOR EACH ROW EXECUTE FUNCTION proposal_before();
CREATE OR REPLACE TRIGGER b_guard BEFORE UPDATE ON proposal
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION guard_transition();
CREATE OR REPLACE TRIGGER b_made AFTER INSERT ON proposal FOR EACH ROW EXECUTE FUNCTION proposal_after();
CREATE OR REPLACE TRIGGER b_consequences AFTER UPDATE ON proposal
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION proposal_after();

CREATE OR REPLACE TRIGGER a_meaning BEFORE UPDATE ON match FOR EACH ROW EXECUTE FUNCTION match_before();
CREATE OR REPLACE TRIGGER b_guard BEFORE UPDATE ON match
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION guard_transition();
CREATE OR REPLACE TRIGGER b_made AFTER INSERT ON match FOR EACH ROW EXECUTE FUNCTION match_made();
CREATE OR REPLACE TRIGGER b_consequences AFTER UPDATE ON match
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION match_after();

CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse();
-- Commits that notify wait for each other, so what the daemon's own requests write notifies nobody: the daemon wakes its mailer itself.
CREATE OR REPLACE TRIGGER wake AFTER INSERT ON outbox
  FOR EACH STATEMENT WHEN (session_user <> 'welcome') EXECUTE FUNCTION notify('outbox');
CREATE OR REPLACE TRIGGER wake AFTER INSERT ON weights FOR EACH STATEMENT EXECUTE FUNCTION notify('matching');

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['city', 'language', 'related_language', 'country', 'audience', 'stage', 'topic'] LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON %I
                      FOR EACH STATEMENT EXECUTE FUNCTION notify(''reference'')', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['article', 'revision', 'article_slug'] LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON %I
                      FOR EACH STATEMENT EXECUTE FUNCTION notify(''content'')', name);
  END LOOP;
END
$$;
