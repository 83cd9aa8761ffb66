-- SPDX-License-Identifier: EUPL-1.2
-- The transition table decides from which states a guide may resume.
SELECT lock_for_guide(my_guide());
UPDATE guide
   SET state = 'active',
       paused_until = NULL
 WHERE id = my_guide();
SELECT g.id,
       g.state,
       g.paused_until
  FROM guide g
 WHERE g.id = my_guide();
