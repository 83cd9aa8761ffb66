-- SPDX-License-Identifier: EUPL-1.2
-- What the lists of advisors go through: own requests and offices by their newest row, services, what nobody has, the work in hand;
-- absences people write themselves, and exports they keep.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- service: the request's, copied down.
ALTER TABLE service_request ADD UNIQUE (id, service);
ALTER TABLE service_request_office ADD COLUMN service text;
UPDATE service_request_office o SET service = r.service FROM service_request r WHERE r.id = o.request;
ALTER TABLE service_request_office ALTER COLUMN service SET NOT NULL,
  ADD FOREIGN KEY (request, service) REFERENCES service_request (id, service) ON UPDATE CASCADE ON DELETE CASCADE;

DROP INDEX service_request_office_account, service_request_office_office;
CREATE INDEX service_request_office_account ON service_request_office (requester_account, id);
CREATE INDEX service_request_office_office ON service_request_office (city, office, request_state, id);
CREATE INDEX service_request_office_service ON service_request_office (city, service, request_state, id) WHERE left_at IS NULL;
CREATE INDEX service_request_office_free ON service_request_office (city, id)
 WHERE advisor IS NULL AND state IN ('submitted', 'acknowledged', 'in_progress', 'waiting_for_requester');
CREATE INDEX service_request_office_work ON service_request_office (advisor, city)
 WHERE state IN ('in_progress', 'waiting_for_requester') AND advisor IS NOT NULL;

-- What the clock looks for is what nobody was told of yet; an index of all that is due would tempt lists away from their city's.
DROP INDEX service_request_office_clock;
CREATE INDEX service_request_office_escalate ON service_request_office (due_at) WHERE due_at IS NOT NULL AND escalated_at IS NULL;
CREATE INDEX service_request_office_breach ON service_request_office (due_at) WHERE due_at IS NOT NULL AND breached_at IS NULL;

-- Lists find each request by its id: a hash leads there in as many pages among a million as among a thousand, a tree does not.
CREATE INDEX service_request_found ON service_request USING hash (id);
CREATE INDEX service_request_office_found ON service_request_office USING hash (id);

-- filter: as the parameters of export_service_requests. Read under the wall of whoever saved it, on the day it runs.
CREATE TABLE saved_export (
  id         uuid PRIMARY KEY,
  account    uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
  filter     jsonb NOT NULL CHECK (jsonb_typeof(filter) = 'object'),
  created_at timestamptz NOT NULL DEFAULT clock(),
  UNIQUE (account, name) -- a trigger says it in words first
);
ALTER TABLE saved_export ENABLE ROW LEVEL SECURITY;

GRANT INSERT (account, first_on, last_on, deputy), DELETE ON staff_absence TO welcome;
GRANT SELECT, INSERT (id, account, name, filter), DELETE ON saved_export TO welcome;
RESET search_path;

-- migrate:down
