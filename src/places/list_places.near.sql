-- SPDX-License-Identifier: EUPL-1.2
-- As list_places, the nearest first, without those whose coordinates nobody knows.
SELECT a.id,
       t.slug,
       t.title,
       t.summary,
       CASE WHEN a.thumbnail IS NOT NULL THEN media_of(a.thumbnail, :ctx_languages) END AS thumbnail,
       a.city,
       a.topics,
       k.code AS "category.code",
       title_in(k.title, :ctx_languages) AS "category.title",
       k.icon AS "category.icon",
       k.color AS "category.color",
       (a.place).street AS "address.street",
       (a.place).postcode AS "address.postcode",
       (a.place).town AS "address.town",
       (a.place).latitude,
       (a.place).longitude,
       round(a.distance)::integer AS distance_m,
       (a.place).phone,
       (a.place).email,
       (a.place).website,
       (a.place).appointment,
       (a.place).appointment_url,
       (a.place).spoken_languages,
       (a.place).wheelchair,
       o.state AS opening_state,
       o.open_now,
       o.opens_at,
       o.closes_at,
       t.published_at AS updated_at,
       :ctx_languages[1] AS "language.requested",
       t.language AS "language.served",
       t.language <> :ctx_languages[1] AS "language.fallback",
       t.method AS "provenance.method",
       t.source_language AS "provenance.source_language",
       t.source_revision AS "provenance.source_revision",
       t.reviewed_at AS "provenance.reviewed_at",
       jsonb_build_array(a.distance, a.id) AS _cursor
  FROM (SELECT x.id, x.position, x.city, x.topics, x.thumbnail, here.distance, p AS place
          FROM content x
          JOIN place p ON p.content = x.id
         CROSS JOIN LATERAL (
                 SELECT distance_m(split_part(:near, ',', 1)::float8, split_part(:near, ',', 2)::float8, p.latitude, p.longitude) AS distance) here
         WHERE x.kind = 'place'
           AND x.shown
           AND coalesce(x.city IS NULL OR x.city = :city, :city IS NULL)
           AND (:category IS NULL OR p.category = :category)
           AND (:topic IS NULL OR :topic = ANY (x.topics))
           AND (:language IS NULL OR :language = ANY (p.spoken_languages))
           AND (:wheelchair IS NULL OR p.wheelchair = :wheelchair)
           AND (:open_now IS NULL OR open_at(p, clock(), (SELECT coming_holidays())) = :open_now)
           AND here.distance <= coalesce(:radius, 'Infinity'::float8)
           AND (here.distance, x.id) > (coalesce((:ctx_cursor->>0)::float8, -1), coalesce((:ctx_cursor->>1)::uuid, '00000000-0000-0000-0000-000000000000'))
         ORDER BY here.distance, x.id
         LIMIT :limit + 1) a
 CROSS JOIN LATERAL opening_at(a.place, clock(), (SELECT coming_holidays())) o
  JOIN place_category k ON k.code = (a.place).category
 CROSS JOIN LATERAL (
         SELECT p.slug, p.title, p.summary, p.published_at, p.language, p.method, p.source_language, p.source_revision, p.reviewed_at
           FROM translation p
          WHERE p.content = a.id
          ORDER BY array_position(:ctx_languages, p.language) NULLS LAST, p.language
          LIMIT 1) t
 ORDER BY a.distance, a.id;
