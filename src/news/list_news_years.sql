-- SPDX-License-Identifier: EUPL-1.2
-- Years by the clocks in Germany, the newest first; what has expired is counted too.
SELECT extract(year FROM n.publishes_at AT TIME ZONE 'Europe/Berlin')::integer AS year,
       count(*) AS count
  FROM news n
  JOIN content x ON x.id = n.content
 WHERE x.shown
   AND n.publishes_at <= clock()
   AND (coalesce(x.city = :city OR :city = ANY (n.cities), false) OR (x.city IS NULL AND n.cities = '{}'))
 GROUP BY 1
 ORDER BY 1 DESC;
