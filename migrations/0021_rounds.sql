-- SPDX-License-Identifier: EUPL-1.2
-- Rounds of the matching: what was decided, by which points and prices, with which proof; and what people want otherwise.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- How scarce guides are, learned from past requests or, until there are enough, taken from their languages. A version is complete.
CREATE TABLE price_table (
  version    integer PRIMARY KEY,
  method     text NOT NULL CHECK (method IN ('cold_start', 'bootstrap')),
  requests   integer NOT NULL CHECK (requests >= 0), -- that it was learned from
  samples    integer NOT NULL CHECK (samples >= 0),
  created_at timestamptz NOT NULL DEFAULT clock()
);
CREATE TABLE guide_price (
  version integer NOT NULL REFERENCES price_table ON DELETE CASCADE,
  guide   uuid NOT NULL REFERENCES guide ON DELETE CASCADE,
  price   integer NOT NULL CHECK (price BETWEEN 0 AND 100000),
  PRIMARY KEY (version, guide)
);
CREATE INDEX guide_price_guide ON guide_price (guide);

-- digest: of the snapshot, so that a round that finds nothing new need not be kept. started_by: null for the job.
CREATE TABLE matching_round (
  id          uuid PRIMARY KEY,
  seed        bigint NOT NULL CHECK (seed >= 0),
  second      boolean NOT NULL, -- asks that are added to silent ones
  digest      text NOT NULL,
  weights     integer NOT NULL REFERENCES weights,
  prices      integer,
  started_by  uuid REFERENCES account ON DELETE SET NULL,
  started_at  timestamptz NOT NULL,
  finished_at timestamptz NOT NULL DEFAULT clock(),
  requests    integer NOT NULL,
  guides      integer NOT NULL,
  pairs       integer NOT NULL,
  placed      integer NOT NULL, -- by the solution
  proposed    integer NOT NULL, -- of them; the others had changed meanwhile and wait for the next round
  certificate jsonb NOT NULL,
  CHECK (proposed <= placed AND placed <= requests)
);
CREATE INDEX matching_round_newest ON matching_round (id DESC);
CREATE INDEX matching_round_starter ON matching_round (started_by);

-- Why a request got nobody: of the guides who share a language how many stop at what.
CREATE TABLE matching_unplaced (
  round    uuid NOT NULL REFERENCES matching_round ON DELETE CASCADE,
  request  uuid NOT NULL REFERENCES guide_request ON DELETE CASCADE,
  speakers integer NOT NULL,
  reasons  jsonb NOT NULL,
  PRIMARY KEY (round, request)
);
CREATE INDEX matching_unplaced_request ON matching_unplaced (request);

ALTER TABLE proposal ADD COLUMN round uuid REFERENCES matching_round ON DELETE SET NULL;
CREATE INDEX proposal_round ON proposal (round) WHERE round IS NOT NULL;

-- pin: this guide before all others, where the hard rules allow it. forbid: never this guide (H5).
CREATE TABLE matching_override (
  request uuid NOT NULL REFERENCES guide_request ON DELETE CASCADE,
  guide   uuid NOT NULL REFERENCES guide ON DELETE CASCADE,
  kind    text NOT NULL CHECK (kind IN ('pin', 'forbid')),
  reason  text NOT NULL CHECK (reason <> ''),
  made_by uuid REFERENCES account ON DELETE SET NULL,
  made_at timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (request, guide)
);
CREATE UNIQUE INDEX matching_override_one_pin ON matching_override (request) WHERE kind = 'pin';
CREATE INDEX matching_override_guide ON matching_override (guide);
CREATE INDEX matching_override_maker ON matching_override (made_by);

ALTER TABLE price_table ENABLE ROW LEVEL SECURITY;
ALTER TABLE guide_price ENABLE ROW LEVEL SECURITY;
ALTER TABLE matching_round ENABLE ROW LEVEL SECURITY;
ALTER TABLE matching_unplaced ENABLE ROW LEVEL SECURITY;
ALTER TABLE matching_override ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON matching_round, matching_unplaced, matching_override TO welcome;

-- What is not points between nothing and more than anything is a slip of the finger.
ALTER TABLE weights ADD CONSTRAINT weights_in_range
  CHECK (0 <= ALL (ARRAY[preferred, level, city_same, city_near, city_remote, audience, topic, topics_most, gender, load, recent, price_percent])
         AND 0 <= ALL (language) AND 5000 >= ALL (language)
         AND 5000 >= ALL (ARRAY[preferred, level, city_same, city_near, city_remote, audience, topic, gender, load, recent])
         AND topics_most <= 10 AND price_percent <= 100);
RESET search_path;

-- migrate:down
