-- SPDX-License-Identifier: EUPL-1.2
-- Years by the clocks in Germany, the newest first; what has been and what is to come.
SELECT extract(year FROM o.starts_at AT TIME ZONE 'Europe/Berlin')::integer AS year,
       count(*) AS count
  FROM occurrence o
  JOIN content x ON x.id = o.event
 WHERE x.shown
   AND coalesce(x.city IS NULL OR x.city = :city, :city IS NULL)
 GROUP BY 1
 ORDER BY 1 DESC;
