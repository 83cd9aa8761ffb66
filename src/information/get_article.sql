-- SPDX-License-Identifier: EUPL-1.2
-- A current slug in any language or an id; the city's article before the region's, with what is below either; everything linked in the best
-- language there is.
-- A slug that no article has any more leads to the one that had it.
WITH RECURSIVE self AS (
  SELECT a.id, a.city, a.parent, a.topics, a.audiences, a.stages, a.related, a.replaces, a.office, a.reviewed_on, a.thumbnail
    FROM content a
   WHERE a.id = (SELECT content_of('article', :slug, :city, :ctx_languages))
), moved AS (
  SELECT now.slug
    FROM content_slug s
    JOIN content a ON a.id = s.content AND a.kind = 'article' AND a.shown AND (a.city IS NULL OR a.city = :city)
    JOIN translation now ON now.content = s.content
   WHERE s.slug = lower(:slug)
     AND NOT s.current
     AND NOT EXISTS (SELECT FROM self)
   ORDER BY a.city IS NULL, now.language <> s.language, array_position(:ctx_languages, now.language) NULLS LAST, s.content, now.language
   LIMIT 1
), above AS (
  SELECT self.parent AS id, 1 AS distance
    FROM self
   UNION ALL
  SELECT (SELECT a.parent FROM content a WHERE a.id = above.id), above.distance + 1
    FROM above
   WHERE above.id IS NOT NULL
     AND above.distance < 20
), reachable AS NOT MATERIALIZED (
  SELECT a.id, a.parent, a.position
    FROM content a
   WHERE a.kind = 'article'
     AND a.shown
     AND (a.city IS NULL OR a.city = :city)
     AND NOT EXISTS (
           SELECT FROM content own
            WHERE own.replaces = a.id
              AND own.city = :city
              AND own.shown)
), near AS (
  SELECT 'breadcrumb' AS kind,
         coalesce((SELECT own.id FROM content own WHERE own.replaces = above.id AND own.city = :city AND own.shown), above.id) AS id,
         -above.distance AS place
    FROM above
   WHERE above.id IS NOT NULL
   UNION ALL
  SELECT 'children', r.id, r.position FROM self JOIN reachable r ON r.parent IN (self.id, self.replaces)
   UNION ALL
  SELECT 'related', r.id, array_position(self.related, r.id) FROM self JOIN reachable r ON r.id = ANY (self.related)
), link AS (
  SELECT near.kind,
         jsonb_agg(jsonb_build_object('id', near.id, 'slug', t.slug, 'title', t.title, 'language', t.language)
                   ORDER BY near.place, near.id) AS links
    FROM near
   CROSS JOIN LATERAL (
           SELECT p.slug, p.title, p.language
             FROM translation p
            WHERE p.content = near.id
            ORDER BY array_position(:ctx_languages, p.language) NULLS LAST, p.language
            LIMIT 1) t
   GROUP BY near.kind
)
SELECT self.id,
       t.slug,
       t.title,
       t.summary,
       CASE WHEN t.embeds <> '{}' THEN with_embeds(t.body_html, t.embeds, :ctx_languages, :city) ELSE t.body_html END AS body_html,
       CASE WHEN t.embeds <> '{}' THEN text_with_embeds(t.body_text, t.embeds, :ctx_languages) ELSE t.body_text END AS body_text,
       CASE WHEN self.thumbnail IS NOT NULL THEN media_of(self.thumbnail, :ctx_languages) END AS thumbnail,
       CASE WHEN EXISTS (SELECT FROM attachment x WHERE x.content = self.id) THEN attachments_of(self.id, :ctx_languages) ELSE '[]' END AS attachments,
       self.city,
       self.parent,
       self.topics,
       self.audiences,
       self.stages,
       (SELECT jsonb_build_object('id', o.content, 'slug', o.slug, 'title', o.title, 'language', o.language)
          FROM content place
          JOIN translation o ON o.content = place.id
         WHERE place.id = self.office
           AND place.shown
         ORDER BY array_position(:ctx_languages, o.language) NULLS LAST, o.language
         LIMIT 1) AS office,
       t.sources,
       self.reviewed_on,
       t.published_at AS updated_at,
       :ctx_languages[1] AS "language.requested",
       t.language AS "language.served",
       t.language <> :ctx_languages[1] AS "language.fallback",
       t.provenance,
       (SELECT jsonb_agg(jsonb_build_object('language', o.language, 'slug', o.slug, 'title', o.title, 'state', o.state) ORDER BY l.position)
          FROM published_translation o
          JOIN language l ON l.tag = o.language
         WHERE o.content = self.id) AS translations,
       coalesce((SELECT link.links FROM link WHERE link.kind = 'breadcrumb'), '[]') AS breadcrumb,
       coalesce((SELECT link.links FROM link WHERE link.kind = 'children'), '[]') AS children,
       coalesce((SELECT link.links FROM link WHERE link.kind = 'related'), '[]') AS related,
       CASE WHEN moved.slug IS NOT NULL THEN 308 END AS _status,
       '/v1/articles/' || url_component(moved.slug)
         || coalesce('?' || nullif(concat_ws('&', 'city=' || :city, 'lang=' || :lang), ''), '') AS _location
  FROM (VALUES (1)) AS one
  LEFT JOIN self ON true
  LEFT JOIN moved ON true
  LEFT JOIN published_translation t ON t.content = self.id
 WHERE t.slug IS NOT NULL
    OR moved.slug IS NOT NULL
 ORDER BY array_position(:ctx_languages, t.language) NULLS LAST, t.language
 LIMIT 1;
