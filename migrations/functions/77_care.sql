-- SPDX-License-Identifier: EUPL-1.2
-- Care for those who wait and those who met: looking wider, still looking, check-ins. Whoever calls holds the locks of
-- lock_for_request() or lock_for_match(), which know the right to come so far.

-- What a request could still be opened to, which only the newcomer may.
CREATE OR REPLACE FUNCTION may_widen(r guide_request) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT NOT r.remote OR NOT r.neighbours AND EXISTS (SELECT FROM city c WHERE c.slug = r.city AND c.neighbours <> '{}')
$$;

-- Wider only: what was proposed still fits, so nothing is cancelled.
CREATE OR REPLACE FUNCTION widen_request(request uuid, neighbours boolean, remote boolean) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  r guide_request;
BEGIN
  SELECT * INTO r FROM guide_request x WHERE x.id = widen_request.request;
  PERFORM require(r.account = me(), 'forbidden');
  PERFORM require(r.state IN ('open', 'proposed'), 'conflict_state');
  UPDATE guide_request x
     SET neighbours = x.neighbours OR coalesce(widen_request.neighbours, false),
         remote = x.remote OR coalesce(widen_request.remote, false),
         widened_at = clock(), renewed_at = clock(), updated_at = clock(), still_asked_at = NULL
   WHERE x.id = r.id AND (NOT x.neighbours AND widen_request.neighbours OR NOT x.remote AND widen_request.remote);
END
$$;

-- "Yes, still looking": ninety days from now.
CREATE OR REPLACE FUNCTION renew_request(request uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM require(r.account = me(), 'forbidden'), require(r.state IN ('open', 'proposed', 'awaiting_newcomer'), 'conflict_state')
    FROM guide_request r WHERE r.id = renew_request.request;
  UPDATE guide_request r SET renewed_at = clock(), still_asked_at = NULL WHERE r.id = renew_request.request;
END
$$;

-- The week whose check-in is due or was asked for last; NULL before the second.
CREATE OR REPLACE FUNCTION check_in_week(m match) RETURNS smallint LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN m.since <= clock() - interval '8 weeks' THEN 8 WHEN m.since <= clock() - interval '2 weeks' THEN 2 END::smallint
$$;

CREATE OR REPLACE FUNCTION coordinators_of(cities text[], parties uuid[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT DISTINCT r.account
    FROM staff_role r
   WHERE r.role = 'coordinator'
     AND r.city = ANY (cities || '*'::text)
     AND r.account <> ALL (parties)
$$;

-- Answered again, the last answer counts. Who has no contact or needs help gets a coordinator.
CREATE OR REPLACE FUNCTION answer_check_in(match uuid, answer text, note text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  m      match;
  said   text;
  before text;
BEGIN
  SELECT * INTO m FROM match x WHERE x.id = answer_check_in.match;
  said := CASE me() WHEN m.guide_account THEN 'guide' WHEN m.request_account THEN 'newcomer' END;
  PERFORM require(said IS NOT NULL, 'forbidden');
  PERFORM require(m.state = 'active' AND check_in_week(m) IS NOT NULL, 'conflict_state');
  SELECT c.answer INTO before FROM check_in c WHERE c.match = m.id AND c.week = check_in_week(m) AND c.party = said;
  INSERT INTO check_in (match, week, party, answer, note)
  VALUES (m.id, check_in_week(m), said, answer_check_in.answer, answer_check_in.note)
      ON CONFLICT ON CONSTRAINT check_in_pkey DO UPDATE SET answer = excluded.answer, note = excluded.note, answered_at = excluded.answered_at;
  IF answer_check_in.answer <> 'well' AND answer_check_in.answer IS DISTINCT FROM before THEN
    PERFORM mail('check_in_help', c.account, 'match', m.id) FROM coordinators_of(ARRAY[m.request_city, m.guide_city], ARRAY[m.guide_account, m.request_account]) AS c(account);
  END IF;
END
$$;

-- [{"week","party","answer","note","answered_at"}]: one's own, for coordinators both sides'.
CREATE OR REPLACE FUNCTION check_ins_of(match uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object('week', c.week, 'party', c.party, 'answer', c.answer, 'note', c.note,
                                                 'answered_at', rfc3339(c.answered_at)) ORDER BY c.week, c.party), '[]')
      FROM match m JOIN check_in c ON c.match = m.id
     WHERE m.id = $1
       AND (ARRAY[m.request_city, m.guide_city] && my_cities() AND me() NOT IN (m.guide_account, m.request_account)
            OR me() = CASE c.party WHEN 'guide' THEN m.guide_account ELSE m.request_account END));
END
$$;
