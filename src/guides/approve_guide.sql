-- SPDX-License-Identifier: EUPL-1.2
-- The first city's coordinators make the guide active; those of a city added later approve that city only. A suspension is lifted
-- by reinstate_guide, not by the way.
SELECT lock_for_guide(:id);
SELECT require(g.state <> 'suspended', 'conflict_state')
  FROM guide g
 WHERE g.id = :id;
SELECT approve_cities(:id);
UPDATE guide
   SET state = 'active'
 WHERE id = :id
   AND home_city = ANY (my_cities());
SELECT g.id,
       g.state,
       g.paused_until
  FROM guide g
 WHERE g.id = :id
   AND g.cities && my_cities();
