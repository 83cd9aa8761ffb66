-- SPDX-License-Identifier: EUPL-1.2
-- Safeguarding: reports of what happened in a proposal or a match, with a clock and notes; blocks between two people; bars against people and
-- addresses that may not ask again.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- A report hangs on the proposal: there is one before a match and after it. reported gets nobody new while it is open. remind_at and
-- escalate_at: null when that was done. measure: what was decided about the person, message: what the person was told.
ALTER TABLE proposal ADD UNIQUE (id, request_city, guide_city);
ALTER TABLE report
  DROP CONSTRAINT report_match_request_city_guide_city_fkey,
  DROP CONSTRAINT report_outcome_check,
  ALTER COLUMN match DROP NOT NULL,
  ADD COLUMN proposal    uuid,
  ADD COLUMN reporter    uuid REFERENCES account ON DELETE CASCADE,
  ADD COLUMN reported    uuid REFERENCES account ON DELETE CASCADE,
  ADD COLUMN urgency     smallint NOT NULL GENERATED ALWAYS AS (CASE WHEN reason IN ('unsafe', 'harassment') THEN 1
                                                                     WHEN reason IN ('discrimination', 'money') THEN 2 ELSE 3 END) STORED,
  ADD COLUMN claimed_by  uuid REFERENCES account ON DELETE SET NULL,
  ADD COLUMN claimed_at  timestamptz,
  ADD COLUMN remind_at   timestamptz,
  ADD COLUMN escalate_at timestamptz,
  ADD COLUMN measure     text CHECK (measure IN ('warned', 'suspended')),
  ADD COLUMN message     text,
  ADD CONSTRAINT report_outcome_check CHECK (outcome IN ('ended', 'continued', 'no_action')),
  ADD CONSTRAINT report_measure_is_told CHECK (measure IS NULL OR state = 'resolved' AND message IS NOT NULL);
UPDATE report r
   SET proposal = m.proposal,
       reporter = CASE r.reported_by WHEN 'guide' THEN m.guide_account ELSE m.request_account END,
       reported = CASE r.reported_by WHEN 'guide' THEN m.request_account ELSE m.guide_account END
  FROM match m
 WHERE m.id = r.match;
ALTER TABLE report
  ALTER COLUMN proposal SET NOT NULL,
  ALTER COLUMN reporter SET NOT NULL,
  ALTER COLUMN reported SET NOT NULL,
  ADD FOREIGN KEY (proposal, request_city, guide_city) REFERENCES proposal (id, request_city, guide_city) ON UPDATE CASCADE ON DELETE CASCADE,
  ADD FOREIGN KEY (match) REFERENCES match ON DELETE CASCADE;
DROP INDEX report_one_open, report_request_city, report_guide_city;
CREATE UNIQUE INDEX report_one_open ON report (proposal, reported_by) WHERE state = 'open';
CREATE INDEX report_proposal ON report (proposal);
CREATE INDEX report_reporter ON report (reporter);
CREATE INDEX report_reported ON report (reported);
CREATE INDEX report_held ON report (reported) WHERE state = 'open';
CREATE INDEX report_claimed ON report (claimed_by);
CREATE INDEX report_request_city ON report (request_city, state, urgency, id); -- lists: open first, then urgent, then as they came
CREATE INDEX report_guide_city ON report (guide_city, state, urgency, id);
CREATE INDEX report_waits ON report (least(remind_at, escalate_at)) WHERE state = 'open';
GRANT UPDATE (measure, message) ON report TO welcome;

-- Class D. What coordinators write down while they look into it.
CREATE TABLE report_note (
  id         uuid PRIMARY KEY,
  report     uuid NOT NULL REFERENCES report ON DELETE CASCADE,
  author     uuid REFERENCES account ON DELETE SET NULL,
  text       text NOT NULL CHECK (text <> ''),
  written_at timestamptz NOT NULL DEFAULT clock()
);
CREATE INDEX report_note_report ON report_note (report, id);
CREATE INDEX report_note_author ON report_note (author);

-- Who does not want to be brought together with whom, in either part. name: of the other, as the blocker knew it.
CREATE TABLE own_block (
  id         uuid PRIMARY KEY,
  blocker    uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  blocked    uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  name       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock(),
  UNIQUE (blocker, blocked),
  CHECK (blocker <> blocked)
);
CREATE INDEX own_block_blocked ON own_block (blocked, blocker);

