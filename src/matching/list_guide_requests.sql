-- SPDX-License-Identifier: EUPL-1.2
-- Own requests, and for coordinators each of their cities' by its own index; a request without a city also belongs to the cities
-- whose guides were asked. Longest waiting first.
WITH reachable AS (
  SELECT r.id
    FROM guide_request r
   WHERE r.account = me()
   UNION
  SELECT found.id
    FROM unnest(my_cities()) AS mine (city)
   CROSS JOIN LATERAL (
           SELECT r.id
             FROM guide_request r
            WHERE r.handled_by = mine.city
              AND (r.waiting_since, r.id) > (coalesce((:ctx_cursor->>0)::timestamptz, 'epoch'), coalesce((:ctx_cursor->>1)::uuid, '00000000-0000-0000-0000-000000000000'))
              AND (:state IS NULL OR r.state = :state)
              AND (:city IS NULL OR r.city = :city)
              AND (:language IS NULL OR r.languages @> jsonb_build_array(jsonb_build_object('tag', :language)))
            ORDER BY r.waiting_since, r.id
            LIMIT :limit + 1) found
   UNION
  SELECT r.id
    FROM guide_request r
   WHERE r.handled_by = '*'
     AND r.also_handled_by && my_cities()
)
SELECT r.id,
       r.state,
       r.closed_as,
       r.display_name,
       r.languages,
       r.city,
       r.remote,
       r.neighbours,
       r.audience,
       r.topics,
       r.arrival_on,
       r.message,
       r.share_contact,
       r.created_at,
       r.waiting_since,
       '["' || r.waiting_since || '","' || r.id || '"]' AS _cursor
  FROM reachable
  JOIN guide_request r ON r.id = reachable.id
 WHERE (r.waiting_since, r.id) > (coalesce((:ctx_cursor->>0)::timestamptz, 'epoch'), coalesce((:ctx_cursor->>1)::uuid, '00000000-0000-0000-0000-000000000000'))
   AND (:state IS NULL OR r.state = :state)
   AND (:city IS NULL OR r.city = :city)
   AND (:language IS NULL OR r.languages @> jsonb_build_array(jsonb_build_object('tag', :language)))
 ORDER BY r.waiting_since, r.id
 LIMIT :limit + 1;
