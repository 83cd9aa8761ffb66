-- SPDX-License-Identifier: EUPL-1.2
-- Triggers cancel the proposals; a matched request is not withdrawn, its match is ended.
SELECT lock_for_request(:id);
SELECT require(r.account = me(), 'forbidden')
  FROM guide_request r
 WHERE r.id = :id;
UPDATE guide_request
   SET state = 'closed',
       closed_as = 'withdrawn'
 WHERE id = :id
   AND account = me();
SELECT r.id,
       r.state,
       r.closed_as
  FROM guide_request r
 WHERE r.id = :id
   AND r.account = me();
