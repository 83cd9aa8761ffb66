-- SPDX-License-Identifier: EUPL-1.2
-- How long what is kept. For each kind a view of what is due, since when its time has run: what is deleted and what a dry run tells are the
-- same rows. Each function handles a small batch in the order of locks and tells how many there were.

CREATE OR REPLACE FUNCTION kept_for(kind text) RETURNS interval
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS
$$ SELECT r.kept FROM retention r WHERE r.kind = $1 $$;

CREATE OR REPLACE FUNCTION period_told(period interval) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN m.months > 0 THEN m.months || ' months' ELSE extract(day FROM period) || ' days' END
    FROM (SELECT (12 * extract(year FROM period) + extract(month FROM period))::integer AS months) m
$$;

-- {"guide_requests": "6 months"} as configured; tells whether anything is new.
CREATE OR REPLACE FUNCTION set_retention(periods jsonb) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  UPDATE retention r SET kept = p.value::interval
    FROM jsonb_each_text(periods) AS p(kind, value)
   WHERE r.kind = p.kind AND r.kept <> p.value::interval;
  RETURN FOUND;
END
$$;

-- A link that asks to confirm lives seven days from its mail.
CREATE VIEW due_unconfirmed AS
SELECT c.subject_kind, c.subject_id, c.expires_at - interval '7 days' AS since
  FROM confirmation c
 WHERE c.expires_at <= clock() + interval '7 days' - (SELECT kept_for('unconfirmed'));

CREATE VIEW due_matches AS
SELECT m.id, m.proposal, m.request, m.ended_at AS since
  FROM match m
 WHERE m.state = 'ended' AND m.ended_at <= clock() - (SELECT kept_for('matches'))
   AND NOT EXISTS (SELECT FROM report x WHERE x.proposal = m.proposal AND x.state = 'open');

-- whole: nobody remembers it by a match or a report, so it goes; else only what was written in it.
CREATE VIEW due_guide_requests AS
SELECT r.id, r.closed_at AS since, w.whole
  FROM guide_request r
 CROSS JOIN LATERAL (SELECT NOT EXISTS (SELECT FROM match m WHERE m.request = r.id)
                         AND NOT EXISTS (SELECT FROM proposal p JOIN report x ON x.proposal = p.id WHERE p.request = r.id)) AS w(whole)
 WHERE r.state = 'closed' AND r.closed_at <= clock() - (SELECT kept_for('guide_requests'))
   AND (w.whole OR r.message <> '' OR r.arrival_on IS NOT NULL OR r.preferred_guide IS NOT NULL OR r.guide_gender IS NOT NULL
        OR r.guide_gender_must);

CREATE VIEW due_guides AS
SELECT g.id, g.updated_at AS since
  FROM guide g
 WHERE g.state IN ('rejected', 'left') AND g.updated_at <= clock() - (SELECT kept_for('guides'))
   AND NOT EXISTS (SELECT FROM match m WHERE m.guide = g.id)
   AND NOT EXISTS (SELECT FROM proposal p JOIN report x ON x.proposal = p.id WHERE p.guide = g.id AND x.state = 'open');

CREATE VIEW due_service_requests AS
SELECT r.id, r.closed_at AS since FROM service_request r WHERE r.closed_at <= clock() - (SELECT kept_for('service_requests'));

CREATE VIEW due_mails AS
SELECT o.id, o.sent_at AS since FROM outbox o WHERE o.state = 'sent' AND o.sent_at <= clock() - (SELECT kept_for('mails'))
UNION ALL
SELECT o.id, o.next_attempt_at FROM outbox o WHERE o.state = 'dead' AND o.next_attempt_at <= clock() - (SELECT kept_for('mails'));

-- Who was kept apart from somebody after a report stays known.
CREATE VIEW due_accounts AS
SELECT a.id, a.created_at AS since
  FROM account a
 WHERE a.created_at <= clock() - (SELECT kept_for('accounts'))
   AND NOT EXISTS (SELECT FROM session x WHERE x.account = a.id)
   AND NOT EXISTS (SELECT FROM staff_role x WHERE x.account = a.id)
   AND NOT EXISTS (SELECT FROM guide x WHERE x.account = a.id)
   AND NOT EXISTS (SELECT FROM guide_request x WHERE x.account = a.id)
   AND NOT EXISTS (SELECT FROM service_request x WHERE x.account = a.id)
   AND NOT EXISTS (SELECT FROM outbox x WHERE x.account = a.id AND x.state = 'waiting')
   AND NOT EXISTS (SELECT FROM block x WHERE x.newcomer = a.id AND x.rule = 'H5')
   AND NOT EXISTS (SELECT FROM block x WHERE x.guide = a.id AND x.rule = 'H5')
   AND NOT EXISTS (SELECT FROM own_block x WHERE a.id IN (x.blocker, x.blocked))
   AND NOT EXISTS (SELECT FROM bar x WHERE x.account = a.id);

