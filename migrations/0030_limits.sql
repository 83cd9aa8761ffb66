-- SPDX-License-Identifier: EUPL-1.2
-- Requests that were sent before: what an Idempotency-Key made; and how often an address was written into forms lately; and
-- which proofs of work were used. Nothing here tells whose it was or what they wrote.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- name: keyed hash of operation, account and key. body: keyed hash of the request. thing: the id the first request gave what it made.
CREATE TABLE claim (
  name       bytea PRIMARY KEY CHECK (octet_length(name) = 32),
  body       bytea NOT NULL CHECK (octet_length(body) = 32),
  thing      uuid NOT NULL,
  claimed_at timestamptz NOT NULL DEFAULT clock()
);
CREATE INDEX claim_claimed ON claim (claimed_at);
ALTER TABLE claim ENABLE ROW LEVEL SECURITY;

-- name: keyed hash of the kind of form and the address. moments: when it was used, oldest first. spent: when the last of them stops counting.
CREATE TABLE address_use (
  name    bytea PRIMARY KEY CHECK (octet_length(name) = 32),
  moments timestamptz[] NOT NULL,
  spent   timestamptz NOT NULL
);
CREATE INDEX address_use_spent ON address_use (spent);
ALTER TABLE address_use ENABLE ROW LEVEL SECURITY;

-- Solved challenges that were used; until they expire by themselves.
CREATE TABLE spent_challenge (
  challenge bytea PRIMARY KEY CHECK (octet_length(challenge) = 32),
  expires   timestamptz NOT NULL
);
CREATE INDEX spent_challenge_expires ON spent_challenge (expires);
ALTER TABLE spent_challenge ENABLE ROW LEVEL SECURITY;

-- The request that made a version of the points finds it again by this.
ALTER TABLE weights ADD COLUMN id uuid UNIQUE;
RESET search_path;

-- migrate:down
