-- SPDX-License-Identifier: EUPL-1.2
-- Of the coordinator's cities, newest first. The address is known to nobody, only its hash.
SELECT b.id,
       b.name,
       b.account AS "account.id",
       nullif(b.city, '*') AS city,
       b.reason,
       nullif(b.message, '') AS message,
       b.made_at AS since,
       b.made_at + kept_for('bars') AS until,
       jsonb_build_array(b.id) AS _cursor
  FROM bar b
 WHERE b.city = ANY ((SELECT my_cities())::text[])
   AND (:ctx_cursor IS NULL OR b.id < (:ctx_cursor->>0)::uuid)
 ORDER BY b.id DESC
 LIMIT :limit + 1;
