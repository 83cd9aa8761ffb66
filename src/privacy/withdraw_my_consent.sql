-- SPDX-License-Identifier: EUPL-1.2
-- What it was for ends as its owner would end it; triggers do the rest. Of the four updates one finds something at most.
SELECT lock_for_consent(:id);
UPDATE guide
   SET state = 'left'
 WHERE id = :id
   AND account = me()
   AND state IN ('applied', 'in_screening', 'active', 'paused', 'suspended');
UPDATE match
   SET state = 'ended',
       ended_reason = 'other'
 WHERE request = :id
   AND request_account = me()
   AND state = 'active';
UPDATE guide_request
   SET state = 'closed',
       closed_as = 'withdrawn'
 WHERE id = :id
   AND account = me()
   AND state IN ('open', 'proposed', 'awaiting_newcomer');
UPDATE service_request_office
   SET state = 'withdrawn',
       note = NULL
 WHERE request = :id
   AND requester_account = me()
   AND state IN ('submitted', 'acknowledged', 'in_progress', 'waiting_for_requester');
SELECT record_withdrawal(:id);
SELECT c.id,
       c.kind,
       c.version,
       c.language,
       c.given_at,
       c.withdrawn_at
  FROM my_consents() c
 WHERE c.id = :id;
