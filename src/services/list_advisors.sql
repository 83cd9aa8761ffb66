-- SPDX-License-Identifier: EUPL-1.2
-- Whom a request can be handed to; colleagues() knows the wall and tells of nothing beyond it.
SELECT c.id,
       c.display_name,
       c.email,
       c.cities,
       c.away_until,
       c.deputy AS "deputy.id",
       c.deputy_name AS "deputy.display_name",
       c.in_progress,
       jsonb_build_array(c.email) AS _cursor
  FROM colleagues(:city) c
 WHERE my_advised() <> '{}'
   AND (:ctx_cursor IS NULL OR c.email > (:ctx_cursor->>0))
 ORDER BY c.email
 LIMIT :limit + 1;
