-- SPDX-License-Identifier: EUPL-1.2
-- The order of locks that never deadlocked: request(s) by id, then guide(s) by id, then the rest. A lock call is the first statement
-- after authentication, since an UPDATE locks before its trigger runs; the right is tested before a foreign row is locked.

CREATE OR REPLACE FUNCTION lock_requests(requests uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM FROM guide_request r WHERE r.id = ANY (requests) ORDER BY r.id FOR NO KEY UPDATE;
END
$$;

CREATE OR REPLACE FUNCTION lock_guides(guides uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM FROM guide g WHERE g.id = ANY (guides) ORDER BY g.id FOR NO KEY UPDATE;
END
$$;

-- The guides whose load a change of these requests can move. Stable once the requests are locked.
CREATE OR REPLACE FUNCTION guides_of(requests uuid[]) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (
    SELECT coalesce(array_agg(x.guide), '{}')
      FROM (SELECT p.guide FROM proposal p WHERE p.request = ANY (requests) AND p.state IN ('open', 'awaiting_newcomer')
            UNION
            SELECT m.guide FROM match m WHERE m.request = ANY (requests) AND m.state = 'active') x);
END
$$;

CREATE OR REPLACE FUNCTION lock_request_and_guides(request uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM lock_requests(ARRAY[request]);
  PERFORM lock_guides(guides_of(ARRAY[request]));
END
$$;

CREATE OR REPLACE FUNCTION lock_for_request(request uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM require(EXISTS (SELECT FROM guide_request r
                           WHERE r.id = request AND r.id = coalesce(task(), r.id)
                             AND (r.account = me() OR r.handled_by = ANY (my_cities()) AND r.state <> 'unverified')), 'not_found');
  PERFORM lock_request_and_guides(request);
END
$$;

-- party: 'guide' or 'newcomer', whose answer this is. Somebody else who may see the proposal is told forbidden, all others not_found.
CREATE OR REPLACE FUNCTION lock_for_proposal(proposal uuid, party text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  p record;
BEGIN
  SELECT x.request, x.guide, x.guide_account = me() AS by_guide, x.request_account = me() AND x.shown_at IS NOT NULL AS by_newcomer,
         ARRAY[x.request_city, x.guide_city] && my_cities() AS by_staff INTO p
    FROM proposal x WHERE x.id = proposal AND x.request = coalesce(task(), x.request);
  PERFORM require(p.by_guide OR p.by_newcomer OR p.by_staff, 'not_found');
  PERFORM require(CASE party WHEN 'guide' THEN p.by_guide WHEN 'newcomer' THEN p.by_newcomer END, 'forbidden');
  PERFORM lock_requests(ARRAY[p.request]);
  PERFORM lock_guides(p.guide || guides_of(ARRAY[p.request]));
END
$$;

CREATE OR REPLACE FUNCTION lock_for_match(match uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  m record;
BEGIN
  SELECT x.request, x.guide INTO m
    FROM match x
   WHERE x.id = match AND x.request = coalesce(task(), x.request)
     AND (me() IN (x.guide_account, x.request_account) OR ARRAY[x.request_city, x.guide_city] && my_cities());
  PERFORM require(FOUND, 'not_found');
  PERFORM lock_requests(ARRAY[m.request]);
  PERFORM lock_guides(m.guide || guides_of(ARRAY[m.request]));
END
$$;

CREATE OR REPLACE FUNCTION requests_of(guide uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (
    SELECT coalesce(array_agg(x.request ORDER BY x.request), '{}')
      FROM (SELECT p.request FROM proposal p WHERE p.guide = $1 AND p.state IN ('open', 'awaiting_newcomer')
            UNION
            SELECT m.request FROM match m WHERE m.guide = $1 AND m.state = 'active') x);
END
$$;

-- For what concerns the whole guide: requests first, so they are read without a lock, and read again under it. Moved: 40001, and the
-- core sends the request again. Coordinators of a guide's other cities may look, and act only where any_city is said.
CREATE OR REPLACE FUNCTION lock_for_guide(guide uuid, any_city boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  g    record;
  seen uuid[] := requests_of(guide);
BEGIN
  SELECT x.account = me() OR x.home_city = ANY (my_cities()) AS mine INTO g
    FROM guide x
   WHERE x.id = lock_for_guide.guide AND x.state <> 'unverified' AND (x.account = me() OR x.cities && my_cities());
  PERFORM require(FOUND, 'not_found');
  PERFORM require(g.mine OR any_city, 'forbidden');
  PERFORM lock_requests(seen);
  PERFORM lock_guides(ARRAY[guide]);
  IF requests_of(guide) <> seen THEN
    RAISE EXCEPTION 'the guide''s requests changed' USING ERRCODE = '40001';
  END IF;
END
$$;
