-- SPDX-License-Identifier: EUPL-1.2
-- Welcome-Guides, the newcomers' requests, and the points of matching.
-- cities and languages are written on the guide and the request, in the shape the API speaks; triggers spread them into
-- guide_city, guide_language and guide_request_language, which matching joins.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- Who may change what from where: one machine for each kind of thing, one row for each actor.
CREATE TABLE transition (
  machine    text NOT NULL,
  from_state text NOT NULL,
  to_state   text NOT NULL,
  actor      text NOT NULL CHECK (actor IN ('newcomer', 'guide', 'staff', 'system', 'job')),
  PRIMARY KEY (machine, from_state, to_state, actor)
);

-- account: null until the address is confirmed. cities: the first is home (screening, suspension); serves: those that approved.
-- load: active matches plus proposals open or awaiting the newcomer, counted by triggers under the guide's lock.
-- recent_asks: the last three, enough because nobody is asked more than three times in 30 days.
CREATE TABLE guide (
  id               uuid PRIMARY KEY,
  account          uuid REFERENCES account ON DELETE CASCADE,
  state            text NOT NULL DEFAULT 'unverified'
                   CHECK (state IN ('unverified', 'applied', 'in_screening', 'active', 'rejected', 'paused', 'suspended', 'left')),
  display_name     text NOT NULL,
  story            text NOT NULL DEFAULT '',
  languages        jsonb NOT NULL CHECK (jsonb_array_length(languages) > 0),
  cities           text[] NOT NULL CHECK (cardinality(cities) > 0),
  home_city        text NOT NULL GENERATED ALWAYS AS (cities[1]) STORED REFERENCES city,
  serves           text[] NOT NULL DEFAULT '{}',
  audiences        text[] NOT NULL DEFAULT '{}',
  topics           text[] NOT NULL DEFAULT '{}',
  topic_bits       bit(256) NOT NULL DEFAULT repeat('0', 256)::bit(256),
  capacity         smallint NOT NULL CHECK (capacity BETWEEN 1 AND 10),
  load             smallint NOT NULL DEFAULT 0 CHECK (load >= 0),
  asks_per_month   smallint NOT NULL DEFAULT 3 CHECK (asks_per_month BETWEEN 1 AND 3),
  recent_asks      timestamptz[] NOT NULL DEFAULT '{}',
  neighbours       boolean NOT NULL DEFAULT false,
  remote           boolean NOT NULL DEFAULT false,
  gender           text CHECK (gender IN ('female', 'male', 'diverse')),
  listed           boolean NOT NULL DEFAULT false,
  paused_until     date,
  consent_version  text NOT NULL DEFAULT '',
  consent_language text NOT NULL DEFAULT 'en',
  consent_at       timestamptz NOT NULL DEFAULT clock(),
  created_at       timestamptz NOT NULL DEFAULT clock(),
  applied_at       timestamptz,
  decided_at       timestamptz, -- approved or rejected
  decision_reason  text,        -- of a rejection or suspension, told to the guide
  updated_at       timestamptz NOT NULL DEFAULT clock(),
  UNIQUE (id, account, home_city),
  CHECK (account IS NOT NULL OR state = 'unverified')
);
CREATE UNIQUE INDEX guide_one_per_account ON guide (account) WHERE state NOT IN ('rejected', 'left');
CREATE INDEX guide_account ON guide (account, id);
CREATE INDEX guide_home ON guide (home_city, id);
CREATE INDEX guide_listed ON guide (id) WHERE listed AND state IN ('active', 'paused');
CREATE INDEX guide_paused ON guide (paused_until) WHERE state = 'paused';

CREATE TABLE guide_city (
  guide    uuid NOT NULL REFERENCES guide ON DELETE CASCADE,
  city     text NOT NULL REFERENCES city,
  position smallint NOT NULL,
  approved boolean NOT NULL DEFAULT false,
  PRIMARY KEY (guide, city)
);
CREATE INDEX guide_city_city ON guide_city (city, guide);

