-- SPDX-License-Identifier: EUPL-1.2
-- How many list_news shows on all its pages.
SELECT count(*) AS total
  FROM news n
  JOIN content x ON x.id = n.content
 WHERE x.shown
   AND n.publishes_at <= clock()
   AND (:year IS NOT NULL OR coalesce(n.expires_at > clock(), true))
   AND n.publishes_at >= coalesce(in_berlin(make_timestamp(:year, 1, 1, 0, 0, 0)), '-infinity')
   AND n.publishes_at < coalesce(in_berlin(make_timestamp(:year + 1, 1, 1, 0, 0, 0)), 'infinity')
   AND (coalesce(x.city = :city OR :city = ANY (n.cities), false) OR (x.city IS NULL AND n.cities = '{}'))
   AND (:topic IS NULL OR :topic = ANY (x.topics))
   AND (:audience IS NULL OR :audience = ANY (x.audiences));
