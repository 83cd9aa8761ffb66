-- SPDX-License-Identifier: EUPL-1.2
-- The tree from the top, each topic followed by those below it.
WITH RECURSIVE tree AS (
  SELECT t.slug, ARRAY[t.position] AS way
    FROM topic t
   WHERE t.parent IS NULL
   UNION ALL
  SELECT t.slug, tree.way || t.position
    FROM topic t
    JOIN tree ON t.parent = tree.slug
)
SELECT t.slug,
       title_in(t.title, :ctx_languages) AS name,
       t.parent,
       t.stage
  FROM tree
  JOIN topic t ON t.slug = tree.slug
 ORDER BY tree.way, t.slug;
