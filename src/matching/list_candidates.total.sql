-- SPDX-License-Identifier: EUPL-1.2
-- How many list_candidates shows on all its pages.
SELECT count(*) AS total
  FROM candidate c
 WHERE c.request = :id;
