-- SPDX-License-Identifier: EUPL-1.2
-- Service requests, the offices they are at, and their timeline. A request stands where its offices stand; each office has a state and
-- clocks of its own.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

ALTER TABLE transition DROP CONSTRAINT transition_actor_check,
  ADD CONSTRAINT transition_actor_check CHECK (actor IN ('newcomer', 'guide', 'requester', 'staff', 'system', 'job'));
ALTER TABLE confirmation DROP CONSTRAINT confirmation_subject_kind_check,
  ADD CONSTRAINT confirmation_subject_kind_check CHECK (subject_kind IN ('guide', 'guide_request', 'service_request', 'account'));

-- account: null until the address is confirmed. reference: for people to name it, never a key. service, version: the questions that
-- were asked. state: the least advanced of its offices'. handled_by: every city whose office has or had it, '*' the region's.
CREATE TABLE service_request (
  id                    uuid PRIMARY KEY,
  account               uuid REFERENCES account ON DELETE CASCADE,
  reference             text NOT NULL CHECK (reference ~ '^WR-[0-9A-HJKMNP-TV-Z]{8}[0-9A-HJKMNP-TV-Z*~$=U]$'),
  state                 text NOT NULL DEFAULT 'unverified'
                        CHECK (state IN ('unverified', 'submitted', 'acknowledged', 'in_progress', 'waiting_for_requester', 'resolved',
                                         'closed', 'rejected', 'withdrawn')),
  outcome               text CHECK (outcome IN ('helped', 'partly', 'referred', 'unreachable', 'not_helped')),
  rejected_reason       text,
  service               text NOT NULL,
  version               integer NOT NULL,
  city                  text REFERENCES city,
  handled_by            text[] NOT NULL DEFAULT '{}',
  company_name          text,
  company_legal_status  text CHECK (company_legal_status IN ('registered', 'founding', 'abroad')),
  company_size          text CHECK (company_size IN ('s', 'm', 'l', 'xl')),
  company_industry      text,
  company_register      text,
  contact_name          text NOT NULL,
  contact_phone         text,
  language              text NOT NULL,
  answers               jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(answers) = 'object'),
  message               text NOT NULL DEFAULT '',
  duplicate_of          uuid REFERENCES service_request ON DELETE SET NULL,
  consent_version       text NOT NULL DEFAULT '',
  consent_language      text NOT NULL DEFAULT 'en',
  consent_at            timestamptz NOT NULL DEFAULT clock(),
  created_at            timestamptz NOT NULL DEFAULT clock(),
  submitted_at          timestamptz,
  resolved_at           timestamptz,
  closed_at             timestamptz, -- closed, rejected or withdrawn
  asked_rating_at       timestamptz,
  rating                smallint CHECK (rating BETWEEN 1 AND 5),
  rating_text           text,
  rated_at              timestamptz,
  CONSTRAINT service_request_reference UNIQUE (reference),
  UNIQUE (id, account),
  FOREIGN KEY (service, version) REFERENCES service_version ON UPDATE CASCADE,
  CHECK (account IS NOT NULL OR state = 'unverified'),
  CHECK ((company_name IS NULL) = (company_legal_status IS NULL)),
  CHECK ((rating IS NULL) = (rated_at IS NULL))
);
CREATE INDEX service_request_account ON service_request (account, id);
CREATE INDEX service_request_service ON service_request (service, version);
CREATE INDEX service_request_duplicate ON service_request (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX service_request_resolved ON service_request (resolved_at) WHERE state = 'resolved';
CREATE INDEX service_request_closed ON service_request (closed_at) WHERE closed_at IS NOT NULL;

-- One row each time a request reaches an office; forwarded ones stay as what the office has seen. requester_account and request_state
-- are copied down. due_at: what the office owes next; nothing while the asker has to answer, when minutes_left of the time to resolve
-- is kept (below zero: late already). note: what was said with the last step.
CREATE TABLE service_request_office (
  id                 uuid PRIMARY KEY,
  request            uuid NOT NULL,
  requester_account  uuid NOT NULL,
  request_state      text NOT NULL DEFAULT 'submitted',
  city               text NOT NULL,
  office             text NOT NULL,
  state              text NOT NULL DEFAULT 'submitted'
                     CHECK (state IN ('submitted', 'acknowledged', 'in_progress', 'waiting_for_requester', 'resolved', 'closed',
                                      'rejected', 'withdrawn', 'forwarded')),
  outcome            text CHECK (outcome IN ('helped', 'partly', 'referred', 'unreachable', 'not_helped')),
  rejected_as        text CHECK (rejected_as IN ('not_ours', 'duplicate', 'spam', 'other')),
  note               text,
  advisor            uuid REFERENCES account ON DELETE SET NULL,
  submitted_at       timestamptz NOT NULL DEFAULT clock(),
  acknowledged_at    timestamptz,
  assigned_at        timestamptz,
  waiting_since      timestamptz,
  resolved_at        timestamptz,
  left_at            timestamptz, -- forwarded
  forwarded_to       uuid REFERENCES service_request_office ON DELETE SET NULL,
  acknowledge_due_at timestamptz NOT NULL,
  resolve_due_at     timestamptz NOT NULL,
  minutes_left       integer,
  due_at             timestamptz GENERATED ALWAYS AS (CASE WHEN state = 'submitted' THEN acknowledge_due_at
                                                           WHEN state IN ('acknowledged', 'in_progress') THEN resolve_due_at END) STORED,
  reminded_at        timestamptz, -- of what is due now; null again after each step
  escalated_at       timestamptz,
  breached_at        timestamptz, -- when the asker was told that it is late
  asked_again        smallint NOT NULL DEFAULT 0, -- how often the asker was reminded while waiting
  FOREIGN KEY (request, requester_account) REFERENCES service_request (id, account) ON UPDATE CASCADE ON DELETE CASCADE,
  FOREIGN KEY (city, office) REFERENCES office (city, slug) ON UPDATE CASCADE,
  CHECK ((state = 'forwarded') = (left_at IS NOT NULL)),
  CHECK ((state = 'waiting_for_requester') = (minutes_left IS NOT NULL)),
  CHECK ((state = 'rejected') = (rejected_as IS NOT NULL)),
  CHECK (state <> 'in_progress' OR assigned_at IS NOT NULL)
);
CREATE UNIQUE INDEX duplicate_office ON service_request_office (request, city, office) WHERE left_at IS NULL;
CREATE INDEX service_request_office_request ON service_request_office (request, requester_account);
CREATE INDEX service_request_office_account ON service_request_office (requester_account);
CREATE INDEX service_request_office_office ON service_request_office (city, office);
CREATE INDEX service_request_office_newest ON service_request_office (city, id) WHERE left_at IS NULL;
CREATE INDEX service_request_office_state ON service_request_office (city, request_state, id) WHERE left_at IS NULL;
CREATE INDEX service_request_office_due ON service_request_office (city, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX service_request_office_clock ON service_request_office (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX service_request_office_waiting ON service_request_office (waiting_since) WHERE state = 'waiting_for_requester';
CREATE INDEX service_request_office_advisor ON service_request_office (advisor, id) WHERE advisor IS NOT NULL;
CREATE INDEX service_request_office_forwarded ON service_request_office (forwarded_to) WHERE forwarded_to IS NOT NULL;

-- The timeline: every step and every message. public: the asker sees it. office_row: the office that speaks or is spoken of.
CREATE TABLE service_event (
  id         uuid PRIMARY KEY,
  request    uuid NOT NULL REFERENCES service_request ON DELETE CASCADE,
  office_row uuid REFERENCES service_request_office ON DELETE CASCADE,
  at         timestamptz NOT NULL DEFAULT clock(),
  kind       text NOT NULL CHECK (kind IN ('submitted', 'acknowledged', 'assigned', 'handed_over', 'office_added', 'waiting', 'resumed',
                                           'forwarded', 'resolved', 'rejected', 'reopened', 'withdrawn', 'closed', 'message', 'late',
                                           'escalated', 'rated', 'booked', 'moved', 'cancelled')),
  public     boolean NOT NULL,
  by         text NOT NULL CHECK (by IN ('requester', 'staff', 'system')),
  actor      uuid REFERENCES account ON DELETE SET NULL,
  text       text,
  detail     jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX service_event_request ON service_event (request, id);
CREATE INDEX service_event_office ON service_event (office_row);
CREATE INDEX service_event_actor ON service_event (actor) WHERE actor IS NOT NULL;

-- Class D: what full-text search reads of a request.
CREATE TABLE service_request_words (
  request uuid PRIMARY KEY REFERENCES service_request ON DELETE CASCADE,
  words   tsvector NOT NULL
);
CREATE INDEX service_request_words_words ON service_request_words USING gin (words);

-- Days on which somebody of staff is away; deputy: who is told meanwhile.
CREATE TABLE staff_absence (
  account    uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  first_on   date NOT NULL,
  last_on    date NOT NULL,
  deputy     uuid REFERENCES account ON DELETE SET NULL,
  created_at timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (account, first_on),
  CHECK (first_on <= last_on AND last_on - first_on <= 366),
  CHECK (deputy <> account)
);
CREATE INDEX staff_absence_deputy ON staff_absence (deputy) WHERE deputy IS NOT NULL;

ALTER TABLE service_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE service_request_office ENABLE ROW LEVEL SECURITY;
ALTER TABLE service_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE service_request_words ENABLE ROW LEVEL SECURITY;
ALTER TABLE staff_absence ENABLE ROW LEVEL SECURITY;

GRANT SELECT ON service_request, service_request_office, service_event, staff_absence TO welcome;
GRANT INSERT (id, service, city, company_name, company_legal_status, company_size, company_industry, company_register, contact_name,
              contact_phone, language, answers, message, consent_version, consent_language)
   ON service_request TO welcome;
GRANT UPDATE (rating, rating_text) ON service_request TO welcome;
GRANT UPDATE (state, outcome, rejected_as, note, advisor) ON service_request_office TO welcome;
GRANT INSERT (id, request, office_row, kind, public, by, actor, text) ON service_event TO welcome;

INSERT INTO transition (machine, from_state, to_state, actor) VALUES
  ('service_request_office', 'submitted', 'acknowledged', 'staff'),
  ('service_request_office', 'acknowledged', 'in_progress', 'staff'),
  ('service_request_office', 'in_progress', 'waiting_for_requester', 'staff'),
  ('service_request_office', 'waiting_for_requester', 'in_progress', 'staff'),
  ('service_request_office', 'waiting_for_requester', 'in_progress', 'system'),
  ('service_request_office', 'in_progress', 'resolved', 'staff'),
  ('service_request_office', 'waiting_for_requester', 'resolved', 'staff'),
  ('service_request_office', 'resolved', 'closed', 'job'),
  ('service_request_office', 'resolved', 'in_progress', 'staff'),
  ('service_request_office', 'resolved', 'in_progress', 'requester'),
  ('service_request_office', 'closed', 'in_progress', 'staff'),
  ('service_request_office', 'closed', 'in_progress', 'requester'),
  ('service_request_office', 'rejected', 'in_progress', 'staff'),
  ('service_request_office', 'submitted', 'rejected', 'staff'),
  ('service_request_office', 'acknowledged', 'rejected', 'staff'),
  ('service_request_office', 'in_progress', 'rejected', 'staff'),
  ('service_request_office', 'waiting_for_requester', 'rejected', 'staff'),
  ('service_request_office', 'submitted', 'forwarded', 'staff'),
  ('service_request_office', 'acknowledged', 'forwarded', 'staff'),
  ('service_request_office', 'in_progress', 'forwarded', 'staff'),
  ('service_request_office', 'waiting_for_requester', 'forwarded', 'staff'),
  ('service_request_office', 'submitted', 'withdrawn', 'requester'),
  ('service_request_office', 'acknowledged', 'withdrawn', 'requester'),
  ('service_request_office', 'in_progress', 'withdrawn', 'requester'),
  ('service_request_office', 'waiting_for_requester', 'withdrawn', 'requester');
RESET search_path;

-- migrate:down
