-- SPDX-License-Identifier: EUPL-1.2
-- Guide requests: what a change means and what follows from it.

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
    NEW.still_asked_at := NULL;
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
                                              WHEN 'job' = ANY (who) THEN ARRAY['expired', 'withdrawn']
                                              ELSE ARRAY['fulfilled', 'withdrawn'] END), 'forbidden');
  ELSIF NEW.state = 'open' AND OLD.state = 'closed' THEN
    PERFORM require(may_reopen(OLD.id), 'conflict_state');
    PERFORM require(NOT is_duplicate('guide_request', OLD.account), 'duplicate');
    PERFORM require(NOT is_barred(OLD.account), 'suspended');
    NEW.closed_as := NULL;
    NEW.closed_at := NULL;
    NEW.waiting_since := clock();
    NEW.renewed_at := clock();
    NEW.widen_asked_at := NULL;
    NEW.still_asked_at := NULL;
  ELSIF NEW.state = 'open' AND OLD.state = 'matched' THEN
    NEW.renewed_at := clock(); -- the place in the queue stays
    NEW.still_asked_at := NULL;
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
  IF TG_OP = 'UPDATE' THEN -- a new one has none, and the first plan of this, made while there are no rows, reads them all
    DELETE FROM guide_request_language l WHERE l.request = NEW.id;
  END IF;
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
     OR (NEW.languages, NEW.city, NEW.remote, NEW.neighbours) IS DISTINCT FROM (OLD.languages, OLD.city, OLD.remote, OLD.neighbours)
        AND NEW.widened_at IS NOT DISTINCT FROM OLD.widened_at THEN
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
