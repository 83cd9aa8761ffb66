-- SPDX-License-Identifier: EUPL-1.2
-- Own ones by name; there are at most fifty.
SELECT e.id,
       e.name,
       e.filter,
       e.created_at,
       jsonb_build_array(e.name) AS _cursor
  FROM saved_export e
 WHERE e.account = me()
   AND (:ctx_cursor IS NULL OR e.name > (:ctx_cursor->>0))
 ORDER BY e.name
 LIMIT :limit + 1;
