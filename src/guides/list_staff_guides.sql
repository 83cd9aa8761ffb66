-- SPDX-License-Identifier: EUPL-1.2
-- Guides who named one of the coordinator's cities. Walks the ids and stops when the page is full: cheaper than a join by city.
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
  FROM guide g
 WHERE g.cities && my_cities()
   AND g.id > coalesce((:ctx_cursor->>0)::uuid, '00000000-0000-0000-0000-000000000000')
   AND (:state IS NULL OR g.state = :state)
   AND (:city IS NULL OR :city = ANY (g.cities))
   AND (:language IS NULL OR g.languages @> jsonb_build_array(jsonb_build_object('tag', :language)))
 ORDER BY g.id
 LIMIT :limit + 1;