-- Who may neither ask for a guide nor be one: a keyed hash of the mailbox, so that it outlives the account; the account, if there is one.
-- city: whose coordinators said so. reason: for coordinators. message: told to the person.
CREATE TABLE bar (
  id      uuid PRIMARY KEY,
  key     bytea NOT NULL CHECK (length(key) = 32),
  account uuid REFERENCES account ON DELETE SET NULL,
  name    text,
  city    text NOT NULL,
  reason  text NOT NULL,
  message text NOT NULL DEFAULT '',
  made_by uuid REFERENCES account ON DELETE SET NULL,
  made_at timestamptz NOT NULL DEFAULT clock(),
  UNIQUE (key, city)
);
CREATE INDEX bar_account ON bar (account);
CREATE INDEX bar_maker ON bar (made_by);
CREATE INDEX bar_city ON bar (city, id);
CREATE INDEX bar_age ON bar (made_at);

-- Class D. Whom somebody who erased their account is kept apart from, should that mailbox come back.
CREATE TABLE kept_apart (
  key   bytea NOT NULL CHECK (length(key) = 32),
  other uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  since timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (key, other)
);
CREATE INDEX kept_apart_other ON kept_apart (other);
CREATE INDEX kept_apart_age ON kept_apart (since);

ALTER TABLE report_note ENABLE ROW LEVEL SECURITY;
ALTER TABLE own_block ENABLE ROW LEVEL SECURITY;
ALTER TABLE bar ENABLE ROW LEVEL SECURITY;
ALTER TABLE kept_apart ENABLE ROW LEVEL SECURITY;
GRANT SELECT, DELETE ON own_block TO welcome;
GRANT SELECT (id, account, name, city, reason, message, made_at) ON bar TO welcome;

INSERT INTO retention (kind, position, kept, what) VALUES
  ('bars', 14, '24 months', 'who may not ask again, and who is kept apart after an erasure, by a keyed hash of the mailbox');

-- A suspension reaches everything at once.
INSERT INTO transition (machine, from_state, to_state, actor) VALUES
  ('guide', 'active', 'suspended', 'system'), ('guide', 'paused', 'suspended', 'system'),
  ('guide', 'applied', 'rejected', 'system'), ('guide', 'in_screening', 'rejected', 'system'),
  ('guide_request', 'open', 'closed', 'system'), ('guide_request', 'proposed', 'closed', 'system'),
  ('guide_request', 'awaiting_newcomer', 'closed', 'system');

SELECT mark('report', 'personal: who reported whom; interest; reports; not exported: it would tell the one of the other', 'reporter reported');
SELECT mark('report', 'personal: of which proposal, and what came of it; interest; reports', 'proposal urgency measure');
SELECT mark('report', 'personal: what the reported person was told; interest; reports; not exported: it may tell the one of the other', 'message');
SELECT mark('report', 'personal: who has taken it on; task; accounts; not exported: it names staff, whose own part stands in their work', 'claimed_by');
SELECT mark('report', 'technical', '*');
COMMENT ON TABLE report_note IS 'purpose: to protect people from each other; people: guides and newcomers; coordinators; recipients: coordinators of both cities';
SELECT mark('report_note', 'personal: what coordinators found out; interest; reports; not exported: people look through it first', 'id report text written_at');
SELECT mark('report_note', 'personal: who wrote it; task; accounts; not exported: it names staff, whose own part stands in their work', 'author');
COMMENT ON TABLE own_block IS 'purpose: to keep two people apart who do not want to meet; people: guides and newcomers; recipients: nobody';
SELECT mark('own_block', 'personal: whom somebody does not want to meet; consent; accounts', 'id blocker name created_at');
SELECT mark('own_block', 'personal: who is not wanted; consent; accounts; not exported: it would tell the one of the other', 'blocked');
COMMENT ON TABLE bar IS 'purpose: to protect people from somebody who did harm; people: guides and newcomers; recipients: coordinators of the city';
SELECT mark('bar', 'personal: that somebody may not ask again, and what they were told; task; bars', 'id account name city message made_at');
SELECT mark('bar', 'personal: a keyed hash of the mailbox; task; bars; not exported: only machines need it', 'key');
SELECT mark('bar', 'personal: why; task; bars; not exported: people look through it first', 'reason');
SELECT mark('bar', 'personal: who decided; task; accounts; not exported: it names staff, whose own part stands in their work', 'made_by');
COMMENT ON TABLE kept_apart IS 'purpose: to protect people from somebody who did harm; people: guides and newcomers; recipients: nobody';
SELECT mark('kept_apart', 'personal: who is kept apart from a mailbox, by a keyed hash; interest; bars; not exported: it would tell the one of the other', 'key other since');
DROP FUNCTION IF EXISTS report_match(uuid, uuid, text, text), lock_for_report(uuid); -- others take their place
RESET search_path;

-- migrate:down
