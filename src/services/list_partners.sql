-- SPDX-License-Identifier: EUPL-1.2
-- Who has joined and not left.
SELECT p.id,
       p.name,
       p.kind,
       p.city,
       p.website,
       title_in(nullif(p.description, '{}'), :ctx_languages) AS description,
       p.joined_on
  FROM partner p
 WHERE (p.left_on IS NULL OR p.left_on > today())
   AND (:kind IS NULL OR p.kind = :kind)
   AND (:city IS NULL OR p.city = :city)
 ORDER BY lower(p.name), p.id;
