-- SPDX-License-Identifier: EUPL-1.2
-- All at once, in the order a reader looks for a name; an English name only where a city has one of its own.
SELECT c.slug,
       coalesce(CASE WHEN :ctx_languages[1] <> 'de' THEN c.name_en END, c.name) AS name,
       c.ags,
       c.latitude,
       c.longitude,
       c.population,
       'https://' || c.website_host || '/' AS website,
       c.neighbours
  FROM city c
 ORDER BY c.name;
