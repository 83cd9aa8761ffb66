-- SPDX-License-Identifier: EUPL-1.2
-- Of the cities I advise, each by its own index, then merged; from today on unless said, soonest first.
SELECT problem('validation_failed', jsonb_build_array(jsonb_build_object('parameter', 'to', 'code', 'too_small', 'limit', :from)))
 WHERE :to < :from;
WITH after AS (
  SELECT coalesce((:ctx_cursor->>0)::timestamptz, '-infinity') AS at,
         coalesce((:ctx_cursor->>1)::uuid, '00000000-0000-0000-0000-000000000000') AS id
), page AS (
  SELECT found.starts_at, found.id
    FROM after
   CROSS JOIN unnest(my_advised()) AS own (city)
   CROSS JOIN LATERAL (
           SELECT s.starts_at, s.id
             FROM consultation_slot s
            WHERE s.city = own.city
              AND s.withdrawn_at IS NULL
              AND (s.starts_at, s.id) > (after.at, after.id)
              AND (:city IS NULL OR s.city = :city)
              AND (:office IS NULL OR s.office = :office)
              AND (:advisor IS NULL OR s.advisor = :advisor)
              AND s.starts_at >= coalesce(in_berlin(:from::timestamp), in_berlin(today()::timestamp))
              AND s.starts_at < coalesce(in_berlin(:to::timestamp + interval '1 day'), 'infinity')
              AND (NOT :free OR NOT is_taken(s.id))
            ORDER BY s.starts_at, s.id
            LIMIT :limit + 1) found
   ORDER BY found.starts_at, found.id
   LIMIT :limit + 1
)
SELECT t.id,
       t.office,
       t.advisor,
       t.starts_at,
       t.ends_at,
       t.time_zone,
       t.place,
       t.video_link,
       t.languages,
       t.appointment,
       '["' || t.starts_at || '","' || t.id || '"]' AS _cursor
  FROM slots_told(ARRAY(SELECT page.id FROM page), :ctx_languages) t
 ORDER BY t.starts_at, t.id;
