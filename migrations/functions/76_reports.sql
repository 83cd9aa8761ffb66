-- SPDX-License-Identifier: EUPL-1.2
-- Reports: what one says of the other in a proposal or a match, and what coordinators do about it. A report stands on the proposal, which is
-- there before a match and after it. While it is open, whoever was reported is brought together with nobody new.

-- Requests in which something goes on for these people, as newcomer or as guide.
CREATE OR REPLACE FUNCTION requests_of_people(accounts uuid[]) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    SELECT r.id FROM guide_request r WHERE r.account = ANY (accounts) AND r.state <> 'closed'
    UNION SELECT p.request FROM proposal p WHERE p.guide_account = ANY (accounts) AND p.state IN ('open', 'awaiting_newcomer')
    UNION SELECT m.request FROM match m WHERE m.guide_account = ANY (accounts) AND m.state = 'active'
    ORDER BY 1);
END
$$;

-- Everything that goes on for these people (also: a request that may be closed), in the order of locks. Moved: 40001, and the core sends the
-- request again.
CREATE OR REPLACE FUNCTION lock_people(accounts uuid[], also uuid DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  seen uuid[] := requests_of_people(accounts);
BEGIN
  PERFORM lock_requests(seen || also);
  PERFORM lock_guides(guides_of(seen) || ARRAY(SELECT g.id FROM guide g WHERE g.account = ANY (accounts)));
  IF requests_of_people(accounts) <> seen THEN
    RAISE EXCEPTION 'what goes on for them changed' USING ERRCODE = '40001';
  END IF;
END
$$;

-- First where one of two says something of the other: both of them. Who is told of the proposal (or match) but is none of the two: forbidden.
CREATE OR REPLACE FUNCTION lock_for_party(proposal uuid, match uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  p record;
BEGIN
  SELECT x.request, x.guide_account, x.request_account, x.guide_account = me() OR x.request_account = me() AND x.shown_at IS NOT NULL AS party INTO p
    FROM proposal x
   WHERE x.id = coalesce(lock_for_party.proposal, (SELECT m.proposal FROM match m WHERE m.id = lock_for_party.match))
     AND x.request = coalesce(task(), x.request)
     AND (x.guide_account = me() OR x.request_account = me() AND x.shown_at IS NOT NULL OR ARRAY[x.request_city, x.guide_city] && my_cities());
  PERFORM require(FOUND, 'not_found');
  PERFORM require(p.party, 'forbidden');
  PERFORM lock_people(ARRAY[p.guide_account, p.request_account], p.request);
END
$$;

-- Neither is proposed to the other any more, whoever of them is the guide.
CREATE OR REPLACE FUNCTION keep_apart(one uuid, other uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  INSERT INTO block (newcomer, guide, rule) VALUES (one, other, 'H5'), (other, one, 'H5') ON CONFLICT DO NOTHING;
  UPDATE proposal p SET state = 'cancelled'
   WHERE (p.guide_account, p.request_account) IN ((one, other), (other, one)) AND p.state IN ('open', 'awaiting_newcomer');
$$;

-- What is still active between two people, whose coordinators or whose link it may not be seen by, ends; the newcomers may reopen.
CREATE OR REPLACE FUNCTION end_between(one uuid, other uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  m record;
BEGIN
  FOR m IN SELECT x.id, x.request, x.guide_account, x.request_account
             FROM match x
            WHERE (x.guide_account, x.request_account) IN ((one, other), (other, one)) AND x.state = 'active'
            ORDER BY x.id LOOP
    UPDATE guide_request r SET state = 'closed', closed_as = 'withdrawn' WHERE r.id = m.request AND r.state = 'matched';
    UPDATE match x SET state = 'ended', ended_reason = 'other' WHERE x.id = m.id;
    PERFORM mail('match_ended_guide', m.guide_account, 'match', m.id) WHERE m.guide_account IS DISTINCT FROM me();
    PERFORM mail('match_ended_newcomer', m.request_account, 'match', m.id) WHERE m.request_account IS DISTINCT FROM me();
  END LOOP;
END
$$;

-- By who has just made the report and wants contact to end: a mailed link reaches one request only, what the two have is all of it.
CREATE OR REPLACE FUNCTION end_reported(report uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS
$$ SELECT end_between(r.reporter, r.reported) FROM report r WHERE r.id = $1 AND r.id = subject() AND r.reporter = me() $$;

-- Under lock_for_party(). The two are kept apart at once, what is active between them pauses; after an urgent report the other asks of whoever
-- was reported go to somebody else. Where no coordinator is there to be told, others are told at once that nobody is.
CREATE OR REPLACE FUNCTION file_report(id uuid, proposal uuid, match uuid, reason text, text text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  p     proposal;
  met   uuid;
  said  text;
  other uuid;
  told  integer;
BEGIN
  SELECT * INTO p FROM proposal x WHERE x.id = coalesce(file_report.proposal, (SELECT m.proposal FROM match m WHERE m.id = file_report.match));
  SELECT m.id INTO met FROM match m WHERE m.proposal = p.id;
  said := CASE me() WHEN p.guide_account THEN 'guide' WHEN p.request_account THEN 'newcomer' END;
  other := CASE said WHEN 'guide' THEN p.request_account ELSE p.guide_account END;
  PERFORM require(said IS NOT NULL, 'forbidden');
  PERFORM require(NOT EXISTS (SELECT FROM report r WHERE r.proposal = p.id AND r.reported_by = said AND r.state = 'open'), 'duplicate');
  INSERT INTO report (id, proposal, match, request_city, guide_city, reported_by, reporter, reported, reason, text)
  VALUES (file_report.id, p.id, met, p.request_city, p.guide_city, said, me(), other, file_report.reason, file_report.text);
  PERFORM keep_apart(p.guide_account, p.request_account);
  UPDATE match x SET paused_at = coalesce(x.paused_at, clock())
   WHERE (x.guide_account, x.request_account) IN ((me(), other), (other, me())) AND x.state = 'active';
  UPDATE proposal x SET state = 'cancelled'
    FROM report r
   WHERE r.id = file_report.id AND r.urgency = 1 AND other IN (x.guide_account, x.request_account)
     AND x.state IN ('open', 'awaiting_newcomer');
  PERFORM mail('match_reported', c.account, 'report', file_report.id)
     FROM coordinators_of(ARRAY[p.request_city, p.guide_city], ARRAY[p.guide_account, p.request_account]) AS c(account);
  GET DIAGNOSTICS told = ROW_COUNT;
  UPDATE report r
     SET remind_at = clock() + (ARRAY[interval '4 hours', interval '1 day', interval '2 days'])[r.urgency],
         escalate_at = CASE WHEN told = 0 THEN clock() ELSE clock() + (ARRAY[interval '1 day', interval '2 days', interval '4 days'])[r.urgency] END
   WHERE r.id = file_report.id;
END
$$;

-- The mailed link alone, also when what it opened is over: it makes whoever has it the one it was mailed to, for this report only. The proposal
-- it is about.
CREATE OR REPLACE FUNCTION report_link(token_hash bytea) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  token login_token;
  p     record;
BEGIN
  SELECT * INTO token FROM login_token t WHERE t.token_hash = report_link.token_hash AND t.kind = 'task';
  SELECT x.id, x.request INTO p
    FROM proposal x
   WHERE x.id = CASE token.subject_kind WHEN 'proposal' THEN token.subject_id
                                        WHEN 'match' THEN (SELECT m.proposal FROM match m WHERE m.id = token.subject_id) END;
  PERFORM require(FOUND, 'token_unknown');
  PERFORM set_config('welcome.account', token.account::text, true), set_config('welcome.task', p.request::text, true);
  RETURN p.id;
END
$$;

-- Coordinators of both cities, but none whom it is about.
CREATE OR REPLACE FUNCTION sees_report(r report) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT ARRAY[r.request_city, r.guide_city] && my_cities() AND me() NOT IN (r.reporter, r.reported)
$$;

-- First in every decision: both people and what goes on for them. Suspending somebody is for the coordinators of their own city.
CREATE OR REPLACE FUNCTION lock_for_report(report uuid, suspend boolean) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  r report;
BEGIN
  SELECT * INTO r FROM report x WHERE x.id = lock_for_report.report AND sees_report(x);
  PERFORM require(FOUND, 'not_found');
  PERFORM require(NOT suspend OR CASE r.reported_by WHEN 'guide' THEN r.request_city ELSE r.guide_city END = ANY (my_cities()), 'forbidden');
  PERFORM lock_people(ARRAY[r.reporter, r.reported]
                      || (SELECT people_of_mailbox(a.email) FROM account a WHERE a.id = r.reported AND lock_for_report.suspend),
                      (SELECT p.request FROM proposal p WHERE p.id = r.proposal));
END
$$;

-- Who has it, so that two do not call the same person; whoever comes later may take it over, knowingly.
CREATE OR REPLACE FUNCTION claim_report(report uuid, take_over boolean) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  r report;
BEGIN
  PERFORM require(EXISTS (SELECT FROM report x WHERE x.id = claim_report.report AND sees_report(x)), 'not_found');
  SELECT * INTO r FROM report x WHERE x.id = claim_report.report FOR NO KEY UPDATE;
  PERFORM require(r.state = 'open', 'conflict_state');
  IF r.claimed_by = me() THEN
    RETURN;
  END IF;
  PERFORM require(r.claimed_by IS NULL OR take_over, 'conflict_state');
  UPDATE report x
     SET claimed_by = me(), claimed_at = clock(), remind_at = clock() + interval '3 days', escalate_at = clock() + interval '7 days'
   WHERE x.id = r.id;
  PERFORM record('claim_report', 'report', r.id, nullif(r.guide_city, '*'), jsonb_build_object('from', r.claimed_by));
END
$$;

CREATE OR REPLACE FUNCTION note_report(id uuid, report uuid, text text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM require(EXISTS (SELECT FROM report x WHERE x.id = note_report.report AND sees_report(x)), 'not_found');
  INSERT INTO report_note (id, report, author, text) VALUES (note_report.id, note_report.report, me(), note_report.text);
  PERFORM record('note_report', 'report', note_report.report, NULL);
END
$$;

-- [{"id","text","written_at","author"}], oldest first; author: the name of somebody of staff, if they have one.
CREATE OR REPLACE FUNCTION notes_of(report uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'text', n.text, 'written_at', rfc3339(n.written_at), 'author', a.display_name,
                                                 'mine', n.author IS NOT DISTINCT FROM me()) ORDER BY n.id), '[]')
      FROM report x
      JOIN report_note n ON n.report = x.id
      LEFT JOIN account a ON a.id = n.author
     WHERE x.id = $1 AND sees_report(x));
END
$$;

-- Whoever took it on, by name.
CREATE OR REPLACE FUNCTION claimant_of(r report) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (SELECT a.display_name FROM account a WHERE a.id = r.claimed_by AND sees_report(r));
END
$$;

CREATE OR REPLACE FUNCTION report_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state = 'resolved' THEN
    NEW.resolved_at := clock();
    NEW.resolved_by := me();
    NEW.remind_at := NULL;
    NEW.escalate_at := NULL;
  END IF;
  RETURN NEW;
END
$$;

-- Who was to be told of the match while a report stood got no mail, so nothing that leads there.
CREATE OR REPLACE FUNCTION mail_match_again(one uuid, other uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT mail(x.template, x.account, 'match', m.id)
    FROM match m
   CROSS JOIN LATERAL (VALUES ('match_guide', m.guide_account), ('match_newcomer', m.request_account)) AS x(template, account)
   WHERE (m.guide_account, m.request_account) IN ((one, other), (other, one)) AND m.state = 'active'
     AND NOT EXISTS (SELECT FROM login_token t WHERE t.account = x.account AND t.subject_kind = 'match' AND t.subject_id = m.id)
     AND NOT EXISTS (SELECT FROM outbox o WHERE o.account = x.account AND o.template = x.template AND o.subject_id = m.id AND o.state = 'waiting')
$$;

-- continued: an active match goes on; no_action: nothing of it was true, and nothing is active. Either lifts what reports keep apart, unless
-- another one of the two is open or ended it. ended: they stay apart. The reporter learns that it was decided, whoever was reported only what
-- they are told.
CREATE OR REPLACE FUNCTION report_after() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  active boolean := EXISTS (SELECT FROM match m WHERE m.id = NEW.match AND m.state = 'active');
BEGIN
  PERFORM require(NEW.outcome = 'ended' OR active = (NEW.outcome = 'continued'), 'conflict_state');
  IF NEW.outcome <> 'ended' AND NOT EXISTS (SELECT FROM report r WHERE (r.state = 'open' OR r.outcome = 'ended')
                                               AND (r.reporter, r.reported) IN ((NEW.reporter, NEW.reported), (NEW.reported, NEW.reporter)))
     AND NOT EXISTS (SELECT FROM account a JOIN kept_apart k ON k.key = mailbox_key(a.email)
                      WHERE (a.id, k.other) IN ((NEW.reporter, NEW.reported), (NEW.reported, NEW.reporter))) THEN
    UPDATE match x SET paused_at = NULL
     WHERE (x.guide_account, x.request_account) IN ((NEW.reporter, NEW.reported), (NEW.reported, NEW.reporter)) AND x.state = 'active';
    PERFORM mail_match_again(NEW.reporter, NEW.reported);
    DELETE FROM block b WHERE (b.newcomer, b.guide) IN ((NEW.reporter, NEW.reported), (NEW.reported, NEW.reporter)) AND b.rule = 'H5';
  END IF;
  IF NEW.outcome = 'ended' THEN
    PERFORM keep_apart(NEW.reporter, NEW.reported), end_between(NEW.reporter, NEW.reported);
  END IF;
  IF NEW.measure = 'warned' THEN
    PERFORM mail('report_warning', NEW.reported, 'report', NEW.id);
  ELSIF NEW.measure = 'suspended' THEN
    PERFORM suspend_person(uuid_v7(), NEW.reported, CASE NEW.reported_by WHEN 'guide' THEN NEW.request_city ELSE NEW.guide_city END,
                           coalesce(NEW.note, ''), NEW.message);
  END IF;
  PERFORM mail('report_resolved', NEW.reporter, 'report', NEW.id);
  PERFORM record('resolve_report', 'report', NEW.id, NEW.guide_city,
                 jsonb_build_object('outcome', NEW.outcome, 'measure', NEW.measure, 'match', NEW.match));
  PERFORM pg_notify('welcome', 'matching');
  RETURN NULL;
END
$$;

-- Once: whoever has it, or all who could take it.
CREATE OR REPLACE FUNCTION remind_of_reports() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  r        record;
  reminded integer := 0;
BEGIN
  FOR r IN UPDATE report x SET remind_at = NULL
            WHERE x.id IN (SELECT y.id FROM report y
                            WHERE y.state = 'open' AND least(y.remind_at, y.escalate_at) <= clock() AND y.remind_at <= clock()
                            ORDER BY y.id LIMIT 50 FOR NO KEY UPDATE SKIP LOCKED)
           RETURNING x.* LOOP
    PERFORM mail('report_waits', c.account, 'report', r.id)
       FROM coordinators_of(ARRAY[r.request_city, r.guide_city], ARRAY[r.reporter, r.reported]) AS c(account)
      WHERE c.account = coalesce((SELECT s.account FROM staff_role s WHERE s.account = r.claimed_by AND s.role = 'coordinator' LIMIT 1), c.account);
    reminded := reminded + 1;
  END LOOP;
  RETURN reminded;
END
$$;

-- Whom somebody has to ask why nobody looks: coordinators for all cities, and the admins who appoint them; again every three days.
CREATE OR REPLACE FUNCTION escalate_reports() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  r         record;
  escalated integer := 0;
BEGIN
  FOR r IN UPDATE report x SET escalate_at = clock() + interval '3 days'
            WHERE x.id IN (SELECT y.id FROM report y
                            WHERE y.state = 'open' AND least(y.remind_at, y.escalate_at) <= clock() AND y.escalate_at <= clock()
                            ORDER BY y.id LIMIT 50 FOR NO KEY UPDATE SKIP LOCKED)
           RETURNING x.* LOOP
    PERFORM mail('report_escalated', c.account, 'report', r.id)
       FROM (SELECT DISTINCT s.account FROM staff_role s
              WHERE s.role IN ('coordinator', 'admin') AND s.city = '*' AND s.account NOT IN (r.reporter, r.reported)) AS c;
    escalated := escalated + 1;
  END LOOP;
  RETURN escalated;
END
$$;
