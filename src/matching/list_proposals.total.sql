-- SPDX-License-Identifier: EUPL-1.2
-- How many list_proposals shows on all its pages.
SELECT count(*) AS total
  FROM proposal p
 WHERE (p.guide_account = (SELECT me()) OR p.request_account = (SELECT me())
        OR p.guide_city = ANY ((SELECT my_cities())::text[]) OR p.request_city = ANY ((SELECT my_cities())::text[]))
   AND (:state IS NULL OR p.state = :state);
