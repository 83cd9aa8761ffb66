-- SPDX-License-Identifier: EUPL-1.2
-- How many list_places shows on all its pages.
SELECT count(*) AS total
  FROM content x
  JOIN place p ON p.content = x.id
 WHERE x.kind = 'place'
   AND x.shown
   AND coalesce(x.city IS NULL OR x.city = :city, :city IS NULL)
   AND (:category IS NULL OR p.category = :category)
   AND (:topic IS NULL OR :topic = ANY (x.topics))
   AND (:language IS NULL OR :language = ANY (p.spoken_languages))
   AND (:wheelchair IS NULL OR p.wheelchair = :wheelchair)
   AND (:open_now IS NULL OR open_at(p, clock(), (SELECT coming_holidays())) = :open_now)
   AND (:near IS NULL
        OR distance_m(split_part(:near, ',', 1)::float8, split_part(:near, ',', 2)::float8, p.latitude, p.longitude)
           <= coalesce(:radius, 'Infinity'::float8));
