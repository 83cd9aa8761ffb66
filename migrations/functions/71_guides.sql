-- SPDX-License-Identifier: EUPL-1.2
-- Guides: what a change means and what follows from it.

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
  IF NEW.state = 'suspended' THEN
    PERFORM end_access(NEW.account);
  ELSIF OLD.state = 'suspended' AND NEW.state = 'left' THEN -- who leaves meanwhile does not come back unseen
    INSERT INTO bar (id, key, account, name, city, reason)
    SELECT uuid_v7(), mailbox_key(a.email), a.id, NEW.display_name, NEW.home_city, 'left_while_suspended' FROM account a WHERE a.id = NEW.account
        ON CONFLICT DO NOTHING;
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
