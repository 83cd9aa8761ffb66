-- SPDX-License-Identifier: EUPL-1.2
-- The day of return must lie ahead where the guides live. Triggers cancel open proposals.
SELECT problem('validation_failed', jsonb_build_array(jsonb_build_object('pointer', '/until', 'code', 'too_small', 'limit', day.tomorrow)))
  FROM (SELECT (clock() AT TIME ZONE 'Europe/Berlin')::date + 1 AS tomorrow) day
 WHERE :until < day.tomorrow;
SELECT lock_for_guide(my_guide());
UPDATE guide
   SET state = 'paused',
       paused_until = :until
 WHERE id = my_guide();
SELECT g.id,
       g.state,
       g.paused_until
  FROM guide g
 WHERE g.id = my_guide();
