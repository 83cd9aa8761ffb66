-- SPDX-License-Identifier: EUPL-1.2
-- Reports of readers: whose they are, until when they are answered, and what becomes of the address.

-- A report goes to the desk of what it is about: something readers can get, or once could. A barrier is answered within a month, as
-- the law on equal opportunities of people with disabilities wants it (BGG § 12b(4)).
CREATE OR REPLACE FUNCTION feedback_before() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.content IS NOT NULL THEN
    SELECT c.desk INTO NEW.desk FROM content c
     WHERE c.id = NEW.content AND EXISTS (SELECT FROM change x WHERE x.content = c.id)
       FOR KEY SHARE;
  END IF;
  IF NEW.kind = 'barrier' THEN
    NEW.due_on := ((clock() AT TIME ZONE 'Europe/Berlin')::date + interval '1 month')::date;
  END IF;
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION refuse_unknown_object(kind text, id uuid) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF id IS NOT NULL
     AND NOT EXISTS (SELECT FROM content c
                      WHERE c.id = refuse_unknown_object.id AND c.kind = refuse_unknown_object.kind
                        AND EXISTS (SELECT FROM change x WHERE x.content = c.id)) THEN
    PERFORM problem('validation_failed', '[{"pointer":"/object/id","code":"unknown_object"}]');
  END IF;
END
$$;

-- For whoever has just made the report.
CREATE OR REPLACE FUNCTION keep_feedback_address(feedback uuid, address text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM require(feedback = subject(), 'not_found');
  INSERT INTO feedback_address (feedback, address) VALUES (keep_feedback_address.feedback, btrim(keep_feedback_address.address));
  UPDATE feedback f SET reply_wanted = true WHERE f.id = keep_feedback_address.feedback;
END
$$;

-- First in every change: the report, if it is of one of the editor's desks.
CREATE OR REPLACE FUNCTION lock_for_feedback(id uuid) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM FROM feedback f WHERE f.id = lock_for_feedback.id AND f.desk = ANY (my_desks()) FOR NO KEY UPDATE;
  PERFORM require(FOUND, 'not_found');
END
$$;

CREATE OR REPLACE FUNCTION feedback_resolved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'resolved' THEN
    PERFORM problem('conflict_state');
  END IF;
  NEW.resolved_at := clock();
  NEW.resolved_by := me();
  RETURN NEW;
END
$$;

-- The reply goes to the outbox with the address, which leaves this place at once, whether or not there is a reply.
CREATE OR REPLACE FUNCTION feedback_answered() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  INSERT INTO outbox (id, template, address, language, subject_kind, subject_id)
  SELECT uuid_v7(), 'feedback_reply', a.address, mail_language_of(NEW.language), 'feedback', NEW.id
    FROM feedback_address a
   WHERE a.feedback = NEW.id
     AND NEW.reply IS NOT NULL;
  DELETE FROM feedback_address a WHERE a.feedback = NEW.id;
  PERFORM record('resolve_feedback', 'feedback', NEW.id, nullif(NEW.desk, '*'));
  RETURN NULL;
END
$$;

-- For the job: what was resolved long ago.
CREATE OR REPLACE FUNCTION expire_feedback() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  expired integer;
BEGIN
  DELETE FROM feedback f
   WHERE f.id IN (SELECT d.id FROM due_feedback d LIMIT 100);
  GET DIAGNOSTICS expired = ROW_COUNT;
  RETURN expired;
END
$$;
