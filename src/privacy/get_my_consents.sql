-- SPDX-License-Identifier: EUPL-1.2
-- Own ones, newest first.
SELECT c.id,
       c.kind,
       c.version,
       c.language,
       c.given_at,
       c.withdrawn_at,
       jsonb_build_array(c.given_at, c.id) AS _cursor
  FROM my_consents() c
 WHERE :ctx_cursor IS NULL
    OR (c.given_at, c.id) < ((:ctx_cursor->>0)::timestamptz, (:ctx_cursor->>1)::uuid)
 ORDER BY c.given_at DESC, c.id DESC
 LIMIT :limit + 1;
