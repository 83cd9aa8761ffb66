-- SPDX-License-Identifier: EUPL-1.2
-- What readers report: errors, barriers, praise. Editors see what concerns their desk; where to answer stands apart, for functions only.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- content: what it is about, null for the portal as a whole. about: the language of the text it is about. language: the reporter's.
-- due_on: the last day to answer, of barriers.
CREATE TABLE feedback (
  id           uuid PRIMARY KEY,
  kind         text NOT NULL CHECK (kind IN ('error', 'barrier', 'praise')),
  state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved')),
  desk         text NOT NULL DEFAULT '*',
  content      uuid,
  about        text,
  text         text NOT NULL,
  language     text NOT NULL,
  reply_wanted boolean NOT NULL DEFAULT false,
  due_on       date,
  created_at   timestamptz NOT NULL DEFAULT clock(),
  reply        text,
  resolved_at  timestamptz,
  resolved_by  uuid REFERENCES account ON DELETE SET NULL,
  FOREIGN KEY (content, desk) REFERENCES content (id, desk) ON UPDATE CASCADE ON DELETE SET NULL (content),
  CHECK ((kind = 'barrier') = (due_on IS NOT NULL)),
  CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
  CHECK (reply IS NULL OR state = 'resolved')
);
CREATE INDEX feedback_inbox ON feedback (desk, state, coalesce(due_on, 'infinity'), id);
CREATE INDEX feedback_content ON feedback (content, desk) WHERE content IS NOT NULL;
CREATE INDEX feedback_resolver ON feedback (resolved_by);
CREATE INDEX feedback_resolved ON feedback (resolved_at) WHERE state = 'resolved';
ALTER TABLE feedback ENABLE ROW LEVEL SECURITY;

CREATE TABLE feedback_address (
  feedback uuid PRIMARY KEY REFERENCES feedback ON DELETE CASCADE,
  address  text NOT NULL
);
ALTER TABLE feedback_address ENABLE ROW LEVEL SECURITY;

GRANT SELECT, INSERT (id, kind, content, about, text, language), UPDATE (state, reply) ON feedback TO welcome;
RESET search_path;

-- migrate:down
