-- SPDX-License-Identifier: EUPL-1.2
-- Each of the coordinator's cities by its own index, then merged: a guide may stand in several.
WITH page AS (
  SELECT DISTINCT found.guide AS id
    FROM unnest(my_cities()) AS mine (city)
   CROSS JOIN LATERAL (
           SELECT c.guide
             FROM guide_city c
             JOIN guide g ON g.id = c.guide
            WHERE c.city = mine.city
              AND c.guide > coalesce((:ctx_cursor->>0)::uuid, '00000000-0000-0000-0000-000000000000')
              AND (:state IS NULL OR g.state = :state)
              AND (:city IS NULL OR :city = ANY (g.cities))
              AND (:language IS NULL OR g.languages @> jsonb_build_array(jsonb_build_object('tag', :language)))
            ORDER BY c.guide
            LIMIT :limit + 1) found
   ORDER BY id
   LIMIT :limit + 1
)
SELECT g.id,
       g.state,
       g.paused_until,
       g.display_name,
       g.languages,
       g.cities,
       ARRAY(SELECT named.city
               FROM unnest(g.cities) WITH ORDINALITY AS named (city, place)
              WHERE named.city <> ALL (g.serves)
              ORDER BY named.place) AS cities_awaiting_approval,
       g.capacity,
       g.load,
       asks_since(g.recent_asks, clock() - interval '30 days') AS asks_last_30_days,
       g.created_at,
       '["' || g.id || '"]' AS _cursor
  FROM page
  JOIN guide g ON g.id = page.id
 ORDER BY g.id;
