-- SPDX-License-Identifier: EUPL-1.2
-- The window shows accounts with a staff role, and those to admins only. All cities are null here and '*' in the database. The place
-- names the last account by its id, for no address may stand in a URL.
SELECT a.id,
       a.email,
       a.display_name,
       a.language,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('role', r ->> 'role', 'city', nullif(r ->> 'city', '*'))), '[]')
          FROM jsonb_array_elements(a.roles) AS r) AS roles,
       a.created_at,
       '["' || a.id || '"]' AS _cursor
  FROM staff_account a
 WHERE (:role IS NULL OR a.roles @> jsonb_build_array(jsonb_build_object('role', :role)))
   AND (:ctx_cursor IS NULL OR a.email > (SELECT last.email FROM account last WHERE last.id = (:ctx_cursor->>0)::uuid))
 ORDER BY a.email
 LIMIT :limit + 1;
