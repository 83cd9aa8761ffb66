-- SPDX-License-Identifier: EUPL-1.2
-- Own ones that have not ended, the next first.
SELECT a.first_on,
       a.last_on,
       d.id AS "deputy.id",
       d.display_name AS "deputy.display_name",
       today() BETWEEN a.first_on AND a.last_on AS now,
       '["' || a.first_on || '"]' AS _cursor
  FROM staff_absence a
  LEFT JOIN my_deputy d ON d.first_on = a.first_on
 WHERE a.account = me()
   AND a.last_on >= today()
   AND a.first_on > coalesce((:ctx_cursor->>0)::date, '-infinity')
 ORDER BY a.first_on
 LIMIT :limit + 1;
