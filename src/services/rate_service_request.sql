-- SPDX-License-Identifier: EUPL-1.2
-- How it went, as who asked sees it; said again it replaces what was said.
SELECT lock_for_service_request(:id, 'requester');
SELECT require(r.state IN ('resolved', 'closed'), 'conflict_state')
  FROM service_request r
 WHERE r.id = :id;
UPDATE service_request
   SET rating = :rating,
       rating_text = :text
 WHERE id = :id
   AND account = me();
-- answer: get_service_request
