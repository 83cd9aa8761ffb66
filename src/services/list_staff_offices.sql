-- SPDX-License-Identifier: EUPL-1.2
-- Every office, those that are no longer active included, and what it answers.
SELECT nullif(o.city, '*') AS city,
       o.slug,
       title_in(o.name, :ctx_languages) AS name,
       o.active,
       ARRAY(SELECT DISTINCT f.service FROM service_offer f WHERE f.office_city = o.city AND f.office = o.slug ORDER BY f.service) AS services
  FROM office_public o
 WHERE is_admin()
   AND (:city IS NULL OR o.city = :city)
   AND (:active IS NULL OR o.active = :active)
 ORDER BY o.city = '*', o.city, o.slug;
