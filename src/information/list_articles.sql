-- SPDX-License-Identifier: EUPL-1.2
-- The region's articles and, if a city is named, the city's, without those it replaces; each in the best language there is. The page
-- is cut before texts are looked for. coalesce() around the filters: a bare OR makes the planner expect nothing to be left, and then
-- it sorts everything instead of walking the index. (NULL = ANY of an empty list is false, hence the test inside.)
SELECT a.id,
       t.slug,
       t.title,
       t.summary,
       CASE WHEN a.thumbnail IS NOT NULL THEN media_of(a.thumbnail, :ctx_languages) END AS thumbnail,
       a.city,
       a.parent,
       a.topics,
       a.audiences,
       a.stages,
       t.published_at AS updated_at,
       :ctx_languages[1] AS "language.requested",
       t.language AS "language.served",
       t.language <> :ctx_languages[1] AS "language.fallback",
       t.method AS "provenance.method",
       t.source_language AS "provenance.source_language",
       t.source_revision AS "provenance.source_revision",
       t.reviewed_at AS "provenance.reviewed_at",
       '[' || a.position || ',"' || a.id || '"]' AS _cursor
  FROM (SELECT x.id, x.position, x.city, x.parent, x.topics, x.audiences, x.stages, x.thumbnail
          FROM content x
         WHERE x.kind = 'article'
           AND x.shown
           AND (x.city IS NULL OR x.city = :city)
           AND NOT EXISTS (
                 SELECT FROM content own
                  WHERE own.replaces = x.id
                    AND own.city = :city
                    AND own.shown)
           AND coalesce(:topic IS NULL OR :topic = ANY (x.topics), true)
           AND coalesce(:audience IS NULL OR :audience = ANY (x.audiences), true)
           AND coalesce(:stage IS NULL OR :stage = ANY (x.stages), true)
           AND coalesce(x.parent = :parent, :parent IS NULL)
           AND (x.position, x.id) > (coalesce((:ctx_cursor->>0)::integer, -1), coalesce((:ctx_cursor->>1)::uuid, '00000000-0000-0000-0000-000000000000'))
         ORDER BY x.position, x.id
         LIMIT :limit + 1) a
 CROSS JOIN LATERAL (
         SELECT p.slug, p.title, p.summary, p.published_at, p.language, p.method, p.source_language, p.source_revision, p.reviewed_at
           FROM translation p
          WHERE p.content = a.id
          ORDER BY array_position(:ctx_languages, p.language) NULLS LAST, p.language
          LIMIT 1) t
 ORDER BY a.position, a.id;
