-- SPDX-License-Identifier: EUPL-1.2
-- Reference data: rows, not code, so that a region with other cities runs the same program. Public, no row-level security.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

CREATE TABLE city (
  slug                   text PRIMARY KEY CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  name                   text NOT NULL,
  name_en                text,
  ags                    text NOT NULL,
  nuts3                  text,
  kind                   text,
  government_region      text,
  state                  text,
  state_code             text,
  latitude               double precision,
  longitude              double precision,
  population             integer,
  population_date        date,
  website_host           text,
  neighbours             text[] NOT NULL DEFAULT '{}',
  required_verifications text[] NOT NULL DEFAULT '{}',
  detail                 jsonb NOT NULL DEFAULT '{}' -- the entry of the source file as it was read, with its sources
);

CREATE TABLE language (
  tag        text PRIMARY KEY,
  position   integer NOT NULL,
  iso639_3   text,
  name_en    text NOT NULL,
  name_de    text NOT NULL,
  autonym    text NOT NULL,
  script     text,
  dir        text NOT NULL CHECK (dir IN ('ltr', 'rtl'))
);

-- Pairs whose speakers understand each other; stored both ways.
CREATE TABLE related_language (
  a text NOT NULL REFERENCES language ON DELETE CASCADE,
  b text NOT NULL REFERENCES language ON DELETE CASCADE,
  PRIMARY KEY (a, b),
  CHECK (a <> b)
);

CREATE TABLE country (
  code        text PRIMARY KEY CHECK (code ~ '^[A-Z]{2}$'),
  alpha3      text NOT NULL,
  numeric     text NOT NULL,
  name_en     text NOT NULL,
  name_de     text NOT NULL,
  entry_group text NOT NULL
);

CREATE TABLE audience (
  slug     text PRIMARY KEY,
  position integer NOT NULL,
  title    jsonb NOT NULL
);

CREATE TABLE stage (
  slug     text PRIMARY KEY,
  position integer NOT NULL,
  title    jsonb NOT NULL
);

-- number: the topic's bit where guides and requests keep theirs for matching; given by a trigger, since an identity would be used up
-- by repeated imports.
CREATE TABLE topic (
  slug     text PRIMARY KEY,
  number   integer NOT NULL UNIQUE CHECK (number BETWEEN 0 AND 255),
  parent   text REFERENCES topic,
  position integer NOT NULL,
  stage    text REFERENCES stage,
  title    jsonb NOT NULL
);

-- Languages that have mail texts.
CREATE TABLE mail_language (
  tag text PRIMARY KEY
);
INSERT INTO mail_language (tag) VALUES ('de'), ('en'), ('tr'), ('ar'), ('uk');

GRANT SELECT ON city, language, related_language, country, audience, stage, topic, mail_language TO welcome, welcome_worker;
GRANT INSERT, UPDATE, DELETE ON city, language, related_language, country, audience, stage, topic, mail_language TO welcome_worker;
RESET search_path;

-- migrate:down
