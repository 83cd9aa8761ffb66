-- SPDX-License-Identifier: EUPL-1.2
-- What places, news, events and stories have beside their texts, one row for each; and media. Public, no people in it: contacts are offices.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

CREATE TABLE place_category (
  code     text PRIMARY KEY CHECK (code ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  position integer NOT NULL,
  title    jsonb NOT NULL,
  icon     text NOT NULL,
  color    text NOT NULL CHECK (color ~ '^#[0-9A-F]{6}$')
);

-- opening_hours: seven days, Monday first: {"closed","all_day","appointment_only","slots":[{"opens":"09:00","closes":"12:30"}]};
-- null: not known. Local time in Europe/Berlin.
CREATE TABLE place (
  content            uuid PRIMARY KEY REFERENCES content ON DELETE CASCADE,
  category           text NOT NULL REFERENCES place_category,
  street             text,
  postcode           text,
  town               text,
  latitude           double precision CHECK (latitude BETWEEN -90 AND 90),
  longitude          double precision CHECK (longitude BETWEEN -180 AND 180),
  phone              text,
  email              text,
  website            text CHECK (website ~ '^https?://[^[:space:]"<>]+$'),
  opening_hours      jsonb CHECK (jsonb_typeof(opening_hours) = 'array' AND jsonb_array_length(opening_hours) = 7),
  open_on_holidays   boolean NOT NULL DEFAULT false,
  temporarily_closed boolean NOT NULL DEFAULT false,
  appointment        text CHECK (appointment IN ('none', 'recommended', 'required')),
  appointment_url    text CHECK (appointment_url ~ '^https?://[^[:space:]"<>]+$'),
  spoken_languages   text[] NOT NULL DEFAULT '{}',
  wheelchair         text CHECK (wheelchair IN ('yes', 'limited', 'no')),
  accessibility      jsonb NOT NULL DEFAULT '{}', -- further remarks by language
  CHECK ((latitude IS NULL) = (longitude IS NULL))
);

-- Whom to reach there, by role: {"de": "Einbürgerung"}; never a person's own name or number.
CREATE TABLE contact (
  key              text PRIMARY KEY CHECK (key ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(key) <= 100),
  place            uuid NOT NULL REFERENCES place ON DELETE CASCADE,
  position         integer NOT NULL,
  role             jsonb NOT NULL,
  phone            text,
  email            text,
  website          text CHECK (website ~ '^https?://[^[:space:]"<>]+$'),
  spoken_languages text[] NOT NULL DEFAULT '{}',
  UNIQUE (place, position)
);

-- cities: where it is shown besides its own; empty for region news: everywhere.
CREATE TABLE news (
  content      uuid PRIMARY KEY REFERENCES content ON DELETE CASCADE,
  cities       text[] NOT NULL DEFAULT '{}',
  publishes_at timestamptz NOT NULL,
  expires_at   timestamptz,
  CHECK (expires_at > publishes_at)
);
CREATE INDEX news_order ON news (publishes_at DESC, content DESC);

-- Times as the calendar on the wall says them, in Europe/Berlin (RFC 5545 form #3). rrule without "RRULE:"; exdates: local starts left out.
CREATE TABLE event (
  content     uuid PRIMARY KEY REFERENCES content ON DELETE CASCADE,
  starts      timestamp NOT NULL,
  ends        timestamp NOT NULL,
  all_day     boolean NOT NULL DEFAULT false,
  rrule       text,
  exdates     timestamp[] NOT NULL DEFAULT '{}',
  expanded_to date NOT NULL, -- occurrences stand up to here
  place       uuid REFERENCES place,
  meeting_url text CHECK (meeting_url ~ '^https?://[^[:space:]"<>]+$'),
  CHECK (ends >= starts)
);

CREATE TABLE occurrence (
  event     uuid NOT NULL REFERENCES event ON DELETE CASCADE,
  starts_at timestamptz NOT NULL,
  ends_at   timestamptz NOT NULL,
  PRIMARY KEY (event, starts_at)
);
CREATE INDEX occurrence_order ON occurrence (starts_at, event);

-- Somebody tells in the first person. fictional: an invented person, and readers are told so.
CREATE TABLE story (
  content   uuid PRIMARY KEY REFERENCES content ON DELETE CASCADE,
  teller    text NOT NULL,
  speaks    text[] NOT NULL,
  fictional boolean NOT NULL
);

-- hash: of the bytes as they are served (SHA-256, hexadecimal).
CREATE TABLE media (
  hash       text PRIMARY KEY CHECK (hash ~ '^[0-9a-f]{64}$'),
  type       text NOT NULL CHECK (type IN ('image/jpeg', 'image/png', 'image/webp', 'application/pdf')),
  bytes      bytea NOT NULL,
  width      integer,
  height     integer,
  desk       text NOT NULL,
  credit     text,
  alternative_texts jsonb NOT NULL DEFAULT '{}', -- by language
  version    integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT clock()
);
ALTER TABLE media ALTER bytes SET STORAGE EXTERNAL; -- compressed already
CREATE INDEX media_desk ON media (desk, created_at);

ALTER TABLE content ADD thumbnail text REFERENCES media;
CREATE TABLE attachment (
  content  uuid NOT NULL REFERENCES content ON DELETE CASCADE,
  position integer NOT NULL,
  media    text NOT NULL REFERENCES media,
  PRIMARY KEY (content, position),
  UNIQUE (content, media)
);
CREATE INDEX attachment_media ON attachment (media);

GRANT UPDATE (thumbnail), INSERT (thumbnail) ON content TO welcome;
GRANT INSERT, UPDATE, DELETE ON place, contact, news, event, occurrence, story, attachment TO welcome;
GRANT SELECT ON place_category, place, contact, news, event, occurrence, story, media, attachment TO welcome, welcome_worker;
GRANT INSERT, UPDATE, DELETE ON place_category, place, contact, news, event, occurrence, story, media, attachment TO welcome_worker;
RESET search_path;

-- migrate:down