-- rank: A1 1, A2 2, B1 3, B2 4, C1 5, C2 6, native 7.
CREATE TABLE guide_language (
  guide    uuid NOT NULL REFERENCES guide ON DELETE CASCADE,
  language text NOT NULL REFERENCES language,
  rank     smallint NOT NULL CHECK (rank BETWEEN 1 AND 7),
  PRIMARY KEY (guide, language)
);
CREATE INDEX guide_language_language ON guide_language (language, guide, rank);

-- Never the document, only that it was seen.
CREATE TABLE guide_verification (
  id          uuid PRIMARY KEY,
  guide       uuid NOT NULL REFERENCES guide ON DELETE CASCADE,
  kind        text NOT NULL CHECK (kind ~ '^[a-z][a-z_]{0,39}$'),
  seen_on     date NOT NULL,
  seen_by     uuid REFERENCES account ON DELETE SET NULL,
  valid_until date,
  created_at  timestamptz NOT NULL DEFAULT clock()
);
CREATE INDEX guide_verification_guide ON guide_verification (guide, kind);
CREATE INDEX guide_verification_seen_by ON guide_verification (seen_by);

-- handled_by: the city, or '*' (the region) for a request without one; also_handled_by: home cities of the guides asked for such
-- a request. waiting_since orders the queue, renewed_at starts the 90 days.
CREATE TABLE guide_request (
  id               uuid PRIMARY KEY,
  account          uuid REFERENCES account ON DELETE CASCADE,
  state            text NOT NULL DEFAULT 'unverified'
                   CHECK (state IN ('unverified', 'open', 'proposed', 'awaiting_newcomer', 'matched', 'closed')),
  closed_as        text CHECK (closed_as IN ('fulfilled', 'withdrawn', 'expired', 'no_guide')),
  display_name     text NOT NULL,
  languages        jsonb NOT NULL CHECK (jsonb_array_length(languages) > 0),
  city             text REFERENCES city,
  handled_by       text NOT NULL GENERATED ALWAYS AS (coalesce(city, '*')) STORED,
  also_handled_by  text[] NOT NULL DEFAULT '{}',
  remote           boolean NOT NULL DEFAULT false,
  neighbours       boolean NOT NULL DEFAULT true,
  audience         text NOT NULL REFERENCES audience,
  topics           text[] NOT NULL DEFAULT '{}',
  topic_bits       bit(256) NOT NULL DEFAULT repeat('0', 256)::bit(256),
  arrival_on       date,
  message          text NOT NULL DEFAULT '',
  preferred_guide  uuid REFERENCES guide ON DELETE SET NULL,
  share_contact    text NOT NULL DEFAULT 'on_acceptance' CHECK (share_contact IN ('on_acceptance', 'ask_me')),
  guide_gender     text CHECK (guide_gender IN ('female', 'male', 'diverse')),
  guide_gender_must boolean NOT NULL DEFAULT false,
  consent_version  text NOT NULL DEFAULT '',
  consent_language text NOT NULL DEFAULT 'en',
  consent_at       timestamptz NOT NULL DEFAULT clock(),
  created_at       timestamptz NOT NULL DEFAULT clock(),
  waiting_since    timestamptz,
  renewed_at       timestamptz,
  closed_at        timestamptz,
  updated_at       timestamptz NOT NULL DEFAULT clock(),
  UNIQUE (id, account, handled_by),
  CHECK (account IS NOT NULL OR state = 'unverified'),
  CHECK ((state = 'closed') = (closed_as IS NOT NULL)),
  CHECK (city IS NOT NULL OR remote)
);
CREATE UNIQUE INDEX duplicate ON guide_request (account) WHERE state <> 'closed'; -- a problem's code: two reopenings may race
CREATE INDEX guide_request_account ON guide_request (account, id);
CREATE INDEX guide_request_queue ON guide_request (handled_by, waiting_since, id);
CREATE INDEX guide_request_waiting ON guide_request (waiting_since, id) WHERE state = 'open';
CREATE INDEX guide_request_preferred ON guide_request (preferred_guide) WHERE preferred_guide IS NOT NULL;

