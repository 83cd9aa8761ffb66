-- SPDX-License-Identifier: EUPL-1.2
-- Three changes; of the other kinds there are none.
SELECT c.n AS number, jsonb_build_array(c.n) AS _cursor
  FROM generate_series(1, 3) AS c(n)
 WHERE c.n > coalesce((:ctx_cursor -> 0)::integer, 0)
   AND coalesce(:kind, 'any') = 'any'
 ORDER BY c.n
 LIMIT :limit + 1;