-- Seal by seal.
CREATE VIEW due_audit AS
SELECT u.id, s.sealed_at AS since
  FROM audit_seal s JOIN audit u ON u.seal = s.number
 WHERE s.expired_at IS NULL AND s.sealed_at <= clock() - (SELECT kept_for('audit'));
CREATE VIEW due_erasures AS SELECT e.receipt, e.erased_at AS since FROM erasure e WHERE e.erased_at <= clock() - (SELECT kept_for('audit'));
CREATE VIEW due_feedback AS
SELECT f.id, f.resolved_at AS since FROM feedback f WHERE f.state = 'resolved' AND f.resolved_at <= clock() - (SELECT kept_for('feedback'));
CREATE VIEW due_reports AS
SELECT x.id, x.resolved_at AS since FROM report x WHERE x.state = 'resolved' AND x.resolved_at <= clock() - (SELECT kept_for('reports'));
CREATE VIEW due_bars AS SELECT b.id, b.made_at AS since FROM bar b WHERE b.made_at <= clock() - (SELECT kept_for('bars'));
CREATE VIEW due_kept_apart AS
SELECT k.key, k.other, k.since FROM kept_apart k WHERE k.since <= clock() - (SELECT kept_for('bars'));
CREATE VIEW due_rounds AS SELECT x.id, x.finished_at AS since FROM matching_round x WHERE x.finished_at <= clock() - (SELECT kept_for('rounds'));
CREATE VIEW due_slots AS
SELECT s.id, s.ends_at AS since FROM consultation_slot s
 WHERE s.ends_at <= clock() - (SELECT kept_for('slots')) AND NOT EXISTS (SELECT FROM appointment a WHERE a.slot = s.id);
CREATE VIEW due_demand AS
SELECT d.day, d.day::timestamptz AS since FROM demand d WHERE d.day < (today() - (SELECT kept_for('demand')))::date;

CREATE VIEW retention_due AS
SELECT 'unconfirmed' AS kind, d.since FROM due_unconfirmed d
UNION ALL SELECT 'guide_requests', d.since FROM due_guide_requests d
UNION ALL SELECT 'matches', d.since FROM due_matches d
UNION ALL SELECT 'guides', d.since FROM due_guides d
UNION ALL SELECT 'service_requests', d.since FROM due_service_requests d
UNION ALL SELECT 'mails', d.since FROM due_mails d
UNION ALL SELECT 'accounts', d.since FROM due_accounts d
UNION ALL SELECT 'audit', d.since FROM due_audit d
UNION ALL SELECT 'audit', d.since FROM due_erasures d
UNION ALL SELECT 'feedback', d.since FROM due_feedback d
UNION ALL SELECT 'reports', d.since FROM due_reports d
UNION ALL SELECT 'rounds', d.since FROM due_rounds d
UNION ALL SELECT 'slots', d.since FROM due_slots d
UNION ALL SELECT 'demand', d.since FROM due_demand d
UNION ALL SELECT 'bars', d.since FROM due_bars d
UNION ALL SELECT 'bars', d.since FROM due_kept_apart d;

