-- SPDX-License-Identifier: EUPL-1.2
-- What a matching owes people while they wait and afterwards: a wider search, "still looking?", check-ins, reports of what went wrong.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- widen_asked_at: when the newcomer was asked to look wider. still_asked_at: when "still looking?" was asked, null again after an answer.
ALTER TABLE guide_request
  ADD COLUMN widen_asked_at timestamptz,
  ADD COLUMN widened_at     timestamptz,
  ADD COLUMN still_asked_at timestamptz;
CREATE INDEX guide_request_widen ON guide_request (waiting_since) WHERE state = 'open' AND widen_asked_at IS NULL;
CREATE INDEX guide_request_still ON guide_request (renewed_at) WHERE state = 'open' AND still_asked_at IS NULL;

-- paused_at: a report stands; addresses are not given meanwhile. asked_week: of the last check-in that was asked for.
ALTER TABLE match
  ADD COLUMN paused_at  timestamptz,
  ADD COLUMN asked_week smallint NOT NULL DEFAULT 0 CHECK (asked_week IN (0, 2, 8)),
  ADD UNIQUE (id, request_city, guide_city);
CREATE INDEX match_check_in ON match (since) WHERE state = 'active' AND asked_week < 8;

-- Class D: each of the two reads what they said, coordinators both.
CREATE TABLE check_in (
  match       uuid NOT NULL REFERENCES match ON DELETE CASCADE,
  week        smallint NOT NULL CHECK (week IN (2, 8)),
  party       text NOT NULL CHECK (party IN ('guide', 'newcomer')),
  answer      text NOT NULL CHECK (answer IN ('well', 'no_contact', 'need_help')),
  note        text,
  answered_at timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (match, week, party)
);

-- What one of the two says of the other; for the coordinators of both cities.
CREATE TABLE report (
  id           uuid PRIMARY KEY,
  match        uuid NOT NULL,
  request_city text NOT NULL,
  guide_city   text NOT NULL,
  reported_by  text NOT NULL CHECK (reported_by IN ('guide', 'newcomer')),
  reason       text NOT NULL CHECK (reason IN ('unsafe', 'harassment', 'discrimination', 'money', 'other')),
  text         text NOT NULL,
  state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved')),
  created_at   timestamptz NOT NULL DEFAULT clock(),
  outcome      text CHECK (outcome IN ('ended', 'continued')),
  note         text,
  resolved_at  timestamptz,
  resolved_by  uuid REFERENCES account ON DELETE SET NULL,
  FOREIGN KEY (match, request_city, guide_city) REFERENCES match (id, request_city, guide_city) ON UPDATE CASCADE ON DELETE CASCADE,
  CHECK ((state = 'resolved') = (outcome IS NOT NULL AND resolved_at IS NOT NULL))
);
CREATE UNIQUE INDEX report_one_open ON report (match, reported_by) WHERE state = 'open';
CREATE INDEX report_match ON report (match);
CREATE INDEX report_request_city ON report (request_city, state, id);
CREATE INDEX report_guide_city ON report (guide_city, state, id);
CREATE INDEX report_resolver ON report (resolved_by);
CREATE INDEX report_resolved ON report (resolved_at) WHERE state = 'resolved';

ALTER TABLE check_in ENABLE ROW LEVEL SECURITY;
ALTER TABLE report ENABLE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE (state, outcome, note) ON report TO welcome;

INSERT INTO transition (machine, from_state, to_state, actor) VALUES ('report', 'open', 'resolved', 'staff');
RESET search_path;

-- migrate:down
