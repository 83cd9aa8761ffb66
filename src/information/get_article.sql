-- SPDX-License-Identifier: EUPL-1.2
-- A current slug in any language or an id; the city's article before the region's; everything linked in the best language there is.
WITH RECURSIVE self AS (
  SELECT a.id, a.parent, a.related
    FROM article a
   WHERE a.id = article_of(:slug, :city, :ctx_languages)
), above AS (
  SELECT self.parent AS id, 1 AS distance
    FROM self
   UNION ALL
  SELECT a.parent, above.distance + 1
    FROM above
    JOIN article a ON a.id = above.id
   WHERE above.distance < 20
), reachable AS (
  SELECT a.id, a.key, a.parent, a.position
    FROM article a
   WHERE a.archived_at IS NULL
     AND (a.city IS NULL OR a.city = :city)
     AND NOT EXISTS (
           SELECT FROM article own
            WHERE own.replaces = a.id
              AND own.city = :city
              AND own.archived_at IS NULL
              AND EXISTS (SELECT FROM published_translation p WHERE p.article_id = own.id))
), near AS (
  SELECT 'breadcrumb' AS kind, above.id, -above.distance AS place FROM above
   UNION ALL
  SELECT 'children', r.id, r.position FROM reachable r JOIN self ON r.parent = self.id
   UNION ALL
  SELECT 'related', r.id, array_position(self.related, r.key) FROM reachable r JOIN self ON r.key = ANY (self.related)
), link AS (
  SELECT near.kind,
         jsonb_agg(jsonb_build_object('id', near.id, 'slug', t.slug, 'title', t.title, 'language', t.language)
                   ORDER BY near.place, near.id) AS links
    FROM near
   CROSS JOIN LATERAL (
           SELECT p.slug, p.title, p.language
             FROM published_translation p
            WHERE p.article_id = near.id
            ORDER BY array_position(:ctx_languages, p.language) NULLS LAST, p.language
            LIMIT 1) t
   GROUP BY near.kind
)
SELECT a.id,
       t.slug,
       t.title,
       t.summary,
       t.body_html,
       t.body_text,
       a.city,
       a.parent,
       a.topics,
       a.audiences,
       a.stages,
       t.published_at AS updated_at,
       :ctx_languages[1] AS "language.requested",
       t.language AS "language.served",
       t.language <> :ctx_languages[1] AS "language.fallback",
       t.provenance,
       (SELECT jsonb_agg(jsonb_build_object('language', o.language, 'slug', o.slug, 'title', o.title, 'state', o.state) ORDER BY l.position)
          FROM published_translation o
          JOIN language l ON l.tag = o.language
         WHERE o.article_id = a.id) AS translations,
       coalesce((SELECT link.links FROM link WHERE link.kind = 'breadcrumb'), '[]') AS breadcrumb,
       coalesce((SELECT link.links FROM link WHERE link.kind = 'children'), '[]') AS children,
       coalesce((SELECT link.links FROM link WHERE link.kind = 'related'), '[]') AS related
  FROM self
  JOIN article a ON a.id = self.id
  JOIN published_translation t ON t.article_id = a.id
 ORDER BY array_position(:ctx_languages, t.language) NULLS LAST, t.language
 LIMIT 1;
