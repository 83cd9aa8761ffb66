-- SPDX-License-Identifier: EUPL-1.2
-- What time does: each function one small transaction, idempotent, in the order of locks, and tells how many rows it changed.

CREATE OR REPLACE FUNCTION expire_proposals() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  due      uuid[];
  requests uuid[];
  expired  integer;
BEGIN
  SELECT array_agg(p.id), array_agg(p.request) INTO due, requests
    FROM (SELECT x.id, x.request FROM proposal x
           WHERE x.state IN ('open', 'awaiting_newcomer') AND x.expires_at <= clock() ORDER BY x.expires_at LIMIT 50) p;
  IF due IS NULL THEN
    RETURN 0;
  END IF;
  PERFORM lock_requests(requests);
  PERFORM lock_guides(guides_of(requests));
  UPDATE proposal p SET state = 'expired'
   WHERE p.id = ANY (due) AND p.state IN ('open', 'awaiting_newcomer') AND p.expires_at <= clock();
  GET DIAGNOSTICS expired = ROW_COUNT;
  RETURN expired;
END
$$;

-- Once, 24 hours after the guide or the newcomer was asked.
CREATE OR REPLACE FUNCTION remind() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  p        record;
  reminded integer := 0;
BEGIN
  FOR p IN UPDATE proposal x SET reminded_at = clock()
            WHERE x.id IN (SELECT y.id FROM proposal y
                            WHERE y.state IN ('open', 'awaiting_newcomer') AND y.reminded_at IS NULL AND y.expires_at > clock()
                              AND coalesce(y.shown_at, y.asked_at) <= clock() - interval '24 hours'
                            ORDER BY y.id LIMIT 50 FOR NO KEY UPDATE SKIP LOCKED)
           RETURNING x.* LOOP
    IF p.state = 'open' THEN
      PERFORM mail('proposal_reminder', p.guide_account, 'proposal', p.id);
    ELSE
      PERFORM mail('please_confirm_reminder', p.request_account, 'proposal', p.id);
    END IF;
    reminded := reminded + 1;
  END LOOP;
  RETURN reminded;
END
$$;

-- paused_until is the day of return, where the guides live.
CREATE OR REPLACE FUNCTION resume_guides() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  due     uuid[] := ARRAY(SELECT g.id FROM guide g
                           WHERE g.state = 'paused' AND g.paused_until <= (clock() AT TIME ZONE 'Europe/Berlin')::date LIMIT 50);
  resumed integer;
BEGIN
  PERFORM lock_guides(due);
  UPDATE guide g SET state = 'active'
   WHERE g.id = ANY (due) AND g.state = 'paused' AND g.paused_until <= (clock() AT TIME ZONE 'Europe/Berlin')::date;
  GET DIAGNOSTICS resumed = ROW_COUNT;
  RETURN resumed;
END
$$;

-- Unconfirmed for as long as that is kept: deleted, thing and all.
CREATE OR REPLACE FUNCTION expire_unconfirmed() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  c    record;
  gone integer := 0;
BEGIN
  FOR c IN DELETE FROM confirmation x
            WHERE (x.subject_kind, x.subject_id) IN (SELECT y.subject_kind, y.subject_id FROM confirmation y
                                                      WHERE y.expires_at <= clock() + interval '7 days' - (SELECT kept_for('unconfirmed'))
                                                      LIMIT 50 FOR UPDATE SKIP LOCKED)
           RETURNING x.* LOOP
    DELETE FROM guide g WHERE c.subject_kind = 'guide' AND g.id = c.subject_id AND g.state = 'unverified';
    DELETE FROM guide_request r WHERE c.subject_kind = 'guide_request' AND r.id = c.subject_id AND r.state = 'unverified';
    DELETE FROM service_request s WHERE c.subject_kind = 'service_request' AND s.id = c.subject_id AND s.state = 'unverified';
    DELETE FROM outbox o WHERE o.subject_id = c.subject_id AND lower(o.address) = lower(c.address);
    gone := gone + 1;
  END LOOP;
  RETURN gone;
END
$$;

-- Sessions that ended; tokens a week after they did, so that their owner is told "expired" and not "unknown"; tokens of lost things.
CREATE OR REPLACE FUNCTION expire_tokens() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  sessions integer;
  tokens   integer;
BEGIN
  DELETE FROM oidc_sign_in o WHERE o.expires_at <= clock() - interval '1 day';
  DELETE FROM session s WHERE s.expires_at <= clock();
  GET DIAGNOSTICS sessions = ROW_COUNT;
  DELETE FROM login_token t
   WHERE t.expires_at <= clock() - interval '7 days'
      OR t.kind = 'task' AND t.created_at <= clock() - interval '30 days'
         AND (SELECT x.alive FROM thing_of(t.subject_kind, t.subject_id) x) IS NOT TRUE
         AND NOT EXISTS (SELECT FROM match m WHERE m.id = t.subject_id AND m.ended_at > clock() - interval '60 days'); -- good for a report
  GET DIAGNOSTICS tokens = ROW_COUNT;
  RETURN sessions + tokens;