CREATE TABLE guide_request_language (
  request  uuid NOT NULL REFERENCES guide_request ON DELETE CASCADE,
  position smallint NOT NULL,
  language text NOT NULL REFERENCES language,
  rank     smallint NOT NULL CHECK (rank BETWEEN 1 AND 7),
  PRIMARY KEY (request, language)
);

-- Class D. H4: declined or refused once, for ever; H5: blocked. Between people, so that it outlives request and profile.
CREATE TABLE block (
  newcomer   uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  guide      uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  rule       text NOT NULL CHECK (rule IN ('H4', 'H5')),
  created_at timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (newcomer, guide, rule)
);
CREATE INDEX block_guide ON block (guide);

-- The points of matching, never changed, only followed by a newer version; the highest rules.
CREATE TABLE weights (
  version       integer PRIMARY KEY,
  preferred     integer NOT NULL,
  language      integer[] NOT NULL CHECK (cardinality(language) = 4), -- first, second, third, later or related
  level         integer NOT NULL, -- for each level above the least
  least_level   smallint NOT NULL CHECK (least_level BETWEEN 1 AND 7),
  city_same     integer NOT NULL,
  city_near     integer NOT NULL,
  city_remote   integer NOT NULL,
  audience      integer NOT NULL,
  topic         integer NOT NULL,
  topics_most   integer NOT NULL,
  gender        integer NOT NULL,
  load          integer NOT NULL, -- taken off at full load
  recent        integer NOT NULL, -- taken off for each ask in 30 days
  price_percent integer NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT clock(),
  created_by    uuid REFERENCES account ON DELETE SET NULL
);
INSERT INTO weights (version, preferred, language, level, least_level, city_same, city_near, city_remote, audience, topic,
                     topics_most, gender, load, recent, price_percent)
VALUES (1, 1000, '{600,400,250,150}', 30, 3, 300, 150, 100, 120, 40, 3, 60, 150, 30, 50);

ALTER TABLE guide ENABLE ROW LEVEL SECURITY;
ALTER TABLE guide_city ENABLE ROW LEVEL SECURITY;
ALTER TABLE guide_language ENABLE ROW LEVEL SECURITY;
ALTER TABLE guide_verification ENABLE ROW LEVEL SECURITY;
ALTER TABLE guide_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE guide_request_language ENABLE ROW LEVEL SECURITY;
ALTER TABLE block ENABLE ROW LEVEL SECURITY;

GRANT SELECT ON transition, weights TO welcome, welcome_worker;
GRANT SELECT ON guide, guide_city, guide_verification, guide_request TO welcome;
GRANT INSERT (id, display_name, story, languages, cities, audiences, topics, capacity, asks_per_month, neighbours, remote, gender,
              listed, consent_version, consent_language)
   ON guide TO welcome;
GRANT UPDATE (state, display_name, story, languages, cities, audiences, topics, capacity, asks_per_month, neighbours, remote, gender,
              listed, paused_until, decision_reason)
   ON guide TO welcome;
GRANT INSERT (id, display_name, languages, city, remote, neighbours, audience, topics, arrival_on, message, preferred_guide,
              share_contact, guide_gender, guide_gender_must, consent_version, consent_language)
   ON guide_request TO welcome;
GRANT UPDATE (state, closed_as, display_name, languages, city, remote, neighbours, audience, topics, arrival_on, message,
              preferred_guide, share_contact, guide_gender, guide_gender_must)
   ON guide_request TO welcome;
GRANT INSERT (id, guide, kind, seen_on, seen_by, valid_until), DELETE ON guide_verification TO welcome;
RESET search_path;

-- migrate:down
