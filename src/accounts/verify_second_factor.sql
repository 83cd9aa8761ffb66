-- SPDX-License-Identifier: EUPL-1.2
-- The code is checked in C (step, or recovery: the hash of a recovery code); here it is used up.
SELECT pass_second_factor(:step, :recovery);
SELECT f.recovery_codes_left,
       s.expires_at,
       s.account AS "account.id",
       s.email AS "account.email",
       s.language AS "account.language",
       s.roles AS "account.roles",
       s.cities AS "account.cities"
  FROM session_told() s
 CROSS JOIN second_factor_told() f;
