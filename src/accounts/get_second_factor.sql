-- SPDX-License-Identifier: EUPL-1.2
-- Of me().
SELECT f.state,
       f.required,
       f.added_at,
       f.recovery_codes_left
  FROM second_factor_told() f;
