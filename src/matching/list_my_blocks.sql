-- SPDX-License-Identifier: EUPL-1.2
-- Own ones, newest first.
SELECT b.id,
       b.name,
       b.created_at,
       jsonb_build_array(b.id) AS _cursor
  FROM own_block b
 WHERE b.blocker = me()
   AND (:ctx_cursor IS NULL OR b.id < (:ctx_cursor->>0)::uuid)
 ORDER BY b.id DESC
 LIMIT :limit + 1;
