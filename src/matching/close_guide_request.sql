-- SPDX-License-Identifier: EUPL-1.2
-- Only coordinators say that there is no guide, which is not so while one waits for the newcomer; triggers tell the newcomer.
SELECT lock_for_request(:id);
SELECT require(r.state <> 'awaiting_newcomer', 'conflict_state')
  FROM guide_request r
 WHERE r.id = :id;
UPDATE guide_request
   SET state = 'closed',
       closed_as = 'no_guide'
 WHERE id = :id
   AND handled_by = ANY (my_cities());
SELECT r.id,
       r.state,
       r.closed_as
  FROM guide_request r
 WHERE r.id = :id
   AND r.handled_by = ANY (my_cities());
