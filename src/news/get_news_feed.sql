-- SPDX-License-Identifier: EUPL-1.2
-- The fifty newest of list_news; without any, one row that names the feed alone.
SELECT c.name AS city_name,
       '/v1/news.atom?' || concat_ws('&', 'city=' || :city, 'topic=' || :topic, 'audience=' || :audience, 'lang=' || :ctx_languages[1]) AS self,
       rfc3339(max(item.updated_at) OVER ()) AS feed_updated_at,
       item.id,
       '/' || url_component(item.slug) AS page,
       item.title,
       item.summary,
       item.body_html,
       item.attachments::text AS attachments,
       item.language,
       item.topics,
       rfc3339(item.publishes_at) AS published_at,
       rfc3339(item.updated_at) AS updated_at
  FROM (VALUES (1)) AS one
  LEFT JOIN city c ON c.slug = :city
  LEFT JOIN LATERAL (
         SELECT a.id, t.slug, t.title, t.summary,
                CASE WHEN t.embeds <> '{}' THEN with_embeds(t.body_html, t.embeds, :ctx_languages, :city) ELSE t.body_html END AS body_html,
                CASE WHEN EXISTS (SELECT FROM attachment x WHERE x.content = a.id) THEN attachments_of(a.id, :ctx_languages) END AS attachments,
                t.language, array_to_string(a.topics, ' ') AS topics, a.publishes_at,
                greatest(a.publishes_at, t.published_at) AS updated_at
           FROM (SELECT x.id, x.topics, n.publishes_at
                   FROM news n
                   JOIN content x ON x.id = n.content
                  WHERE x.shown
                    AND n.publishes_at <= clock()
                    AND coalesce(n.expires_at > clock(), true)
                    AND (coalesce(x.city = :city OR :city = ANY (n.cities), false) OR (x.city IS NULL AND n.cities = '{}'))
                    AND coalesce(:topic IS NULL OR :topic = ANY (x.topics), true)
                    AND coalesce(:audience IS NULL OR :audience = ANY (x.audiences), true)
                  ORDER BY n.publishes_at DESC, n.content DESC
                  LIMIT 50) a
          CROSS JOIN LATERAL (
                  SELECT p.slug, p.title, p.summary, p.body_html, p.embeds, p.published_at, p.language
                    FROM translation p
                   WHERE p.content = a.id
                   ORDER BY array_position(:ctx_languages, p.language) NULLS LAST, p.language
                   LIMIT 1) t) item ON true
 ORDER BY item.publishes_at DESC, item.id DESC;
