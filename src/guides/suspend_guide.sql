-- SPDX-License-Identifier: EUPL-1.2
-- Triggers cancel open proposals, end matches and tell everybody.
SELECT lock_for_guide(:id);
UPDATE guide
   SET state = 'suspended',
       decision_reason = :reason
 WHERE id = :id
   AND home_city = ANY (my_cities());
SELECT g.id,
       g.state,
       g.paused_until
  FROM guide g
 WHERE g.id = :id
   AND g.home_city = ANY (my_cities());
