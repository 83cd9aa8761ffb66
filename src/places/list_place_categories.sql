-- SPDX-License-Identifier: EUPL-1.2
-- In the order to show them.
SELECT k.code,
       title_in(k.title, :ctx_languages) AS title,
       k.icon,
       k.color
  FROM place_category k
 ORDER BY k.position, k.code;
