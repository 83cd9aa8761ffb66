-- SPDX-License-Identifier: EUPL-1.2
-- Erasure: somebody goes, and with them everything that tells of them. Others are told that it is over, and what was counted stays counted.

-- The ids of all that is somebody's, or between them and others.
CREATE OR REPLACE FUNCTION things_of(account uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    SELECT things_of.account
    UNION ALL SELECT g.id FROM guide g WHERE g.account = things_of.account
    UNION ALL SELECT r.id FROM guide_request r WHERE r.account = things_of.account
    UNION ALL SELECT p.id FROM proposal p WHERE things_of.account IN (p.guide_account, p.request_account)
    UNION ALL SELECT m.id FROM match m WHERE things_of.account IN (m.guide_account, m.request_account)
    UNION ALL SELECT x.id FROM report x WHERE things_of.account IN (x.reporter, x.reported)
    UNION ALL SELECT b.id FROM own_block b WHERE b.blocker = things_of.account
    UNION ALL SELECT s.id FROM service_request s WHERE s.account = things_of.account
    UNION ALL SELECT o.id FROM service_request_office o WHERE o.requester_account = things_of.account
    UNION ALL SELECT e.id FROM service_event e JOIN service_request s ON s.id = e.request WHERE s.account = things_of.account
    UNION ALL SELECT a.id FROM appointment a WHERE a.requester_account = things_of.account);
END
$$;

-- What was sent from the address and is not confirmed: nobody's yet, but with that address.
CREATE OR REPLACE FUNCTION unconfirmed_of(address text) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT c.subject_id FROM confirmation c WHERE lower(c.address) = lower(unconfirmed_of.address) AND c.subject_kind <> 'account');
END
$$;

-- Requests that an erasure moves, or that wished for this guide; service requests that it ends or leaves without an advisor.
CREATE OR REPLACE FUNCTION requests_moved_by(account uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    SELECT r.id FROM guide_request r WHERE r.account = requests_moved_by.account
    UNION SELECT r.id FROM guide g JOIN guide_request r ON r.preferred_guide = g.id WHERE g.account = requests_moved_by.account
    UNION SELECT x.request FROM guide g CROSS JOIN LATERAL unnest(requests_of(g.id)) AS x(request) WHERE g.account = requests_moved_by.account
    ORDER BY 1);
END
$$;

