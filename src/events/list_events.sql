-- SPDX-License-Identifier: EUPL-1.2
-- One row for each occurrence, the soonest first: what lasts still and what comes, or what takes place between two days, or in a year.
-- As with places all cities' unless one is named. What began long ago and lasts still is rare, so first_running() says how far to look.
SELECT a.id,
       t.slug,
       t.title,
       t.summary,
       CASE WHEN a.thumbnail IS NOT NULL THEN media_of(a.thumbnail, :ctx_languages) END AS thumbnail,
       a.city,
       a.topics,
       a.audiences,
       a.starts_at,
       a.ends_at,
       local_time(a.starts_at AT TIME ZONE 'Europe/Berlin') AS starts,
       local_time(a.ends_at AT TIME ZONE 'Europe/Berlin') AS ends,
       a.all_day,
       a.recurring,
       place_of(a.place, :ctx_languages) AS place,
       a.meeting_url,
       t.published_at AS updated_at,
       :ctx_languages[1] AS "language.requested",
       t.language AS "language.served",
       t.language <> :ctx_languages[1] AS "language.fallback",
       t.method AS "provenance.method",
       t.source_language AS "provenance.source_language",
       t.source_revision AS "provenance.source_revision",
       t.reviewed_at AS "provenance.reviewed_at",
       jsonb_build_array(a.starts_at, a.id) AS _cursor
  FROM (SELECT x.id, x.city, x.topics, x.audiences, x.thumbnail, o.starts_at, o.ends_at, e.all_day, e.rrule IS NOT NULL AS recurring, e.place, e.meeting_url
          FROM occurrence o
          JOIN event e ON e.content = o.event
          JOIN content x ON x.id = o.event
         WHERE x.shown
           AND o.starts_at >= coalesce(in_berlin(make_timestamp(:year, 1, 1, 0, 0, 0)), (SELECT first_running(coalesce(in_berlin(:from::timestamp), clock()))))
           AND o.starts_at < coalesce(in_berlin(make_timestamp(:year + 1, 1, 1, 0, 0, 0)), in_berlin(:to::timestamp + interval '1 day'), 'infinity')
           AND (:year IS NOT NULL
                OR o.ends_at > coalesce(in_berlin(:from::timestamp), clock())
                OR o.starts_at >= coalesce(in_berlin(:from::timestamp), clock()))
           AND coalesce(x.city IS NULL OR x.city = :city, :city IS NULL)
           AND coalesce(:topic IS NULL OR :topic = ANY (x.topics), true)
           AND coalesce(:audience IS NULL OR :audience = ANY (x.audiences), true)
           AND (o.starts_at, o.event) > (coalesce((:ctx_cursor->>0)::timestamptz, '-infinity'), coalesce((:ctx_cursor->>1)::uuid, '00000000-0000-0000-0000-000000000000'))
         ORDER BY o.starts_at, o.event
         LIMIT :limit + 1) a
 CROSS JOIN LATERAL (
         SELECT p.slug, p.title, p.summary, p.published_at, p.language, p.method, p.source_language, p.source_revision, p.reviewed_at
           FROM translation p
          WHERE p.content = a.id
          ORDER BY array_position(:ctx_languages, p.language) NULLS LAST, p.language
          LIMIT 1) t
 ORDER BY a.starts_at, a.id;
