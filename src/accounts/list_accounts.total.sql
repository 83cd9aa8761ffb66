-- SPDX-License-Identifier: EUPL-1.2
-- How many list_accounts shows on all its pages.
SELECT count(*) AS total
  FROM staff_account a
 WHERE :role IS NULL OR a.roles @> jsonb_build_array(jsonb_build_object('role', :role));
