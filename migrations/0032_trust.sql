-- SPDX-License-Identifier: EUPL-1.2
-- The record of what staff did and saw, sealed in batches that hang together by their hashes.

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

-- It answers more from now on (20_identity.sql).
DROP FUNCTION IF EXISTS authenticate(bytea, text[], uuid);
RESET search_path;

-- migrate:down
