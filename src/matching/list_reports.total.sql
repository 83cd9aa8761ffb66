-- SPDX-License-Identifier: EUPL-1.2
-- How many list_reports shows on all its pages.
SELECT count(*) AS total
  FROM report r
 WHERE (r.request_city = ANY ((SELECT my_cities())::text[]) OR r.guide_city = ANY ((SELECT my_cities())::text[]))
   AND (:state IS NULL OR r.state = :state)
   AND (:claimed IS NULL OR (r.claimed_by IS NOT NULL) = :claimed)
   AND me() NOT IN (r.reporter, r.reported);
