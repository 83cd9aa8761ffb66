-- SPDX-License-Identifier: EUPL-1.2
-- Replaces all staff roles; without one it is no staff account any more, which is still answered.
SELECT set_roles(:id, :roles);
SELECT a.id,
       a.email,
       a.display_name,
       a.language,
       roles_of(a.id) AS roles,
       a.created_at
  FROM account a
 WHERE a.id = :id;
