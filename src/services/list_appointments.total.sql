-- SPDX-License-Identifier: EUPL-1.2
-- How many list_appointments shows on all its pages.
SELECT count(*) AS total
  FROM appointment a
 WHERE a.city = ANY (my_advised())
   AND (:city IS NULL OR a.city = :city)
   AND (:state IS NULL OR a.state = :state)
   AND (:advisor IS NULL OR EXISTS (SELECT FROM consultation_slot s WHERE s.id = a.slot AND s.advisor = :advisor))
   AND a.starts_at >= coalesce(in_berlin(:from::timestamp), in_berlin(today()::timestamp))
   AND a.starts_at < coalesce(in_berlin(:to::timestamp + interval '1 day'), 'infinity');
