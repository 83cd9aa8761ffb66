-- SPDX-License-Identifier: EUPL-1.2
-- The window scores every guide who may be proposed now and cuts what a coordinator of another city may not know. tie is the
-- matching's own way to tell equal scores apart.
SELECT require(EXISTS (SELECT FROM guide_request r WHERE r.id = :id AND r.handled_by = ANY (my_cities())), 'not_found');
SELECT c.guide AS "guide.id",
       c.display_name AS "guide.display_name",
       c.story AS "guide.story",
       c.languages AS "guide.languages",
       c.cities AS "guide.cities",
       c.audiences AS "guide.audiences",
       c.topics AS "guide.topics",
       true AS "guide.taking",
       c.load,
       c.capacity,
       c.score,
       c.explanation,
       '[' || c.score || ',' || c.tie || ',"' || c.guide || '"]' AS _cursor
  FROM candidate c
 WHERE c.request = :id
   AND (:ctx_cursor IS NULL OR (-c.score, -c.tie, c.guide) > (-(:ctx_cursor->>0)::integer, -(:ctx_cursor->>1)::integer, (:ctx_cursor->>2)::uuid))
 ORDER BY c.score DESC, c.tie DESC, c.guide
 LIMIT :limit + 1;
