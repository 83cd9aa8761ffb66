-- SPDX-License-Identifier: EUPL-1.2
-- How many list_guide_requests shows on all its pages.
SELECT count(*) AS total
  FROM guide_request r
 WHERE (r.account = me() OR r.handled_by = ANY (my_cities()) OR r.handled_by = '*' AND r.also_handled_by && my_cities())
   AND (:state IS NULL OR r.state = :state)
   AND (:city IS NULL OR r.city = :city)
   AND (:language IS NULL OR r.languages @> jsonb_build_array(jsonb_build_object('tag', :language)));
