-- SPDX-License-Identifier: EUPL-1.2
-- How many list_reports shows on all its pages.
SELECT count(*) AS total
  FROM report r
 WHERE (r.request_city = ANY ((SELECT my_cities())::text[]) OR r.guide_city = ANY ((SELECT my_cities())::text[]))
   AND (:state IS NULL OR r.state = :state)
   AND NOT EXISTS (SELECT FROM match own_match WHERE own_match.id = r.match AND me() IN (own_match.guide_account, own_match.request_account));
