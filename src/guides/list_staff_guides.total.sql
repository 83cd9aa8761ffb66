-- SPDX-License-Identifier: EUPL-1.2
-- How many list_staff_guides shows on all its pages.
SELECT count(*) AS total
  FROM guide g
 WHERE g.cities && my_cities()
   AND (:state IS NULL OR g.state = :state)
   AND (:city IS NULL OR :city = ANY (g.cities))
   AND (:language IS NULL OR g.languages @> jsonb_build_array(jsonb_build_object('tag', :language)));
