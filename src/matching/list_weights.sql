-- SPDX-License-Identifier: EUPL-1.2
-- Newest first: the first are those that count.
SELECT w.version,
       w.preferred,
       w.language,
       w.level,
       level_name(w.least_level) AS least_level,
       w.city_same,
       w.city_near,
       w.city_remote,
       w.audience,
       w.topic,
       w.topics_most,
       w.gender,
       w.load,
       w.recent,
       w.price_percent,
       w.created_at,
       '[' || w.version || ']' AS _cursor
  FROM weights w
 WHERE sees_rounds()
   AND w.version < coalesce((:ctx_cursor->>0)::integer, 2147483647)
 ORDER BY w.version DESC
 LIMIT :limit + 1;