END
$$;

-- Once, after a week without anybody: only the newcomer may say that a guide from farther away will do.
CREATE OR REPLACE FUNCTION ask_to_widen() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  due   uuid[] := ARRAY(SELECT r.id FROM guide_request r
                         WHERE r.state = 'open' AND r.widen_asked_at IS NULL AND r.waiting_since <= clock() - interval '7 days'
                         ORDER BY r.waiting_since LIMIT 50);
  asked integer;
BEGIN
  PERFORM lock_requests(due);
  PERFORM mail('widen_request', r.account, 'guide_request', r.id)
     FROM guide_request r WHERE r.id = ANY (due) AND r.state = 'open' AND r.widen_asked_at IS NULL AND may_widen(r);
  UPDATE guide_request r SET widen_asked_at = clock() WHERE r.id = ANY (due) AND r.state = 'open' AND r.widen_asked_at IS NULL;
  GET DIAGNOSTICS asked = ROW_COUNT;
  RETURN asked;
END
$$;

-- Two weeks before a request closes by itself; later where it could not be asked then, and it closes later.
CREATE OR REPLACE FUNCTION ask_still_looking() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  due   uuid[] := ARRAY(SELECT r.id FROM guide_request r
                         WHERE r.state = 'open' AND r.still_asked_at IS NULL AND r.renewed_at <= clock() - interval '76 days'
                         ORDER BY r.renewed_at LIMIT 50);
  asked integer;
BEGIN
  PERFORM lock_requests(due);
  PERFORM mail('still_looking', r.account, 'guide_request', r.id)
     FROM guide_request r WHERE r.id = ANY (due) AND r.state = 'open' AND r.still_asked_at IS NULL;
  UPDATE guide_request r SET still_asked_at = clock() WHERE r.id = ANY (due) AND r.state = 'open' AND r.still_asked_at IS NULL;
  GET DIAGNOSTICS asked = ROW_COUNT;
  RETURN asked;
END
$$;

-- How it goes, two and eight weeks after two people met; both are asked.
CREATE OR REPLACE FUNCTION ask_check_ins() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  m     record;
  asked integer := 0;
BEGIN
  FOR m IN UPDATE match x SET asked_week = check_in_week(x)
            WHERE x.id IN (SELECT y.id FROM match y
                            WHERE y.state = 'active' AND y.paused_at IS NULL AND y.asked_week < 8
                              AND y.since <= clock() - CASE y.asked_week WHEN 0 THEN interval '2 weeks' ELSE interval '8 weeks' END
                            ORDER BY y.since LIMIT 50 FOR NO KEY UPDATE SKIP LOCKED)
           RETURNING x.* LOOP
    PERFORM mail('check_in', m.guide_account, 'match', m.id), mail('check_in', m.request_account, 'match', m.id);
    asked := asked + 1;
  END LOOP;
  RETURN asked;
END
$$;

-- Reports that were resolved long ago.
CREATE OR REPLACE FUNCTION expire_reports() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  expired integer;
BEGIN
  DELETE FROM report r
   WHERE r.id IN (SELECT d.id FROM due_reports d LIMIT 100);
  GET DIAGNOSTICS expired = ROW_COUNT;
  RETURN expired;
END
$$;

CREATE OR REPLACE FUNCTION close_stale_requests() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  stale  uuid[] := ARRAY(SELECT r.id FROM guide_request r
                          WHERE r.state = 'open' AND r.renewed_at <= clock() - interval '90 days'
                            AND r.still_asked_at <= clock() - interval '14 days' ORDER BY r.id LIMIT 50);
  closed integer;
BEGIN
  PERFORM lock_requests(stale);
  UPDATE guide_request r SET state = 'closed', closed_as = 'expired'
   WHERE r.id = ANY (stale) AND r.state = 'open' AND r.renewed_at <= clock() - interval '90 days'
     AND r.still_asked_at <= clock() - interval '14 days';
  GET DIAGNOSTICS closed = ROW_COUNT;
  RETURN closed;
END
$$;

CREATE OR REPLACE FUNCTION clean_outbox() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  cleaned integer;
BEGIN
  DELETE FROM outbox o WHERE o.id IN (SELECT d.id FROM due_mails d LIMIT 1000);
  GET DIAGNOSTICS cleaned = ROW_COUNT;
  RETURN cleaned;
END
$$;
