-- SPDX-License-Identifier: EUPL-1.2
-- Somebody else's, for admins; the function refuses by problem code.
SELECT reset_second_factor(:id);
SELECT a.id,
       a.email,
       a.display_name,
       a.language,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('role', r ->> 'role', 'city', nullif(r ->> 'city', '*'))), '[]')
          FROM jsonb_array_elements(a.roles) AS r) AS roles,
       a.created_at
  FROM staff_account a
 WHERE a.id = :id;
