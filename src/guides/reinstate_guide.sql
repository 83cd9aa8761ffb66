-- SPDX-License-Identifier: EUPL-1.2
-- Only for who is suspended: an application becomes active by approve_guide, which looks at it first.
SELECT lock_for_guide(:id);
SELECT require(g.state IN ('suspended', 'active'), 'conflict_state'),
       require(NOT is_barred(g.account), 'suspended')
  FROM guide g
 WHERE g.id = :id;
UPDATE guide
   SET state = 'active'
 WHERE id = :id
   AND home_city = ANY (my_cities());
SELECT g.id,
       g.state,
       g.paused_until
  FROM guide g
 WHERE g.id = :id
   AND g.home_city = ANY (my_cities());
