-- SPDX-License-Identifier: EUPL-1.2
-- The same columns as list_cities.
SELECT c.slug,
       coalesce(CASE WHEN :ctx_languages[1] <> 'de' THEN c.name_en END, c.name) AS name,
       c.ags,
       c.latitude,
       c.longitude,
       c.population,
       'https://' || c.website_host || '/' AS website,
       c.neighbours
  FROM city c
 WHERE c.slug = :city;
