-- SPDX-License-Identifier: EUPL-1.2
-- Consultations: the times that advisors offer, and who has booked them. btree_gist (a trusted extension) gets a schema of its own as
-- pg_trgm has.

-- migrate:up
CREATE SCHEMA btree_gist;
CREATE EXTENSION btree_gist SCHEMA btree_gist;

SET LOCAL search_path = welcome, pg_temp;

-- starts_at, ends_at: the ends of `during`. video_link: for who has booked it and for staff. A constraint that is broken is a problem of
-- its name.
CREATE TABLE consultation_slot (
  id           uuid PRIMARY KEY,
  city         text NOT NULL,
  office       text NOT NULL,
  advisor      uuid REFERENCES account ON DELETE SET NULL,
  during       tstzrange NOT NULL,
  starts_at    timestamptz NOT NULL GENERATED ALWAYS AS (lower(during)) STORED,
  ends_at      timestamptz NOT NULL GENERATED ALWAYS AS (upper(during)) STORED,
  place        text,
  video_link   text CHECK (video_link ~ '^https://[^/]'),
  languages    text[] NOT NULL DEFAULT '{}',
  created_at   timestamptz NOT NULL DEFAULT clock(),
  withdrawn_at timestamptz,
  CONSTRAINT slot_overlaps EXCLUDE USING gist (advisor WITH =, during WITH &&) WHERE (withdrawn_at IS NULL),
  UNIQUE (id, city, office, starts_at, ends_at),
  FOREIGN KEY (city, office) REFERENCES office (city, slug) ON UPDATE CASCADE,
  CHECK (lower_inc(during) AND NOT upper_inc(during)),
  CHECK (upper(during) - lower(during) BETWEEN interval '10 minutes' AND interval '4 hours')
);
CREATE INDEX consultation_slot_office ON consultation_slot (city, office, starts_at, id);
CREATE INDEX consultation_slot_city ON consultation_slot (city, starts_at, id) WHERE withdrawn_at IS NULL;
CREATE INDEX consultation_slot_ended ON consultation_slot (ends_at);
CREATE INDEX consultation_slot_advisor ON consultation_slot (advisor);

ALTER TABLE service_request_office ADD UNIQUE (id, request, requester_account, city, office);

-- requester_account, office_row, city, office and times are copied down. state `past`: over, and nobody has said yet whether they met.
-- time_zone: where the asker is. sequence: of the calendar's entry (RFC 5545 §3.8.7.4), grows with each change. moved_from: the slot
-- before the last move. The key to the slot waits for the end of the transaction: an office that is renamed renames both.
CREATE TABLE appointment (
  id                uuid PRIMARY KEY,
  request           uuid NOT NULL,
  requester_account uuid NOT NULL,
  office_row        uuid NOT NULL,
  city              text NOT NULL,
  office            text NOT NULL,
  slot              uuid NOT NULL,
  starts_at         timestamptz NOT NULL,
  ends_at           timestamptz NOT NULL,
  state             text NOT NULL DEFAULT 'booked' CHECK (state IN ('booked', 'past', 'cancelled', 'held', 'missed')),
  time_zone         text NOT NULL DEFAULT 'Europe/Berlin',
  sequence          integer NOT NULL DEFAULT 0,
  moved_from        uuid REFERENCES consultation_slot ON DELETE SET NULL,
  reason            text,
  cancelled_by      text CHECK (cancelled_by IN ('requester', 'staff', 'system')),
  booked_at         timestamptz NOT NULL DEFAULT clock(),
  moved_at          timestamptz,
  cancelled_at      timestamptz,
  changed_at        timestamptz NOT NULL DEFAULT clock(),
  reminded_at       timestamptz,
  FOREIGN KEY (office_row, request, requester_account, city, office)
    REFERENCES service_request_office (id, request, requester_account, city, office) ON UPDATE CASCADE ON DELETE CASCADE,
  FOREIGN KEY (slot, city, office, starts_at, ends_at)
    REFERENCES consultation_slot (id, city, office, starts_at, ends_at) DEFERRABLE INITIALLY DEFERRED,
  CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL)),
  CHECK ((state = 'cancelled') = (cancelled_by IS NOT NULL))
);
CREATE UNIQUE INDEX slot_taken ON appointment (slot) WHERE state <> 'cancelled';
CREATE UNIQUE INDEX already_booked ON appointment (office_row) WHERE state = 'booked';
CREATE INDEX appointment_request ON appointment (request, id);
CREATE INDEX appointment_account ON appointment (requester_account);
CREATE INDEX appointment_office_row ON appointment (office_row);
CREATE INDEX appointment_slot ON appointment (slot);
CREATE INDEX appointment_moved_from ON appointment (moved_from) WHERE moved_from IS NOT NULL;
CREATE INDEX appointment_city ON appointment (city, starts_at, id);
CREATE INDEX appointment_clock ON appointment (starts_at) WHERE state = 'booked';

ALTER TABLE consultation_slot ENABLE ROW LEVEL SECURITY;
ALTER TABLE appointment ENABLE ROW LEVEL SECURITY;

GRANT SELECT ON consultation_slot, appointment TO welcome;
GRANT INSERT (id, city, office, advisor, during, place, video_link, languages) ON consultation_slot TO welcome;
GRANT UPDATE (withdrawn_at) ON consultation_slot TO welcome;
GRANT INSERT (id, request, slot, time_zone) ON appointment TO welcome;
GRANT UPDATE (state, slot, reason) ON appointment TO welcome;

INSERT INTO transition (machine, from_state, to_state, actor) VALUES
  ('appointment', 'booked', 'cancelled', 'requester'),
  ('appointment', 'booked', 'cancelled', 'staff'),
  ('appointment', 'booked', 'cancelled', 'system'),
  ('appointment', 'booked', 'past', 'system'),
  ('appointment', 'booked', 'past', 'job'),
  ('appointment', 'booked', 'held', 'staff'),
  ('appointment', 'booked', 'missed', 'staff'),
  ('appointment', 'past', 'held', 'staff'),
  ('appointment', 'past', 'missed', 'staff');
RESET search_path;

-- migrate:down
