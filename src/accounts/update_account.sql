-- SPDX-License-Identifier: EUPL-1.2
-- Replaces all staff roles; without one it is no staff account any more, which is answered once and then not found. Admins are for
-- all cities.
SELECT problem('validation_failed', jsonb_agg(jsonb_build_object('pointer', '/roles/' || (r.place - 1) || '/city', 'code', 'const', 'limit', 'null')))
  FROM jsonb_array_elements(:roles) WITH ORDINALITY AS r (role, place)
 WHERE r.role ->> 'role' = 'admin'
   AND r.role ->> 'city' IS NOT NULL
HAVING count(*) > 0;
SELECT require(EXISTS (SELECT FROM staff_account a WHERE a.id = :id), 'not_found');
SELECT set_roles(:id, (SELECT coalesce(jsonb_agg(jsonb_build_object('role', r ->> 'role', 'city', coalesce(r ->> 'city', '*'))), '[]')
                     FROM jsonb_array_elements(:roles) AS r));
SELECT a.id,
       a.email,
       a.display_name,
       a.language,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('role', r ->> 'role', 'city', nullif(r ->> 'city', '*'))), '[]')
          FROM jsonb_array_elements(roles_of(a.id)) AS r) AS roles,
       a.created_at
  FROM account a
 WHERE a.id = :id;
