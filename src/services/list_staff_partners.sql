-- SPDX-License-Identifier: EUPL-1.2
-- Everybody who ever joined, those who have left included.
SELECT require(keeps_partners(), 'forbidden');
SELECT p.id,
       p.name,
       p.kind,
       p.city,
       p.joined_on,
       p.left_on
  FROM partner p
 WHERE keeps_partners()
   AND (:kind IS NULL OR p.kind = :kind)
   AND (:city IS NULL OR p.city = :city)
 ORDER BY lower(p.name), p.joined_on, p.id;
