-- SPDX-License-Identifier: EUPL-1.2
-- How many list_articles shows on all its pages.
SELECT count(*) AS total
  FROM article a
 WHERE a.archived_at IS NULL
   AND (a.city IS NULL OR a.city = :city)
   AND NOT EXISTS (
         SELECT FROM article own
          WHERE own.replaces = a.id
            AND own.city = :city
            AND own.archived_at IS NULL
            AND EXISTS (SELECT FROM published_translation p WHERE p.article_id = own.id))
   AND (:topic IS NULL OR :topic = ANY (a.topics))
   AND (:audience IS NULL OR :audience = ANY (a.audiences))
   AND (:stage IS NULL OR :stage = ANY (a.stages))
   AND (:parent IS NULL OR a.parent = :parent)
   AND EXISTS (SELECT FROM published_translation p WHERE p.article_id = a.id);
