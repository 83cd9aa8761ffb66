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
           SELECT a.starts_at, a.id
             FROM appointment a
            WHERE a.city = own.city
              AND (a.starts_at, a.id) > (after.at, after.id)
              AND (:city IS NULL OR a.city = :city)
              AND (:state IS NULL OR a.state = :state)
              AND (:advisor IS NULL OR EXISTS (SELECT FROM consultation_slot s WHERE s.id = a.slot AND s.advisor = :advisor))
              AND a.starts_at >= coalesce(in_berlin(:from::timestamp), in_berlin(today()::timestamp))
              AND a.starts_at < coalesce(in_berlin(:to::timestamp + interval '1 day'), 'infinity')
            ORDER BY a.starts_at, a.id
            LIMIT :limit + 1) found
   ORDER BY found.starts_at, found.id
   LIMIT :limit + 1
)
SELECT t.id,
       t.state,
       t.service_request,
       t.office,
       t.advisor,
       t.slot,
       t.starts_at,
       t.ends_at,
       t.time_zone,
       t.requester_time_zone,
       t.place,
       t.video_link,
       t.languages,
       t.reason,
       t.cancelled_by,
       t.booked_at,
       t.moved_at,
       t.cancelled_at,
       '["' || t.starts_at || '","' || t.id || '"]' AS _cursor
  FROM appointments_told(ARRAY(SELECT page.id FROM page), :ctx_languages) t
 ORDER BY t.starts_at, t.id;
