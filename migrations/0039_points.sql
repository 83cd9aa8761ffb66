-- SPDX-License-Identifier: EUPL-1.2
-- Who set the points is for the audit and the export; the daemon's role reads the points themselves.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

REVOKE SELECT ON weights FROM welcome;
GRANT SELECT (version, preferred, language, level, least_level, city_same, city_near, city_remote, audience, topic, topics_most, gender, load, recent,
              price_percent, created_at, id) ON weights TO welcome;

RESET search_path;

-- migrate:down
