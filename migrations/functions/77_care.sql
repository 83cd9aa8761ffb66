-- SPDX-License-Identifier: EUPL-1.2
-- Care for those who wait and those who met: looking wider, still looking, check-ins, reports. Whoever calls holds the locks of
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

-- The pair is kept apart at once (H5), an active match pauses, and of a request that was opened again no ask to this guide stays; what comes
-- then a coordinator decides.
CREATE OR REPLACE FUNCTION report_match(id uuid, match uuid, reason text, text text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  m    match;
  said text;
BEGIN
  SELECT * INTO m FROM match x WHERE x.id = report_match.match;
  said := CASE me() WHEN m.guide_account THEN 'guide' WHEN m.request_account THEN 'newcomer' END;
  PERFORM require(said IS NOT NULL, 'forbidden');
  PERFORM require(NOT EXISTS (SELECT FROM report r WHERE r.match = m.id AND r.reported_by = said AND r.state = 'open'), 'duplicate');
  INSERT INTO report (id, match, request_city, guide_city, reported_by, reason, text)
  VALUES (report_match.id, m.id, m.request_city, m.guide_city, said, report_match.reason, report_match.text);
  INSERT INTO block (newcomer, guide, rule) VALUES (m.request_account, m.guide_account, 'H5') ON CONFLICT DO NOTHING;
  UPDATE match x SET paused_at = coalesce(x.paused_at, clock()) WHERE x.id = m.id AND x.state = 'active';
  UPDATE proposal p SET state = 'cancelled'
   WHERE p.request = m.request AND p.guide = m.guide AND p.state IN ('open', 'awaiting_newcomer');
  PERFORM mail('match_reported', c.account, 'report', report_match.id) FROM coordinators_of(ARRAY[m.request_city, m.guide_city], ARRAY[m.guide_account, m.request_account]) AS c(account);
END
$$;

-- First in every change of a report: its match, if the report is for one of the coordinator's cities and not about them.
CREATE OR REPLACE FUNCTION lock_for_report(report uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  about uuid;
BEGIN
  SELECT r.match INTO about
    FROM report r JOIN match m ON m.id = r.match
   WHERE r.id = lock_for_report.report
     AND ARRAY[r.request_city, r.guide_city] && my_cities()
     AND me() NOT IN (m.guide_account, m.request_account);
  PERFORM require(FOUND, 'not_found');
  PERFORM lock_for_match(about);
END
$$;

CREATE OR REPLACE FUNCTION report_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state = 'resolved' THEN
    NEW.resolved_at := clock();
    NEW.resolved_by := me();
  END IF;
  RETURN NEW;
END
$$;

-- Continued: nothing keeps the two apart any more, unless the other reports as well. Ended: the block stays.
CREATE OR REPLACE FUNCTION report_after() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  m match;
BEGIN
  SELECT * INTO m FROM match x WHERE x.id = NEW.match;
  PERFORM require(NEW.outcome = 'ended' OR m.state = 'active', 'conflict_state');
  IF NEW.outcome = 'continued' AND NOT EXISTS (SELECT FROM report r WHERE r.match = m.id AND r.state = 'open') THEN
    UPDATE match x SET paused_at = NULL WHERE x.id = m.id;
    DELETE FROM block b WHERE b.newcomer = m.request_account AND b.guide = m.guide_account AND b.rule = 'H5';
  END IF;
  PERFORM record('resolve_report', 'report', NEW.id, NEW.guide_city, jsonb_build_object('outcome', NEW.outcome, 'match', NEW.match));
  RETURN NULL;
END
$$;
