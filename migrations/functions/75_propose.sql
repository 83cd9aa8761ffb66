-- SPDX-License-Identifier: EUPL-1.2
-- Asking a guide, by a coordinator or by the matching. Request first, then one guide; what the guard of proposals says is said under
-- both locks.

-- Guides of other cities may be asked while they are candidates; more about them nobody learns here.
CREATE OR REPLACE FUNCTION propose(id uuid, request uuid, guide uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  best integer;
BEGIN
  PERFORM require(EXISTS (SELECT FROM guide_request r
                           WHERE r.id = propose.request AND r.handled_by = ANY (my_cities()) AND r.state <> 'unverified'), 'not_found');
  PERFORM require(EXISTS (SELECT FROM guide g WHERE g.id = propose.guide AND g.cities && my_cities() AND g.state <> 'unverified')
                  OR EXISTS (SELECT FROM public_guide g WHERE g.id = propose.guide)
                  OR EXISTS (SELECT FROM eligible e WHERE e.request = propose.request AND e.guide = propose.guide), 'not_found');
  PERFORM lock_requests(ARRAY[propose.request]);
  PERFORM lock_guides(ARRAY[propose.guide]);
  SELECT max(e.score) INTO best FROM eligible e WHERE e.request = propose.request AND e.guide <> propose.guide;
  INSERT INTO proposal (id, request, guide, asked_by, second_best) VALUES (propose.id, propose.request, propose.guide, me(), best);
END
$$;

-- Open requests without a proposal, longest waiting first.
CREATE OR REPLACE FUNCTION requests_waiting() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS
$$ SELECT r.id FROM guide_request r WHERE r.state = 'open' ORDER BY r.waiting_since, r.id $$;

-- The best guide for one request. Locking a second guide would break the order of locks: if the best is gone meanwhile, the next
-- round decides.
CREATE OR REPLACE FUNCTION place(request uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  best uuid[];
  score integer[];
BEGIN
  PERFORM FROM guide_request r WHERE r.id = place.request AND r.state = 'open' FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  SELECT array_agg(x.guide), array_agg(x.score) INTO best, score
    FROM (SELECT e.guide, e.score FROM eligible e WHERE e.request = place.request
           ORDER BY e.score DESC, e.tie DESC, e.guide LIMIT 2) x;
  IF best IS NULL THEN
    RETURN false;
  END IF;
  PERFORM lock_guides(best[1:1]);
  IF broken_rule(place.request, best[1]) IS NOT NULL THEN
    PERFORM pg_notify('welcome', 'matching');
    RETURN false;
  END IF;
  INSERT INTO proposal (id, request, guide, second_best) VALUES (uuid_v7(), place.request, best[1], score[2]);
  RETURN true;
END
$$;
