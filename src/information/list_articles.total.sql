-- SPDX-License-Identifier: EUPL-1.2
-- How many list_articles shows on all its pages.
SELECT count(*) AS total
  FROM content a
 WHERE a.kind = 'article'
   AND a.shown
   AND (a.city IS NULL OR a.city = :city)
   AND NOT EXISTS (
         SELECT FROM content own
          WHERE own.replaces = a.id
            AND own.city = :city
            AND own.shown)
   AND (:topic IS NULL OR :topic = ANY (a.topics))
   AND (:audience IS NULL OR :audience = ANY (a.audiences))
   AND (:stage IS NULL OR :stage = ANY (a.stages))
   AND (:parent IS NULL OR a.parent = :parent);
