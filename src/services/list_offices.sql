-- SPDX-License-Identifier: EUPL-1.2
-- All offices, or those of a city and of the region.
SELECT nullif(o.city, '*') AS city,
       o.slug,
       title_in(o.name, :ctx_languages) AS name,
       o.languages,
       o.address,
       o.phone,
       o.website,
       o.opening_hours
  FROM office_public o
 WHERE o.active
   AND (:city IS NULL OR o.city IN (:city, '*'))
 ORDER BY o.city = '*', o.city, o.slug;
