-- SPDX-License-Identifier: EUPL-1.2
-- Only the first of the guide's cities screens; the lock refuses all others.
SELECT lock_for_guide(:id);
UPDATE guide
   SET state = 'in_screening'
 WHERE id = :id
   AND home_city = ANY (my_cities());
SELECT g.id,
       g.state,
       g.paused_until
  FROM guide g
 WHERE g.id = :id
   AND g.home_city = ANY (my_cities());
