-- SPDX-License-Identifier: EUPL-1.2
-- The function counts, and holds back how many ask where fewer than five do.
SELECT s.language,
       s.city,
       s.requests,
       s.waiting,
       s.guides,
       s.places,
       s.price
  FROM scarcity() s
 WHERE sees_rounds();
