-- SPDX-License-Identifier: EUPL-1.2
-- How many list_stories shows on all its pages.
SELECT count(*) AS total
  FROM content x
  JOIN story s ON s.content = x.id
 WHERE x.kind = 'story'
   AND x.shown
   AND coalesce(:city IS NULL OR x.city = :city, x.city IS NULL)
   AND (:language IS NULL OR :language = ANY (s.speaks))
   AND (:topic IS NULL OR :topic = ANY (x.topics))
   AND (:audience IS NULL OR :audience = ANY (x.audiences));
