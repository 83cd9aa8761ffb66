-- SPDX-License-Identifier: EUPL-1.2
-- Triggers cancel open proposals, end matches and tell the newcomers. my_guide() still finds the profile that was left.
SELECT lock_for_guide(my_guide());
UPDATE guide
   SET state = 'left'
 WHERE id = my_guide();
SELECT g.id,
       g.state,
       g.paused_until
  FROM guide g
 WHERE g.id = my_guide();
