-- SPDX-License-Identifier: EUPL-1.2
-- An account is a verified e-mail address. Sessions, tokens, roles and pending confirmations are class D: functions only.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

CREATE TABLE account (
  id           uuid PRIMARY KEY,
  email        text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
  language     text NOT NULL DEFAULT 'en',
  display_name text,
  created_at   timestamptz NOT NULL DEFAULT clock()
);
CREATE UNIQUE INDEX account_email ON account (lower(email));

-- '*' is every city. Admins are always for all: they appoint the others.
CREATE TABLE staff_role (
  account    uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  role       text NOT NULL CHECK (role IN ('editor', 'coordinator', 'advisor', 'admin')),
  city       text NOT NULL,
  city_known text GENERATED ALWAYS AS (nullif(city, '*')) STORED REFERENCES city,
  granted_at timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (account, role, city),
  CONSTRAINT staff_role_admin_is_for_all CHECK (role <> 'admin' OR city = '*')
);
CREATE INDEX staff_role_city ON staff_role (city, role);

-- kind and thing: null for a full session; a task session reaches one thing, request being the guide request it belongs to.
CREATE TABLE session (
  id          uuid PRIMARY KEY,
  token_hash  bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  account     uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  kind        text CHECK (kind IN ('proposal', 'guide_request', 'match', 'service_request')),
  thing       uuid,
  request     uuid,
  created_at  timestamptz NOT NULL DEFAULT clock(),
  expires_at  timestamptz NOT NULL,
  CHECK ((kind IS NULL) = (thing IS NULL))
);
CREATE INDEX session_account ON session (account);
CREATE INDEX session_expiry ON session (expires_at);

-- What waits for the owner of an address to say yes: an application, a guide request, a new address of an account.
CREATE TABLE confirmation (
  subject_kind text NOT NULL CHECK (subject_kind IN ('guide', 'guide_request', 'account')),
  subject_id   uuid NOT NULL,
  address      text NOT NULL,
  language     text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock(),
  expires_at   timestamptz NOT NULL,
  PRIMARY KEY (subject_kind, subject_id)
);
CREATE INDEX confirmation_address ON confirmation (lower(address));
CREATE INDEX confirmation_expiry ON confirmation (expires_at);

-- expires_at: null for a task token, which lives as long as its thing.
CREATE TABLE login_token (
  token_hash   bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  kind         text NOT NULL CHECK (kind IN ('sign_in', 'confirm', 'task')),
  address      text NOT NULL,
  account      uuid REFERENCES account ON DELETE CASCADE,
  subject_kind text,
  subject_id   uuid,
  created_at   timestamptz NOT NULL DEFAULT clock(),
  expires_at   timestamptz,
  used_at      timestamptz,
  CHECK (kind <> 'task' OR (account IS NOT NULL AND subject_id IS NOT NULL))
);
CREATE INDEX login_token_address ON login_token (lower(address));
CREATE INDEX login_token_subject ON login_token (subject_id);
CREATE INDEX login_token_account ON login_token (account);

ALTER TABLE account ENABLE ROW LEVEL SECURITY;
ALTER TABLE staff_role ENABLE ROW LEVEL SECURITY;
ALTER TABLE session ENABLE ROW LEVEL SECURITY;
ALTER TABLE confirmation ENABLE ROW LEVEL SECURITY;
ALTER TABLE login_token ENABLE ROW LEVEL SECURITY;

GRANT SELECT, UPDATE (language) ON account TO welcome;
RESET search_path;

-- migrate:down
