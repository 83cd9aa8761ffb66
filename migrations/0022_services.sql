-- SPDX-License-Identifier: EUPL-1.2
-- What offices do for companies, newcomers and partners: the catalogue, who answers where and how fast, and who joined the initiative.
-- Public, no row-level security; only functions for admins write it.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- city: '*' is the region's. opening_hours: seven days as of places; what the clock counts. email: where new requests are told, never
-- shown; without one the advisors of the city are told.
CREATE TABLE office (
  city          text NOT NULL,
  city_known    text GENERATED ALWAYS AS (nullif(city, '*')) STORED REFERENCES city,
  slug          text NOT NULL CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) <= 80),
  name          jsonb NOT NULL CHECK (jsonb_typeof(name) = 'object' AND name <> '{}'),
  languages     text[] NOT NULL DEFAULT '{}',
  address       text,
  phone         text,
  website       text,
  email         text,
  opening_hours jsonb NOT NULL CHECK (jsonb_typeof(opening_hours) = 'array' AND jsonb_array_length(opening_hours) = 7),
  active        boolean NOT NULL DEFAULT true,
  version       integer NOT NULL DEFAULT 1,
  imported      jsonb, -- the entry of the file it came from, as long as nobody has changed it here
  created_at    timestamptz NOT NULL DEFAULT clock(),
  updated_at    timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (city, slug)
);

-- Days on which an office does not work, beside the holidays.
CREATE TABLE office_closure (
  city     text NOT NULL,
  office   text NOT NULL,
  first_on date NOT NULL,
  last_on  date NOT NULL,
  reason   text NOT NULL DEFAULT '',
  PRIMARY KEY (city, office, first_on),
  FOREIGN KEY (city, office) REFERENCES office ON UPDATE CASCADE ON DELETE CASCADE,
  CHECK (first_on <= last_on AND last_on - first_on <= 366)
);

-- acknowledge_hours, resolve_hours: of the office's business hours, where no offer says otherwise. version: the current one.
CREATE TABLE service (
  code              text PRIMARY KEY CHECK (code ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(code) <= 80),
  clientele         text NOT NULL CHECK (clientele IN ('company', 'newcomer', 'partner')),
  category          text NOT NULL,
  basis             text,
  position          integer NOT NULL DEFAULT 0,
  acknowledge_hours integer NOT NULL DEFAULT 16 CHECK (acknowledge_hours BETWEEN 1 AND 1000),
  resolve_hours     integer NOT NULL DEFAULT 80 CHECK (resolve_hours BETWEEN 1 AND 5000),
  appointments      boolean NOT NULL DEFAULT false, -- the asker may book a consultation
  active            boolean NOT NULL DEFAULT true,
  version           integer NOT NULL DEFAULT 1,
  imported          jsonb, -- as of office
  created_at        timestamptz NOT NULL DEFAULT clock(),
  updated_at        timestamptz NOT NULL DEFAULT clock(),
  CHECK (acknowledge_hours <= resolve_hours)
);
CREATE INDEX service_clientele ON service (clientele, position, code);

-- Never changed, only followed: a request keeps the questions it was asked. name, description: by language. questions:
-- [{"code","type","label":{},"help":{},"required","values":[{"key","label":{}}]}].
CREATE TABLE service_version (
  service     text NOT NULL REFERENCES service ON UPDATE CASCADE ON DELETE CASCADE,
  version     integer NOT NULL,
  name        jsonb NOT NULL CHECK (jsonb_typeof(name) = 'object' AND name <> '{}'),
  description jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(description) = 'object'),
  questions   jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(questions) = 'array'),
  created_at  timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (service, version)
);

-- Who answers a service for a city ('*': for those who do not know the city yet). Without a row it is not offered there.
CREATE TABLE service_offer (
  service           text NOT NULL REFERENCES service ON UPDATE CASCADE ON DELETE CASCADE,
  city              text NOT NULL,
  city_known        text GENERATED ALWAYS AS (nullif(city, '*')) STORED REFERENCES city,
  office_city       text NOT NULL,
  office            text NOT NULL,
  acknowledge_hours integer CHECK (acknowledge_hours BETWEEN 1 AND 1000),
  resolve_hours     integer CHECK (resolve_hours BETWEEN 1 AND 5000),
  PRIMARY KEY (service, city),
  FOREIGN KEY (office_city, office) REFERENCES office ON UPDATE CASCADE,
  CHECK (acknowledge_hours <= resolve_hours)
);
CREATE INDEX service_offer_office ON service_offer (office_city, office);
CREATE INDEX service_offer_city ON service_offer (city, service);

ALTER TABLE service ADD FOREIGN KEY (code, version) REFERENCES service_version (service, version) ON UPDATE CASCADE
  DEFERRABLE INITIALLY DEFERRED;

GRANT SELECT (city, slug, name, languages, address, phone, website, opening_hours, active, version, created_at, updated_at)
   ON office TO welcome;
GRANT SELECT ON office TO welcome_worker;
GRANT SELECT ON office_closure, service, service_version, service_offer TO welcome, welcome_worker;
GRANT INSERT, UPDATE, DELETE ON office, office_closure, service, service_version, service_offer TO welcome_worker;
RESET search_path;

-- migrate:down
