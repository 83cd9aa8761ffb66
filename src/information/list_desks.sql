-- SPDX-License-Identifier: EUPL-1.2
-- The region's first, then the cities'. Editors see their own, admins all.
SELECT nullif(x.name, '*') AS city,
       d.four_eyes,
       d.languages,
       d.desk = x.name AS own,
       jsonb_build_array(x.name)::text AS _cursor
  FROM (SELECT '*' AS name
         UNION ALL
        SELECT c.slug FROM city c) x
 CROSS JOIN LATERAL desk_of(nullif(x.name, '*')) d
 WHERE (is_admin() OR x.name = ANY (my_desks()))
   AND x.name > coalesce(:ctx_cursor->>0, '')
 ORDER BY x.name
 LIMIT :limit + 1;
