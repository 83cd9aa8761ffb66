-- SPDX-License-Identifier: EUPL-1.2
-- How many list_matches shows on all its pages.
SELECT count(*) AS total
  FROM match m
 WHERE (m.guide_account = (SELECT me()) OR m.request_account = (SELECT me())
        OR m.guide_city = ANY ((SELECT my_cities())::text[]) OR m.request_city = ANY ((SELECT my_cities())::text[]))
   AND (:state IS NULL OR m.state = :state);
