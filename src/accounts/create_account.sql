-- SPDX-License-Identifier: EUPL-1.2
-- An account of that address without a staff role gets the roles and keeps its id, so the answer is found by address. Admins are for
-- all cities: they appoint the others.
SELECT problem('validation_failed', jsonb_agg(jsonb_build_object('pointer', '/roles/' || (r.place - 1) || '/city', 'code', 'const', 'limit', 'null')))
  FROM jsonb_array_elements(:roles) WITH ORDINALITY AS r (role, place)
 WHERE r.role ->> 'role' = 'admin'
   AND r.role ->> 'city' IS NOT NULL
HAVING count(*) > 0;
SELECT require(NOT EXISTS (SELECT FROM staff_account a WHERE lower(a.email) = lower(:email)), 'duplicate');
SELECT create_account(:ctx_id, :email, coalesce(:language, :ctx_languages[1]), :display_name,
                      (SELECT coalesce(jsonb_agg(jsonb_build_object('role', r ->> 'role', 'city', coalesce(r ->> 'city', '*'))), '[]')
                       FROM jsonb_array_elements(:roles) AS r));
SELECT a.id,
       a.email,
       a.display_name,
       a.language,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('role', r ->> 'role', 'city', nullif(r ->> 'city', '*'))), '[]')
          FROM jsonb_array_elements(a.roles) AS r) AS roles,
       a.created_at
  FROM staff_account a
 WHERE lower(a.email) = lower(:email);
