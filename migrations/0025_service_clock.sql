-- SPDX-License-Identifier: EUPL-1.2
-- When an office is reminded of what it owes next, and an index for those who are asked how it was.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- remind_at: when three quarters of the business time since the last step have passed; null when nothing is due or it is late already.
ALTER TABLE service_request_office ADD COLUMN remind_at timestamptz;
CREATE INDEX service_request_office_remind ON service_request_office (remind_at) WHERE remind_at IS NOT NULL AND reminded_at IS NULL;
CREATE INDEX service_request_unrated ON service_request (closed_at) WHERE state = 'closed' AND asked_rating_at IS NULL AND rated_at IS NULL;
RESET search_path;

-- migrate:down
