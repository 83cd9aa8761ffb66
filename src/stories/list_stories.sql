-- SPDX-License-Identifier: EUPL-1.2
-- All cities' unless one is named, in the order their editors gave.
SELECT a.id,
       t.slug,
       t.title,
       t.summary,
       CASE WHEN a.thumbnail IS NOT NULL THEN media_of(a.thumbnail, :ctx_languages) END AS thumbnail,
       a.city,
       a.topics,
       a.audiences,
       a.teller,
       a.speaks,
       a.fictional,
       t.published_at AS updated_at,
       :ctx_languages[1] AS "language.requested",
       t.language AS "language.served",
       t.language <> :ctx_languages[1] AS "language.fallback",
       t.method AS "provenance.method",
       t.source_language AS "provenance.source_language",
       t.source_revision AS "provenance.source_revision",
       t.reviewed_at AS "provenance.reviewed_at",
       '[' || a.position || ',"' || a.id || '"]' AS _cursor
  FROM (SELECT x.id, x.position, x.city, x.topics, x.audiences, x.thumbnail, s.teller, s.speaks, s.fictional
          FROM content x
          JOIN story s ON s.content = x.id
         WHERE x.kind = 'story'
           AND x.shown
           AND coalesce(:city IS NULL OR x.city = :city, x.city IS NULL)
           AND coalesce(:language IS NULL OR :language = ANY (s.speaks), true)
           AND coalesce(:topic IS NULL OR :topic = ANY (x.topics), true)
           AND coalesce(:audience IS NULL OR :audience = ANY (x.audiences), true)
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
