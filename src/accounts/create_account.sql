-- SPDX-License-Identifier: EUPL-1.2
-- An account of that address that is there already gets the roles and keeps its id, so the answer is found by address.
SELECT create_account(:ctx_id, :email, coalesce(:language, :ctx_languages[1]), :display_name, :roles);
SELECT a.id,
       a.email,
       a.display_name,
       a.language,
       a.roles,
       a.created_at
  FROM staff_account a
 WHERE lower(a.email) = lower(:email);
