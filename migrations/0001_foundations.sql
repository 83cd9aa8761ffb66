-- SPDX-License-Identifier: EUPL-1.2
-- What table defaults and checks need: the schema, its closed doors, the clock, refusals, ids, secrets.

-- migrate:up
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

CREATE SCHEMA welcome;
GRANT USAGE ON SCHEMA welcome TO welcome, welcome_worker;
SET LOCAL search_path = welcome, pg_temp;

-- The one clock; a test build shifts it by replacing this function.
CREATE FUNCTION clock() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT now()';

-- Refuses: the message is the problem's code, the detail a JSON array of faults. Volatile, so that no planner runs it early.
CREATE FUNCTION problem(code text, errors jsonb DEFAULT NULL) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF errors IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'WR000', MESSAGE = code;
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'WR000', MESSAGE = code, DETAIL = errors::text;
END
$$;

CREATE FUNCTION require(condition boolean, code text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF condition IS NOT TRUE THEN
    PERFORM problem(code);
  END IF;
END
$$;

-- RFC 9562 version 7, for rows that triggers and functions make; what a client creates gets its id from the daemon.
CREATE FUNCTION uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
  SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
           PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
           52, 1), 53, 1), 'hex')::uuid
$$;

GRANT EXECUTE ON FUNCTION clock(), problem(text, jsonb), require(boolean, text), uuid_v7() TO welcome, welcome_worker;

-- Class D: the key that signs cursors is made here, once for each database.
CREATE TABLE secret (
  name  text PRIMARY KEY,
  value bytea NOT NULL
);
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
INSERT INTO secret (name, value)
VALUES ('cursor', decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));
RESET search_path;

-- migrate:down