-- What would go now.
CREATE OR REPLACE FUNCTION retention_told() RETURNS TABLE (kind text, kept text, due bigint, oldest text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT r.kind, period_told(r.kept), count(d.since), coalesce(to_char(min(d.since) AT TIME ZONE 'UTC', 'YYYY-MM-DD'), '')
    FROM retention r
    LEFT JOIN retention_due d ON d.kind = r.kind
   GROUP BY r.kind, r.kept, r.position
   ORDER BY r.position
$$;

CREATE OR REPLACE FUNCTION expire_guide_requests() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  due     uuid[] := ARRAY(SELECT d.id FROM due_guide_requests d ORDER BY d.since LIMIT 50);
  gone    integer;
  emptied integer;
BEGIN
  PERFORM lock_requests(due);
  DELETE FROM guide_request r WHERE r.id IN (SELECT d.id FROM due_guide_requests d WHERE d.id = ANY (due) AND d.whole);
  GET DIAGNOSTICS gone = ROW_COUNT;
  UPDATE guide_request r
     SET message = '', arrival_on = NULL, preferred_guide = NULL, guide_gender = NULL, guide_gender_must = false
   WHERE r.id IN (SELECT d.id FROM due_guide_requests d WHERE d.id = ANY (due) AND NOT d.whole);
  GET DIAGNOSTICS emptied = ROW_COUNT;
  RETURN gone + emptied;
END
$$;

-- The proposal that became the match goes with it.
CREATE OR REPLACE FUNCTION expire_matches() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  due     uuid[];
  request uuid[];
  gone    integer;
BEGIN
  SELECT array_agg(x.id), array_agg(x.request) INTO due, request FROM (SELECT d.id, d.request FROM due_matches d ORDER BY d.since LIMIT 50) x;
  PERFORM lock_requests(request);
  DELETE FROM proposal p WHERE p.id IN (SELECT d.proposal FROM due_matches d WHERE d.id = ANY (due));
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END
$$;

CREATE OR REPLACE FUNCTION expire_guides() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  due  uuid[] := ARRAY(SELECT d.id FROM due_guides d ORDER BY d.since LIMIT 50);
  gone integer;
BEGIN
  PERFORM lock_requests(ARRAY(SELECT r.id FROM guide_request r WHERE r.preferred_guide = ANY (due)));
  PERFORM lock_guides(due);
  DELETE FROM guide g WHERE g.id IN (SELECT d.id FROM due_guides d WHERE d.id = ANY (due));
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END
$$;

-- Under the account's own lock nothing can be added to it any more.
CREATE OR REPLACE FUNCTION expire_accounts() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  due  uuid[] := ARRAY(SELECT a.id FROM account a
                        WHERE a.id IN (SELECT d.id FROM due_accounts d ORDER BY d.since LIMIT 50) FOR UPDATE SKIP LOCKED);
  gone integer;
BEGIN
  due := ARRAY(SELECT d.id FROM due_accounts d WHERE d.id = ANY (due));
  DELETE FROM login_token t USING account a WHERE a.id = ANY (due) AND lower(t.address) = lower(a.email);
  DELETE FROM outbox o USING account a WHERE a.id = ANY (due) AND lower(o.address) = lower(a.email);
  DELETE FROM confirmation c WHERE c.subject_kind = 'account' AND c.subject_id = ANY (due);
  DELETE FROM account a WHERE a.id = ANY (due);
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END
$$;

CREATE OR REPLACE FUNCTION expire_erasures() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  gone integer;
BEGIN
  DELETE FROM erasure e WHERE e.receipt IN (SELECT d.receipt FROM due_erasures d LIMIT 1000);
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END
$$;

-- One batch of a kind.
CREATE OR REPLACE FUNCTION enforce_retention(kind text) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN CASE kind
         WHEN 'unconfirmed' THEN expire_unconfirmed()
         WHEN 'guide_requests' THEN expire_guide_requests()
         WHEN 'matches' THEN expire_matches()
         WHEN 'guides' THEN expire_guides()
         WHEN 'service_requests' THEN expire_service_requests()
         WHEN 'mails' THEN clean_outbox()
         WHEN 'accounts' THEN expire_accounts()
         WHEN 'audit' THEN expire_audit() + expire_erasures()
         WHEN 'feedback' THEN expire_feedback()
         WHEN 'reports' THEN expire_reports()
         WHEN 'rounds' THEN clean_rounds()
         WHEN 'slots' THEN clean_slots()
         WHEN 'demand' THEN clean_demand()
         WHEN 'bars' THEN expire_bars() END;
END
$$;

-- The record of processing activities (GDPR art. 30), of the marks of tables and columns: one row for each purpose, kind of people and table.
CREATE OR REPLACE FUNCTION processing_record()
RETURNS TABLE (relation text, purpose text, people text, recipients text, data text, basis text, kept text, columns text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT c.relname, w.purpose, w.people, w.recipients, m.parts[1],
         CASE m.parts[2] WHEN 'consent' THEN 'consent, art. 6(1)(a)' WHEN 'contract' THEN 'the account, art. 6(1)(b)'
                         WHEN 'task' THEN 'public task, art. 6(1)(e)' WHEN 'interest' THEN 'legitimate interest, art. 6(1)(f)' END,
         CASE m.parts[3] WHEN 'expiry' THEN 'until it expires' ELSE period_told(r.kept) || ': ' || r.what END,
         string_agg(a.attname, ', ' ORDER BY a.attnum)
    FROM pg_class c
   CROSS JOIN LATERAL (SELECT substring(obj_description(c.oid) FROM 'purpose: (.*); people: '),
                              substring(obj_description(c.oid) FROM '; people: (.*); recipients: '),
                              substring(obj_description(c.oid) FROM '; recipients: (.*)$')) AS w(purpose, people, recipients)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   CROSS JOIN LATERAL (SELECT string_to_array(substring(col_description(c.oid, a.attnum) FROM '^personal: (.*)$'), '; ')) AS m(parts)
    LEFT JOIN retention r ON r.kind = m.parts[3]
   WHERE c.relnamespace = 'welcome'::regnamespace AND c.relkind = 'r' AND m.parts IS NOT NULL
   GROUP BY c.relname, w.purpose, w.people, w.recipients, m.parts, r.kept, r.what
   ORDER BY w.purpose, c.relname, min(a.attnum)
$$;
