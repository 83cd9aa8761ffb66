-- SPDX-License-Identifier: EUPL-1.2
-- Mail that waits to be sent (never a token, never a body), and the append-only record of what staff did.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

CREATE TABLE outbox (
  id              uuid PRIMARY KEY,
  template        text NOT NULL,
  account         uuid REFERENCES account ON DELETE CASCADE,
  address         text,
  language        text NOT NULL,
  subject_kind    text,
  subject_id      uuid,
  created_at      timestamptz NOT NULL DEFAULT clock(),
  next_attempt_at timestamptz NOT NULL DEFAULT clock(),
  attempts        integer NOT NULL DEFAULT 0,
  state           text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'dead')),
  sent_at         timestamptz,
  last_error      text,
  CHECK ((account IS NULL) <> (address IS NULL))
);
CREATE INDEX outbox_waiting ON outbox (next_attempt_at) WHERE state = 'waiting';
CREATE INDEX outbox_account ON outbox (account);
CREATE INDEX outbox_address ON outbox (lower(address)) WHERE address IS NOT NULL;
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE state = 'sent';

-- actor is emptied when the person is erased; the event stays.
CREATE TABLE audit (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at           timestamptz NOT NULL DEFAULT clock(),
  actor        uuid REFERENCES account ON DELETE SET NULL,
  action       text NOT NULL,
  subject_kind text NOT NULL,
  subject_id   uuid NOT NULL,
  city         text,
  detail       jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_actor ON audit (actor);
CREATE INDEX audit_subject ON audit (subject_id);
CREATE INDEX audit_at ON audit (at);

ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit ENABLE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE (next_attempt_at, attempts, state, sent_at, last_error) ON outbox TO welcome_worker;
RESET search_path;

-- migrate:down
