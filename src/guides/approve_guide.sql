-- SPDX-License-Identifier: EUPL-1.2
-- The first city's coordinators make the guide active; those of a city added later approve that city only. A break goes on, and a
-- suspension is lifted by reinstate_guide, not by the way.
SELECT lock_for_guide(:id, true);
SELECT require(g.state NOT IN ('suspended', 'rejected', 'left'), 'conflict_state'),
       require(NOT is_barred(g.account), 'suspended')
  FROM guide g
 WHERE g.id = :id;
SELECT approve_cities(:id);
UPDATE guide
   SET state = CASE state WHEN 'paused' THEN 'paused' ELSE 'active' END
 WHERE id = :id
   AND home_city = ANY (my_cities());
SELECT g.id,
       g.state,
       g.paused_until
  FROM guide g
 WHERE g.id = :id
   AND g.cities && my_cities();
