-- SPDX-License-Identifier: EUPL-1.2
-- Who joined the region's initiative: companies, universities, associations; no person. Public, no row-level security.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- request: the service request by which it joined, if there was one. left_on: since then it is shown no more.
CREATE TABLE partner (
  id          uuid PRIMARY KEY,
  name        text NOT NULL,
  kind        text NOT NULL CHECK (kind IN ('company', 'university', 'association')),
  city        text REFERENCES city,
  website     text,
  description jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(description) = 'object'),
  joined_on   date NOT NULL DEFAULT (clock() AT TIME ZONE 'Europe/Berlin')::date,
  left_on     date,
  request     uuid REFERENCES service_request ON DELETE SET NULL,
  version     integer NOT NULL DEFAULT 1,
  updated_at  timestamptz NOT NULL DEFAULT clock(),
  CHECK (left_on >= joined_on)
);
CREATE UNIQUE INDEX partner_name ON partner (lower(name)) WHERE left_on IS NULL;
CREATE INDEX partner_request ON partner (request) WHERE request IS NOT NULL;
CREATE INDEX partner_city ON partner (city);

GRANT SELECT (id, name, kind, city, website, description, joined_on, left_on, version, updated_at) ON partner TO welcome;
RESET search_path;

-- migrate:down
