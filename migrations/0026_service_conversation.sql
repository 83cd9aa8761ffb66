-- SPDX-License-Identifier: EUPL-1.2
-- What askers and offices send each other beside their words, and ids that keep the order in which one transaction makes them.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- RFC 9562 version 7 with the microseconds behind the milliseconds (§6.2, method 3): what one statement causes after another reads
-- in that order.
CREATE OR REPLACE FUNCTION uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
  SELECT encode(overlay(uuid_send(gen_random_uuid())
                        PLACING int8send((now.us / 1000) << 16 | 28672 | (now.us % 1000) * 4096 / 1000) FROM 1 FOR 8), 'hex')::uuid
    FROM (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us) now
$$;

ALTER TABLE service_event ADD UNIQUE (id, request);

-- A file of the conversation. event: the message it came with, if any. kept_in: where its bytes are, whatever is configured today.
CREATE TABLE service_attachment (
  id         uuid PRIMARY KEY,
  request    uuid NOT NULL REFERENCES service_request ON DELETE CASCADE,
  event      uuid,
  office_row uuid REFERENCES service_request_office ON DELETE CASCADE,
  at         timestamptz NOT NULL DEFAULT clock(),
  public     boolean NOT NULL,
  by         text NOT NULL CHECK (by IN ('requester', 'staff')),
  actor      uuid REFERENCES account ON DELETE SET NULL,
  name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 120 AND name !~ '[/\\]' AND name !~ '[[:cntrl:]]'),
  type       text NOT NULL,
  size       integer NOT NULL CHECK (size BETWEEN 1 AND 10485760),
  kept_in    text NOT NULL CHECK (kept_in IN ('database', 'directory')),
  bytes      bytea,
  FOREIGN KEY (event, request) REFERENCES service_event (id, request) ON DELETE CASCADE,
  CHECK ((kept_in = 'database') = (bytes IS NOT NULL)),
  CHECK (octet_length(bytes) = size),
  CHECK ((by = 'staff') = (office_row IS NOT NULL)),
  CHECK (public OR by = 'staff')
);
ALTER TABLE service_attachment ALTER COLUMN bytes SET STORAGE EXTERNAL; -- is compressed already
CREATE INDEX service_attachment_request ON service_attachment (request, at, id);
CREATE INDEX service_attachment_event ON service_attachment (event, request) WHERE event IS NOT NULL;
CREATE INDEX service_attachment_office ON service_attachment (office_row) WHERE office_row IS NOT NULL;
CREATE INDEX service_attachment_actor ON service_attachment (actor) WHERE actor IS NOT NULL;

-- Class D: files in the directory whose row is gone, until a job has removed them.
CREATE TABLE service_attachment_gone (
  id      uuid PRIMARY KEY,
  gone_at timestamptz NOT NULL DEFAULT clock()
);

ALTER TABLE service_attachment ENABLE ROW LEVEL SECURITY;
ALTER TABLE service_attachment_gone ENABLE ROW LEVEL SECURITY;

GRANT SELECT ON service_attachment TO welcome;
GRANT INSERT (id, request, event, office_row, public, by, actor, name, type, size, kept_in, bytes) ON service_attachment TO welcome;
RESET search_path;

-- migrate:down
