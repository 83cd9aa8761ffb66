-- SPDX-License-Identifier: EUPL-1.2
-- Proposals and matches. Accounts and cities of both sides are copied down, so that policies are flat; composite foreign keys
-- keep the copies true.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- seat: a request has at most two proposals that are open or await the newcomer. shown_at: since when the newcomer may see it.
CREATE TABLE proposal (
  id              uuid PRIMARY KEY,
  request         uuid NOT NULL,
  request_account uuid NOT NULL,
  request_city    text NOT NULL,
  guide           uuid NOT NULL,
  guide_account   uuid NOT NULL,
  guide_city      text NOT NULL,
  seat            smallint NOT NULL CHECK (seat IN (1, 2)),
  state           text NOT NULL DEFAULT 'open'
                  CHECK (state IN ('open', 'awaiting_newcomer', 'accepted', 'declined', 'refused', 'expired', 'cancelled')),
  terms           jsonb NOT NULL,
  score           integer NOT NULL,
  second_best     integer,
  weights         integer NOT NULL REFERENCES weights,
  asked_by        uuid REFERENCES account ON DELETE SET NULL, -- null: the matching itself
  asked_at        timestamptz NOT NULL DEFAULT clock(),
  expires_at      timestamptz NOT NULL,
  reminded_at     timestamptz,
  shown_at        timestamptz,
  answered_at     timestamptz,
  decline_reason  text CHECK (decline_reason IN ('no_time', 'language', 'distance', 'other')),
  decline_note    text,
  FOREIGN KEY (request, request_account, request_city) REFERENCES guide_request (id, account, handled_by)
    ON UPDATE CASCADE ON DELETE CASCADE,
  FOREIGN KEY (guide, guide_account, guide_city) REFERENCES guide (id, account, home_city)
    ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE UNIQUE INDEX proposal_seat ON proposal (request, seat) WHERE state IN ('open', 'awaiting_newcomer');
CREATE UNIQUE INDEX proposal_pair ON proposal (request, guide) WHERE state IN ('open', 'awaiting_newcomer');
CREATE INDEX proposal_request ON proposal (request, id);
CREATE INDEX proposal_guide ON proposal (guide, asked_at);
CREATE INDEX proposal_guide_account ON proposal (guide_account, id);
CREATE INDEX proposal_request_account ON proposal (request_account, id);
CREATE INDEX proposal_request_city ON proposal (request_city, (state = 'open'), id); -- lists: open first, then newest
CREATE INDEX proposal_guide_city ON proposal (guide_city, (state = 'open'), id);
CREATE INDEX proposal_asked_by ON proposal (asked_by) WHERE asked_by IS NOT NULL;
CREATE INDEX proposal_expiry ON proposal (expires_at) WHERE state IN ('open', 'awaiting_newcomer');

-- language and waited_days: what the estimate of waiting times reads.
CREATE TABLE match (
  id              uuid PRIMARY KEY,
  proposal        uuid NOT NULL UNIQUE REFERENCES proposal ON DELETE CASCADE,
  request         uuid NOT NULL,
  request_account uuid NOT NULL,
  request_city    text NOT NULL,
  guide           uuid NOT NULL,
  guide_account   uuid NOT NULL,
  guide_city      text NOT NULL,
  state           text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'ended')),
  since           timestamptz NOT NULL DEFAULT clock(),
  language        text,
  waited_days     integer NOT NULL DEFAULT 0,
  ended_at        timestamptz,
  ended_reason    text CHECK (ended_reason IN ('completed', 'no_contact', 'schedule', 'language', 'personal', 'moved', 'guide_left',
                                               'other')),
  ended_by        text CHECK (ended_by IN ('guide', 'newcomer', 'coordinator', 'system')),
  ended_note      text,
  CHECK ((state = 'ended') = (ended_reason IS NOT NULL AND ended_by IS NOT NULL AND ended_at IS NOT NULL)),
  FOREIGN KEY (request, request_account, request_city) REFERENCES guide_request (id, account, handled_by)
    ON UPDATE CASCADE ON DELETE CASCADE,
  FOREIGN KEY (guide, guide_account, guide_city) REFERENCES guide (id, account, home_city)
    ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE UNIQUE INDEX match_one_active ON match (request) WHERE state = 'active';
