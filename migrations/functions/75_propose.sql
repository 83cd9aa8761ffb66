-- SPDX-License-Identifier: EUPL-1.2
-- Asking a guide, by a coordinator. Request first, then one guide; what the guard of proposals says is said under both locks.

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
