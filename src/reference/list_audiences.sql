-- SPDX-License-Identifier: EUPL-1.2
-- All at once, in the order to show them.
SELECT a.slug,
       title_in(a.title, :ctx_languages) AS name
  FROM audience a
 ORDER BY a.position, a.slug;
