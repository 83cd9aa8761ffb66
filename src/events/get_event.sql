-- SPDX-License-Identifier: EUPL-1.2
-- Current slugs in all languages and ids lead here, old slugs to the new one. What is over stays readable and says so.
WITH self AS (
  SELECT c.id, c.city, c.topics, c.audiences, c.thumbnail, e AS event
    FROM content c
    JOIN event e ON e.content = c.id
   WHERE c.id = (SELECT thing_of('event', :slug, :city, :ctx_languages))
), moved AS (
  SELECT m.slug
    FROM thing_moved('event', :slug, :city, :ctx_languages) AS m(slug)
   WHERE NOT EXISTS (SELECT FROM self)
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
       self.topics,
       self.audiences,
       local_time((self.event).starts) AS starts,
       local_time((self.event).ends) AS ends,
       in_berlin((self.event).starts) AS starts_at,
       occurrence_end(in_berlin((self.event).starts), (self.event).ends, (self.event).ends - (self.event).starts) AS ends_at,
       (self.event).all_day,
       (self.event).rrule,
       local_times((self.event).exdates) AS exdates,
       coming_occurrences(self.id) AS occurrences,
       place_of((self.event).place, :ctx_languages) AS place,
       (self.event).meeting_url,
       t.published_at AS updated_at,
       :ctx_languages[1] AS "language.requested",
       t.language AS "language.served",
       t.language <> :ctx_languages[1] AS "language.fallback",
       t.provenance,
       (SELECT jsonb_agg(jsonb_build_object('language', p.language, 'slug', p.slug, 'title', p.title, 'state', p.state) ORDER BY l.position)
          FROM published_translation p
          JOIN language l ON l.tag = p.language
         WHERE p.content = self.id) AS translations,
       CASE WHEN moved.slug IS NOT NULL THEN 308 END AS _status,
       '/v1/events/' || url_component(moved.slug)
         || coalesce('?' || nullif(concat_ws('&', 'city=' || :city, 'lang=' || :lang), ''), '') AS _location
  FROM (VALUES (1)) AS one
  LEFT JOIN self ON true
  LEFT JOIN moved ON true
  LEFT JOIN published_translation t ON t.content = self.id
 WHERE t.slug IS NOT NULL
    OR moved.slug IS NOT NULL
 ORDER BY array_position(:ctx_languages, t.language) NULLS LAST, t.language
 LIMIT 1;
