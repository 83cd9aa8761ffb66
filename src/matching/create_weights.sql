-- SPDX-License-Identifier: EUPL-1.2
-- The next version; a round follows at once. What was asked before keeps its points.
SELECT create_weights(:ctx_id, :body);
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
       w.created_at
  FROM weights w
 WHERE w.id = :ctx_id
   AND sees_rounds();
