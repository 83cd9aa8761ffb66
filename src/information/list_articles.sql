-- SPDX-License-Identifier: EUPL-1.2
-- The region's articles and, if a city is named, the city's, without those it replaces; each in the best language there is.
SELECT a.id,
       t.slug,
       t.title,
       t.summary,
       a.city,
       a.parent,
       a.topics,
       a.audiences,
       a.stages,
       t.published_at AS updated_at,
       :ctx_languages[1] AS "language.requested",
       t.language AS "language.served",
       t.language <> :ctx_languages[1] AS "language.fallback",
       '[' || a.position || ',"' || a.id || '"]' AS _cursor
  FROM article a
 CROSS JOIN LATERAL (
         SELECT p.slug, p.title, p.summary, p.published_at, p.language
           FROM published_translation p
          WHERE p.article_id = a.id
          ORDER BY array_position(:ctx_languages, p.language) NULLS LAST, p.language
          LIMIT 1) t
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
   AND (a.position, a.id) > (coalesce((:ctx_cursor->>0)::integer, -1), coalesce((:ctx_cursor->>1)::uuid, '00000000-0000-0000-0000-000000000000'))
 ORDER BY a.position, a.id
 LIMIT :limit + 1;
