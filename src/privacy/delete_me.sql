-- SPDX-License-Identifier: EUPL-1.2
-- First everything is left and withdrawn as its owner would, so that places are freed and others told; then it goes.
SELECT lock_for_erasure();
UPDATE guide
   SET state = 'left'
 WHERE account = me()
   AND state IN ('applied', 'in_screening', 'active', 'paused', 'suspended');
UPDATE match
   SET state = 'ended',
       ended_reason = 'other'
 WHERE request_account = me()
   AND state = 'active';
UPDATE guide_request
   SET state = 'closed',
       closed_as = 'withdrawn'
 WHERE account = me()
   AND state IN ('open', 'proposed', 'awaiting_newcomer');
UPDATE service_request_office
   SET state = 'withdrawn',
       note = NULL
 WHERE requester_account = me()
   AND state IN ('submitted', 'acknowledged', 'in_progress', 'waiting_for_requester');
SELECT e.receipt,
       e.erased_at,
       e.erased
  FROM erase_me() e;
