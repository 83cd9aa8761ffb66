-- SPDX-License-Identifier: EUPL-1.2
-- How many list_feedback shows on all its pages.
SELECT count(*) AS total
  FROM feedback f
 WHERE f.desk = ANY (my_desks())
   AND (:city IS NULL OR f.desk = :city)
   AND (:kind IS NULL OR f.kind = :kind)
   AND (:state IS NULL OR f.state = :state);
