-- SPDX-License-Identifier: EUPL-1.2
-- The days of the week behind the place, in their order.
SELECT d.name, d.n, d.n AS _cursor
  FROM unnest(ARRAY['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']) WITH ORDINALITY AS d(name, n)
 WHERE d.n > coalesce((:ctx_cursor::jsonb)::bigint, 0)
   AND (:month::text IS NULL OR :month = 'may')
 ORDER BY d.n
 LIMIT :limit + 1;
