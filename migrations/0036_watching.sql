-- SPDX-License-Identifier: EUPL-1.2
-- When each job was done last, whichever daemon did it, for those who watch.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

CREATE TABLE job_note (
  job          text PRIMARY KEY,
  done_at      timestamptz NOT NULL DEFAULT clock(),
  microseconds bigint NOT NULL CHECK (microseconds >= 0), -- that the run took
  version      text NOT NULL                              -- of the program
);
ALTER TABLE job_note ENABLE ROW LEVEL SECURITY;
SELECT mark('job_note', 'technical: when the program worked last', '*');
RESET search_path;

-- migrate:down
