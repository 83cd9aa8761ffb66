-- SPDX-License-Identifier: EUPL-1.2
-- The record of what staff did and saw, sealed in batches that hang together by their hashes. The second factor of staff, and signing in
-- through their organisation (OpenID Connect).

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- previous: the hash of the seal before, zeros before the first. expired_at: its records were deleted when their time was over; the
-- newest such seal stays, for the chain to begin at.
CREATE TABLE audit_seal (
  number     bigint PRIMARY KEY CHECK (number > 0),
  first_id   bigint NOT NULL,
  last_id    bigint NOT NULL CHECK (last_id >= first_id),
  count      integer NOT NULL CHECK (count > 0),
  previous   bytea NOT NULL CHECK (length(previous) = 32),
  hash       bytea NOT NULL CHECK (length(hash) = 32),
  sealed_at  timestamptz NOT NULL DEFAULT clock(),
  expired_at timestamptz
);
ALTER TABLE audit_seal ENABLE ROW LEVEL SECURITY;

-- mark: SHA-256 of salt and actor. Erasure empties actor and salt, and without the salt the mark tells nobody who it was. seal: null
-- until the job comes by.
ALTER TABLE audit DISABLE TRIGGER USER;
ALTER TABLE audit
  ADD COLUMN salt uuid DEFAULT gen_random_uuid(),
  ADD COLUMN mark bytea,
  ADD COLUMN seal bigint REFERENCES audit_seal;
UPDATE audit SET salt = CASE WHEN actor IS NOT NULL THEN gen_random_uuid() END;
UPDATE audit SET mark = sha256(uuid_send(salt) || uuid_send(actor));
ALTER TABLE audit ENABLE TRIGGER USER;
CREATE INDEX audit_seal_id ON audit (seal, id);
DROP INDEX audit_actor, audit_subject;
CREATE INDEX audit_actor ON audit (actor, id);
CREATE INDEX audit_subject ON audit (subject_id, id);
CREATE INDEX audit_action ON audit (action, id);
-- Who looks at somebody ten times a day has looked.
CREATE UNIQUE INDEX audit_saw ON audit (actor, action, subject_id, ((at AT TIME ZONE 'UTC')::date)) WHERE action IN ('saw', 'listed');

-- sealed: the secret of RFC 6238, encrypted with a key that the database does not know. last_step: the newest step of 30 s whose code was
-- used. attempts: since the last right code; counted before each is looked at. Not confirmed: no code was ever given.
CREATE TABLE second_factor (
  account       uuid PRIMARY KEY REFERENCES account ON DELETE CASCADE,
  sealed        bytea NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT clock(),
  confirmed_at  timestamptz,
  last_step     bigint NOT NULL DEFAULT 0,
  attempts      integer NOT NULL DEFAULT 0,
  blocked_until timestamptz
);

CREATE TABLE recovery_code (
  account uuid NOT NULL REFERENCES second_factor ON DELETE CASCADE,
  hash    bytea NOT NULL CHECK (length(hash) = 32),
  used_at timestamptz,
  PRIMARY KEY (account, hash)
);

-- What was begun at the organisation's sign-in; the other secrets of it derive from the state.
CREATE TABLE oidc_sign_in (
  state_hash bytea PRIMARY KEY CHECK (length(state_hash) = 32),
  expires_at timestamptz NOT NULL
);
CREATE INDEX oidc_sign_in_expiry ON oidc_sign_in (expires_at);

ALTER TABLE second_factor ENABLE ROW LEVEL SECURITY;
ALTER TABLE recovery_code ENABLE ROW LEVEL SECURITY;
ALTER TABLE oidc_sign_in ENABLE ROW LEVEL SECURITY;

-- Kinds second_factor and enrolment: somebody of staff who has yet to give a code, or to get a factor; like a link's session it reaches one
-- thing only, which is the account itself. verified_at: when the second factor was given.
ALTER TABLE session DROP CONSTRAINT session_kind_check;
ALTER TABLE session
  ADD CONSTRAINT session_kind_check
  CHECK (kind IN ('proposal', 'guide_request', 'match', 'service_request', 'second_factor', 'enrolment')),
  ADD COLUMN verified_at timestamptz;

-- They answer more from now on.
DROP FUNCTION IF EXISTS authenticate(bytea, text[], uuid), start_session(bytea, uuid, text, uuid, boolean), open_session(bytea, bytea),
  confirm_token(bytea, bytea);
RESET search_path;

-- migrate:down
