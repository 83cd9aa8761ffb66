-- SPDX-License-Identifier: EUPL-1.2
-- All at once, in the order a newcomer lives through them.
SELECT s.slug,
       title_in(s.title, :ctx_languages) AS name
  FROM stage s
 ORDER BY s.position, s.slug;
