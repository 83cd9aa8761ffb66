-- SPDX-License-Identifier: EUPL-1.2
-- `region` is what addresses call the region's own.
SELECT nullif(x.name, '*') AS city,
       d.four_eyes,
       d.languages,
       d.desk = x.name AS own,
       desk_version(x.name) AS _revision
  FROM (SELECT '*' AS name
         UNION ALL
        SELECT c.slug FROM city c) x
 CROSS JOIN LATERAL desk_of(nullif(x.name, '*')) d
 WHERE x.name = CASE :desk WHEN 'region' THEN '*' ELSE :desk END
   AND (is_admin() OR x.name = ANY (my_desks()));
