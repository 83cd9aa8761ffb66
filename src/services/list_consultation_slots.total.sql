-- SPDX-License-Identifier: EUPL-1.2
-- How many list_consultation_slots shows on all its pages.
SELECT count(*) AS total
  FROM consultation_slot s
 WHERE s.city = ANY (my_advised())
   AND s.withdrawn_at IS NULL
   AND (:city IS NULL OR s.city = :city)
   AND (:office IS NULL OR s.office = :office)
   AND (:advisor IS NULL OR s.advisor = :advisor)
   AND s.starts_at >= coalesce(in_berlin(:from::timestamp), in_berlin(today()::timestamp))
   AND s.starts_at < coalesce(in_berlin(:to::timestamp + interval '1 day'), 'infinity')
   AND (NOT :free OR NOT is_taken(s.id));
