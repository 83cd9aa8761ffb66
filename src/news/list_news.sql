-- SPDX-License-Identifier: EUPL-1.2
-- What is out and has not expired, the newest first; of a year also what has expired since. News of a city may be shown in others too,
-- news of the region in some cities only.
SELECT a.id,
       t.slug,
       t.title,
       t.summary,
       CASE WHEN a.thumbnail IS NOT NULL THEN media_of(a.thumbnail, :ctx_languages) END AS thumbnail,
       a.city,
       a.cities,
       a.topics,
       a.audiences,
       a.publishes_at,
       a.expires_at,
       t.published_at AS updated_at,
       :ctx_languages[1] AS "language.requested",
       t.language AS "language.served",
       t.language <> :ctx_languages[1] AS "language.fallback",
       t.method AS "provenance.method",
       t.source_language AS "provenance.source_language",
       t.source_revision AS "provenance.source_revision",
       t.reviewed_at AS "provenance.reviewed_at",
       jsonb_build_array(a.publishes_at, a.id) AS _cursor
  FROM (SELECT x.id, x.city, n.cities, x.topics, x.audiences, x.thumbnail, n.publishes_at, n.expires_at
          FROM news n
          JOIN content x ON x.id = n.content
         WHERE x.shown
           AND n.publishes_at <= clock()
           AND (:year IS NOT NULL OR coalesce(n.expires_at > clock(), true))
           AND n.publishes_at >= coalesce(in_berlin(make_timestamp(:year, 1, 1, 0, 0, 0)), '-infinity')
           AND n.publishes_at < coalesce(in_berlin(make_timestamp(:year + 1, 1, 1, 0, 0, 0)), 'infinity')
           AND (coalesce(x.city = :city OR :city = ANY (n.cities), false) OR (x.city IS NULL AND n.cities = '{}'))
           AND coalesce(:topic IS NULL OR :topic = ANY (x.topics), true)
           AND coalesce(:audience IS NULL OR :audience = ANY (x.audiences), true)
           AND (n.publishes_at, n.content) < (coalesce((:ctx_cursor->>0)::timestamptz, 'infinity'), coalesce((:ctx_cursor->>1)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
         ORDER BY n.publishes_at DESC, n.content DESC
         LIMIT :limit + 1) a
 CROSS JOIN LATERAL (
         SELECT p.slug, p.title, p.summary, p.published_at, p.language, p.method, p.source_language, p.source_revision, p.reviewed_at
           FROM translation p
          WHERE p.content = a.id
          ORDER BY array_position(:ctx_languages, p.language) NULLS LAST, p.language
          LIMIT 1) t
 ORDER BY a.publishes_at DESC, a.id DESC;
