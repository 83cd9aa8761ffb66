-- SPDX-License-Identifier: EUPL-1.2
-- The entry as calendars read it; one that was cancelled takes the entry away.
SELECT e.uid,
       e.sequence,
       e.summary,
       e.description,
       e.location,
       e.starts_at,
       e.ends_at,
       e.created_at,
       e.changed_at,
       e.stamped_at,
       e.organizer,
       a.request::text AS request,
       (a.state = 'cancelled')::text AS cancelled
  FROM appointment a
 CROSS JOIN LATERAL appointment_entry(a, :ctx_languages) e
 WHERE a.id = :appointment
   AND a.request = :id
   AND (a.requester_account = me() OR a.city = ANY (my_advised()));
