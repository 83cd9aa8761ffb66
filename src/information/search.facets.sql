-- SPDX-License-Identifier: EUPL-1.2
-- How many there would be of each kind, whatever kind is asked for, and on each topic, whatever topic is.
WITH found AS MATERIALIZED (
  SELECT f.kind, f.topics
    FROM search_found(:q, :city, :ctx_languages, false) f
), kinds AS (
  SELECT f.kind, count(*) AS count
    FROM found f
   WHERE (:topic IS NULL OR :topic = ANY (f.topics))
   GROUP BY f.kind
), topics AS (
  SELECT x.topic, count(*) AS count
    FROM found f
   CROSS JOIN unnest(f.topics) AS x(topic)
   WHERE (:kind IS NULL OR f.kind = :kind)
   GROUP BY x.topic
)
SELECT jsonb_build_object(
         'kinds', (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', k.kind, 'count', k.count) ORDER BY k.count DESC, k.kind), '[]')
                     FROM kinds k),
         'topics', (SELECT coalesce(jsonb_agg(jsonb_build_object('topic', t.topic, 'count', t.count) ORDER BY t.count DESC, t.topic), '[]')
                      FROM topics t)) AS facets;
