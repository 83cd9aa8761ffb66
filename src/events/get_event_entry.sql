-- SPDX-License-Identifier: EUPL-1.2
-- Found like get_event; old slugs lead to the entry of the new one.
WITH self AS (
  SELECT f.id
    FROM thing_of('event', :slug, :city, :ctx_languages) AS f(id)
   WHERE f.id IS NOT NULL
), moved AS (
  SELECT m.slug
    FROM thing_moved('event', :slug, :city, :ctx_languages) AS m(slug)
   WHERE NOT EXISTS (SELECT FROM self)
)
SELECT v.id,
       v.page,
       v.title,
       v.summary,
       v.body_text,
       v.language AS "language.served",
       v.starts,
       v.ends,
       v.all_day::text AS all_day,
       v.rrule,
       v.exdates,
       v.location,
       v.latitude::text AS latitude,
       v.longitude::text AS longitude,
       v.meeting_url,
       v.categories,
       v.sequence::text AS sequence,
       v.created_at,
       v.changed_at,
       CASE WHEN moved.slug IS NOT NULL THEN 308 END AS _status,
       '/v1/events/' || url_component(moved.slug) || '/calendar.ics'
         || coalesce('?' || nullif(concat_ws('&', 'city=' || :city, 'lang=' || :lang), ''), '') AS _location
  FROM (VALUES (1)) AS one
  LEFT JOIN self ON true
  LEFT JOIN moved ON true
  LEFT JOIN LATERAL event_entry(self.id, :ctx_languages) v ON true
 WHERE v.id IS NOT NULL
    OR moved.slug IS NOT NULL;