CREATE INDEX match_request ON match (request, id);
CREATE INDEX match_guide ON match (guide) WHERE state = 'active';
CREATE INDEX match_guide_all ON match (guide);
CREATE INDEX match_guide_account ON match (guide_account, id);
CREATE INDEX match_request_account ON match (request_account, id);
CREATE INDEX match_request_city ON match (request_city, id);
CREATE INDEX match_guide_city ON match (guide_city, id);
CREATE INDEX match_language ON match (language, since DESC);

ALTER TABLE proposal ENABLE ROW LEVEL SECURITY;
ALTER TABLE match ENABLE ROW LEVEL SECURITY;

GRANT SELECT, UPDATE (state, decline_reason, decline_note) ON proposal TO welcome;
GRANT SELECT, UPDATE (state, ended_reason, ended_note) ON match TO welcome;

INSERT INTO transition (machine, from_state, to_state, actor) VALUES
  ('guide', 'unverified', 'applied', 'system'),
  ('guide', 'applied', 'in_screening', 'staff'),
  ('guide', 'applied', 'active', 'staff'),
  ('guide', 'applied', 'rejected', 'staff'),
  ('guide', 'applied', 'left', 'guide'),
  ('guide', 'in_screening', 'active', 'staff'),
  ('guide', 'in_screening', 'rejected', 'staff'),
  ('guide', 'in_screening', 'left', 'guide'),
  ('guide', 'active', 'paused', 'guide'),
  ('guide', 'active', 'suspended', 'staff'),
  ('guide', 'active', 'left', 'guide'),
  ('guide', 'paused', 'active', 'guide'),
  ('guide', 'paused', 'active', 'job'),
  ('guide', 'paused', 'suspended', 'staff'),
  ('guide', 'paused', 'left', 'guide'),
  ('guide', 'suspended', 'active', 'staff'),
  ('guide', 'suspended', 'left', 'guide'),
  ('guide_request', 'unverified', 'open', 'system'),
  ('guide_request', 'open', 'proposed', 'system'),
  ('guide_request', 'open', 'closed', 'newcomer'),
  ('guide_request', 'open', 'closed', 'staff'), ('guide_request', 'proposed', 'closed', 'staff'),
  ('guide_request', 'open', 'closed', 'job'),
  ('guide_request', 'proposed', 'open', 'system'),
  ('guide_request', 'proposed', 'awaiting_newcomer', 'system'),
  ('guide_request', 'proposed', 'matched', 'system'),
  ('guide_request', 'proposed', 'closed', 'newcomer'),
  ('guide_request', 'awaiting_newcomer', 'open', 'system'),
  ('guide_request', 'awaiting_newcomer', 'proposed', 'system'),
  ('guide_request', 'awaiting_newcomer', 'matched', 'system'),
  ('guide_request', 'awaiting_newcomer', 'closed', 'newcomer'),
  ('guide_request', 'matched', 'open', 'system'),
  ('guide_request', 'matched', 'closed', 'system'),
  ('guide_request', 'closed', 'open', 'newcomer'),
  ('proposal', 'open', 'accepted', 'guide'),
  ('proposal', 'open', 'awaiting_newcomer', 'guide'),
  ('proposal', 'open', 'declined', 'guide'),
  ('proposal', 'open', 'expired', 'job'),
  ('proposal', 'open', 'cancelled', 'system'),
  ('proposal', 'awaiting_newcomer', 'accepted', 'newcomer'),
  ('proposal', 'awaiting_newcomer', 'refused', 'newcomer'),
  ('proposal', 'awaiting_newcomer', 'expired', 'job'),
  ('proposal', 'awaiting_newcomer', 'cancelled', 'system'),
  ('match', 'active', 'ended', 'guide'),
  ('match', 'active', 'ended', 'newcomer'),
  ('match', 'active', 'ended', 'staff'),
  ('match', 'active', 'ended', 'system');
RESET search_path;

-- migrate:down
