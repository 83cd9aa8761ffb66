-- SPDX-License-Identifier: EUPL-1.2
-- Current slugs in all languages and ids lead here, old slugs to the new one. Contacts are roles, not people.
WITH self AS (
  SELECT c.id, c.city, c.topics, c.audiences, c.thumbnail, p AS place
    FROM content c
    JOIN place p ON p.content = c.id
   WHERE c.id = (SELECT thing_of('place', :slug, :city, :ctx_languages))
), moved AS (
  SELECT m.slug
    FROM thing_moved('place', :slug, :city, :ctx_languages) AS m(slug)
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
       k.code AS "category.code",
       title_in(k.title, :ctx_languages) AS "category.title",
       k.icon AS "category.icon",
       k.color AS "category.color",
       (self.place).street AS "address.street",
       (self.place).postcode AS "address.postcode",
       (self.place).town AS "address.town",
       (self.place).latitude,
       (self.place).longitude,
       (self.place).phone,
       (self.place).email,
       (self.place).website,
       (self.place).opening_hours,
       (self.place).open_on_holidays,
       (self.place).appointment,
       (self.place).appointment_url,
       (self.place).spoken_languages,
       (self.place).wheelchair,
       title_in((self.place).accessibility, :ctx_languages || ARRAY(SELECT jsonb_object_keys((self.place).accessibility))) AS accessibility,
       o.state AS opening_state,
       o.open_now,
       o.opens_at,
       o.closes_at,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                 'key', n.key, 'role', title_in(n.role, :ctx_languages || ARRAY(SELECT jsonb_object_keys(n.role))), 'phone', n.phone,
                 'email', n.email, 'website', n.website, 'spoken_languages', n.spoken_languages) ORDER BY n.position), '[]')
          FROM contact n
         WHERE n.place = self.id) AS contacts,
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
       '/v1/places/' || url_component(moved.slug)
         || coalesce('?' || nullif(concat_ws('&', 'city=' || :city, 'lang=' || :lang), ''), '') AS _location
  FROM (VALUES (1)) AS one
  LEFT JOIN self ON true
  LEFT JOIN moved ON true
  LEFT JOIN place_category k ON k.code = (self.place).category
  LEFT JOIN opening_at(self.place, clock(), (SELECT coming_holidays())) o ON true
  LEFT JOIN published_translation t ON t.content = self.id
 WHERE t.slug IS NOT NULL
    OR moved.slug IS NOT NULL
 ORDER BY array_position(:ctx_languages, t.language) NULLS LAST, t.language
 LIMIT 1;
