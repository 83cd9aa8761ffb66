-- SPDX-License-Identifier: EUPL-1.2
-- The code is checked in C, which makes the recovery codes too (step, recovery_codes, recovery_hashes).
SELECT confirm_second_factor(:step, :recovery_hashes);
SELECT :recovery_codes AS recovery_codes,
       s.expires_at,
       s.account AS "account.id",
       s.email AS "account.email",
       s.language AS "account.language",
       s.roles AS "account.roles",
       s.cities AS "account.cities"
  FROM session_told() s;
