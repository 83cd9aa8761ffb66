-- SPDX-License-Identifier: EUPL-1.2
-- The asker needs no help any more, at any office.
SELECT lock_for_service_request(:id, 'requester');
SELECT require(r.state IN ('submitted', 'acknowledged', 'in_progress', 'waiting_for_requester', 'withdrawn'), 'conflict_state')
  FROM service_request r
 WHERE r.id = :id;
UPDATE service_request_office
   SET state = 'withdrawn',
       note = NULL
 WHERE request = :id
   AND requester_account = me()
   AND state IN ('submitted', 'acknowledged', 'in_progress', 'waiting_for_requester');
-- answer: get_service_request
