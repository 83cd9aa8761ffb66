-- SPDX-License-Identifier: EUPL-1.2
-- The window shows accounts with a staff role, and those to admins only. All cities are null here and '*' in the database.
SELECT a.id,
       a.email,
       a.display_name,
       a.language,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('role', r ->> 'role', 'city', nullif(r ->> 'city', '*'))), '[]')
          FROM jsonb_array_elements(a.roles) AS r) AS roles,
       a.created_at,
       jsonb_build_array(a.email, a.id)::text AS _cursor
  FROM staff_account a
 WHERE (:role IS NULL OR a.roles @> jsonb_build_array(jsonb_build_object('role', :role)))
   AND (a.email, a.id) > (coalesce(:ctx_cursor->>0, ''), coalesce((:ctx_cursor->>1)::uuid, '00000000-0000-0000-0000-000000000000'))
 ORDER BY a.email, a.id
 LIMIT :limit + 1;
