-- SPDX-License-Identifier: EUPL-1.2
-- For who asked and for the advisors of the office's city.
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
       t.cancelled_at
  FROM appointment a
 CROSS JOIN LATERAL appointments_told(ARRAY[a.id], :ctx_languages) t
 WHERE a.id = :appointment
   AND a.request = :id
   AND (a.requester_account = me() OR a.city = ANY (my_advised()));
