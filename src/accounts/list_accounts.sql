-- SPDX-License-Identifier: EUPL-1.2
-- The window shows accounts with a staff role, and those to admins only.
SELECT a.id,
       a.email,
       a.display_name,
       a.language,
       a.roles,
       a.created_at,
       jsonb_build_array(a.email, a.id)::text AS _cursor
  FROM staff_account a
 WHERE (:role IS NULL OR a.roles @> jsonb_build_array(jsonb_build_object('role', :role)))
   AND (a.email, a.id) > (coalesce(:ctx_cursor->>0, ''), coalesce((:ctx_cursor->>1)::uuid, '00000000-0000-0000-0000-000000000000'))
 ORDER BY a.email, a.id
 LIMIT :limit + 1;
