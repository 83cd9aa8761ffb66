-- SPDX-License-Identifier: EUPL-1.2
-- As for JSON, with the sentences that only a feed and a page show.
SELECT d.name, 'All about ' || d.name AS sentence, d.n AS _cursor
  FROM unnest(ARRAY['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']) WITH ORDINALITY AS d(name, n)
 WHERE d.n > coalesce((:ctx_cursor::jsonb)::bigint, 0)
   AND (:month::text IS NULL OR :month = 'may')
 ORDER BY d.n
 LIMIT :limit + 1;
