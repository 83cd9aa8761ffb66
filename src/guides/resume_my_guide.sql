-- SPDX-License-Identifier: EUPL-1.2
-- Only a break: from other states the way back to active is a coordinator's, which is a matter of the state and not of the role.
SELECT lock_for_guide(my_guide());
SELECT require(g.state IN ('paused', 'active'), 'conflict_state')
  FROM guide g
 WHERE g.id = my_guide();
UPDATE guide
   SET state = 'active',
       paused_until = NULL
 WHERE id = my_guide();
SELECT g.id,
       g.state,
       g.paused_until
  FROM guide g
 WHERE g.id = my_guide();