CREATE OR REPLACE FUNCTION service_requests_moved_by(account uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN ARRAY(
    SELECT s.id FROM service_request s WHERE s.account = service_requests_moved_by.account
    UNION SELECT o.request FROM service_request_office o WHERE o.advisor = service_requests_moved_by.account
    UNION SELECT a.request FROM consultation_slot s JOIN appointment a ON a.slot = s.id WHERE s.advisor = service_requests_moved_by.account
    ORDER BY 1);
END
$$;

-- In the order of locks: requests, guides, the rest, and last the account, to which then nothing can be added any more. If something was
-- meanwhile: 40001, and the core sends the request again. The last admin stays.
CREATE OR REPLACE FUNCTION lock_for_erasure() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  requests uuid[] := requests_moved_by(me());
  services uuid[] := service_requests_moved_by(me());
BEGIN
  PERFORM lock_requests(requests);
  PERFORM lock_guides(guides_of(requests) || ARRAY(SELECT g.id FROM guide g WHERE g.account = me()));
  PERFORM lock_service_requests(services);
  IF EXISTS (SELECT FROM staff_role r WHERE r.account = me() AND r.role = 'admin') THEN
    PERFORM lock_admins();
    IF NOT EXISTS (SELECT FROM staff_role r WHERE r.role = 'admin' AND r.account <> me()) THEN
      PERFORM problem('conflict_state', '[{"pointer":"","code":"last_admin"}]');
    END IF;
  END IF;
  PERFORM FROM outbox o WHERE o.account = me() ORDER BY o.id FOR UPDATE;
  PERFORM FROM login_token t JOIN account a ON lower(t.address) = lower(a.email) WHERE a.id = me() ORDER BY t.token_hash FOR UPDATE OF t;
  PERFORM FROM account a WHERE a.id = me() FOR UPDATE;
  PERFORM require(FOUND, 'unauthenticated');
  IF requests_moved_by(me()) <> requests OR service_requests_moved_by(me()) <> services THEN
    RAISE EXCEPTION 'what is erased changed' USING ERRCODE = '40001';
  END IF;
END
$$;

-- Waiting mails tell others of things that will be gone when they are sent: they become mails that need none of them; the rest of what
-- speaks of these things goes.
CREATE OR REPLACE FUNCTION tell_of_erasure(account uuid, things uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  INSERT INTO outbox (id, template, account, address, language, subject_kind, subject_id)
  SELECT uuid_v7(), x.*
    FROM (SELECT DISTINCT 'counterpart_erased', o.account, o.address, o.language, 'guide', g.id
            FROM outbox o
            JOIN guide g ON g.account = o.account AND g.state IN ('active', 'paused')
           WHERE o.subject_id = ANY (things) AND o.state = 'waiting' AND o.template IN ('match_ended_guide', 'proposal_cancelled')
             AND o.account <> tell_of_erasure.account
          UNION
          SELECT 'service_erased_staff', o.account, o.address, o.language, NULL::text, NULL::uuid
            FROM outbox o
           WHERE o.subject_id = ANY (things) AND o.state = 'waiting' AND o.template = 'service_withdrawn_staff'
             AND o.account IS DISTINCT FROM tell_of_erasure.account
          UNION
          SELECT 'appointment_erased_staff', o.account, o.address, o.language, 'consultation_slot', a.slot
            FROM outbox o
            JOIN appointment a ON a.id = o.subject_id
           WHERE o.subject_id = ANY (things) AND o.state = 'waiting' AND o.template = 'appointment_cancelled_staff'
             AND o.account <> tell_of_erasure.account) x;
  DELETE FROM outbox o WHERE o.subject_id = ANY (things);
END
$$;

-- What will go, as the receipt counts it; kinds of which there is nothing are left out.
CREATE OR REPLACE FUNCTION erased_counts(account uuid, address text, things uuid[]) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  mine CONSTANT uuid := erased_counts.account;
  mail CONSTANT text := lower(erased_counts.address);
BEGIN
  RETURN (
    SELECT jsonb_object_agg(x.kind, x.n) FILTER (WHERE x.n > 0)
      FROM (SELECT 'accounts', 1::bigint
            UNION ALL SELECT 'roles', count(*) FROM staff_role r WHERE r.account = mine
            UNION ALL SELECT 'sessions', count(*) FROM session s WHERE s.account = mine
            UNION ALL SELECT 'guides', count(*) FROM guide g WHERE g.account = mine
            UNION ALL SELECT 'verifications', count(*) FROM guide_verification v WHERE v.guide = ANY (things)
            UNION ALL SELECT 'guide_requests', count(*) FROM guide_request r WHERE r.account = mine
            UNION ALL SELECT 'proposals', count(*) FROM proposal p WHERE mine IN (p.guide_account, p.request_account)
            UNION ALL SELECT 'matches', count(*) FROM match m WHERE mine IN (m.guide_account, m.request_account)
            UNION ALL SELECT 'check_ins', count(*) FROM check_in c WHERE c.match = ANY (things)
            UNION ALL SELECT 'reports', count(*) FROM report x WHERE mine IN (x.reporter, x.reported)
            UNION ALL SELECT 'blocks', count(*) FROM own_block b WHERE b.blocker = mine
            UNION ALL SELECT 'service_requests', count(*) FROM service_request s WHERE s.account = mine
            UNION ALL SELECT 'events', count(*) FROM service_event e WHERE e.request = ANY (things)
            UNION ALL SELECT 'attachments', count(*) FROM service_attachment a WHERE a.request = ANY (things)
            UNION ALL SELECT 'appointments', count(*) FROM appointment a WHERE a.requester_account = mine
            UNION ALL SELECT 'absences', count(*) FROM staff_absence b WHERE b.account = mine
            UNION ALL SELECT 'saved_exports', count(*) FROM saved_export e WHERE e.account = mine
            UNION ALL SELECT 'unconfirmed', count(*) FROM confirmation c WHERE c.subject_id = mine OR lower(c.address) = mail
            UNION ALL SELECT 'mails', count(*) FROM outbox o WHERE o.account = mine OR lower(o.address) = mail OR o.subject_id = ANY (things)
            UNION ALL SELECT 'feedback_addresses', count(*) FROM feedback_address f WHERE lower(f.address) = mail
           ) AS x(kind, n));
END
$$;

-- After lock_for_erasure(), and after everything was left and withdrawn: cascades take what hangs on the account, addresses go wherever
-- they stand, and so does what others have only to reach what is gone. Nobody else is told the receipt.
CREATE OR REPLACE FUNCTION erase_me() RETURNS TABLE (receipt text, erased_at timestamptz, erased jsonb)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  mine    uuid   := me();
  mailbox text   := (SELECT lower(a.email) FROM account a WHERE a.id = mine);
  things  uuid[] := things_of(mine) || unconfirmed_of(mailbox);
  counts  jsonb  := erased_counts(mine, mailbox, things);
  number  text   := 'ER-' || upper(replace(gen_random_uuid()::text, '-', ''));
BEGIN
  PERFORM tell_of_erasure(mine, things);
  DELETE FROM outbox o WHERE o.account = mine OR lower(o.address) = mailbox;
  DELETE FROM login_token t WHERE lower(t.address) = mailbox OR t.account = mine OR t.subject_id = ANY (things);
  DELETE FROM session s WHERE s.account = mine OR s.thing = ANY (things) OR s.request = ANY (things);
  DELETE FROM claim c WHERE c.thing = ANY (things);
  DELETE FROM confirmation c WHERE c.subject_id = mine OR lower(c.address) = mailbox;
  DELETE FROM guide g WHERE g.id = ANY (things) AND g.account IS NULL;
  DELETE FROM guide_request r WHERE r.id = ANY (things) AND r.account IS NULL;
  DELETE FROM service_request s WHERE s.id = ANY (things) AND s.account IS NULL;
  UPDATE feedback f SET reply_wanted = false FROM feedback_address a WHERE a.feedback = f.id AND lower(a.address) = mailbox;
  DELETE FROM feedback_address f WHERE lower(f.address) = mailbox;
  DELETE FROM saved_export e
   WHERE lower(e.filter ->> 'advisor') = mine::text OR position(mailbox IN lower(e.filter ->> 'q')) > 0;
  PERFORM remember_mailbox(mine);
  DELETE FROM account a WHERE a.id = mine;
  INSERT INTO erasure (receipt, erased_at, erased) VALUES (sha256(convert_to(number, 'UTF8')), clock(), counts);
  RETURN QUERY SELECT number, clock(), counts;
END
$$;

CREATE OR REPLACE FUNCTION month_of(at timestamptz) RETURNS date LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT date_trunc('month', at AT TIME ZONE 'Europe/Berlin')::date $$;

-- Whatever makes them go (erasure, retention): what is deleted is counted first, all of a statement at once.
CREATE OR REPLACE FUNCTION keep_count() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  IF TG_TABLE_NAME = 'guide' THEN
    INSERT INTO tally (kind, month, city, language, outcome, count)
    SELECT 'guide', month_of(g.created_at), g.home_city, g.languages #>> '{0,tag}', g.state, count(*)
      FROM gone g WHERE g.state <> 'unverified' GROUP BY 2, 3, 4, 5;
  ELSIF TG_TABLE_NAME = 'guide_request' THEN
    INSERT INTO tally (kind, month, city, language, outcome, count)
    SELECT 'guide_request', month_of(r.created_at), r.handled_by, r.languages #>> '{0,tag}', r.closed_as, count(*)
      FROM gone r WHERE r.state <> 'unverified' GROUP BY 2, 3, 4, 5;
  ELSIF TG_TABLE_NAME = 'match' THEN
    INSERT INTO tally (kind, month, city, language, outcome, count, days)
    SELECT 'match', month_of(m.since), m.request_city, m.language, m.ended_reason, count(*), sum(m.waited_days)
      FROM gone m GROUP BY 2, 3, 4, 5;
  ELSE
    INSERT INTO tally (kind, month, city, language, outcome, service, count, days)
    SELECT 'service_request', month_of(s.created_at), coalesce(s.city, '*'), s.language, coalesce(s.outcome, s.state),
           s.service, count(*), coalesce(sum(extract(day FROM s.resolved_at - s.submitted_at)), 0)
      FROM gone s WHERE s.state <> 'unverified' GROUP BY 2, 3, 4, 5, 6;
  END IF;
  RETURN NULL;
END
$$;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['guide', 'guide_request', 'match', 'service_request'] LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER z_counted AFTER DELETE ON %I REFERENCING OLD TABLE AS gone
                      FOR EACH STATEMENT EXECUTE FUNCTION keep_count()', name);
  END LOOP;
END
$$;
