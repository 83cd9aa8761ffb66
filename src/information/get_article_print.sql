-- SPDX-License-Identifier: EUPL-1.2
-- Found like get_article; old slugs lead to the print form of the new one.
WITH self AS (
  SELECT a.id, a.reviewed_on
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
)
SELECT t.title,
       t.summary,
       CASE WHEN t.embeds <> '{}' THEN with_embeds(t.body_html, t.embeds, :ctx_languages, :city) ELSE t.body_html END AS body_html,
       attachments_of(self.id, :ctx_languages)::text AS attachments,
       t.sources::text AS sources,
       t.provenance->>'method' AS method,
       t.state,
       (t.published_at AT TIME ZONE 'Europe/Berlin')::date::text AS updated_on,
       coalesce(self.reviewed_on, ((t.provenance->>'reviewed_at')::timestamptz AT TIME ZONE 'Europe/Berlin')::date)::text AS reviewed_on,
       l.dir,
       (SELECT r.dir FROM language r WHERE r.tag = :ctx_languages[1]) AS reader_dir,
       t.language AS "language.served",
       t.language <> :ctx_languages[1] AS "language.fallback",
       CASE WHEN moved.slug IS NOT NULL THEN 308 END AS _status,
       '/v1/articles/' || url_component(moved.slug) || '/print'
         || coalesce('?' || nullif(concat_ws('&', 'city=' || :city, 'lang=' || :lang), ''), '') AS _location
  FROM (VALUES (1)) AS one
  LEFT JOIN self ON true
  LEFT JOIN moved ON true
  LEFT JOIN published_translation t ON t.content = self.id
  LEFT JOIN language l ON l.tag = t.language
 WHERE t.slug IS NOT NULL
    OR moved.slug IS NOT NULL
 ORDER BY array_position(:ctx_languages, t.language) NULLS LAST, t.language
 LIMIT 1;
