-- SPDX-License-Identifier: EUPL-1.2
-- Triggers know the 14 days after the end of the match.
SELECT lock_for_request(:id);
SELECT require(r.account = me(), 'forbidden')
  FROM guide_request r
 WHERE r.id = :id;
UPDATE guide_request
   SET state = 'open',
       closed_as = NULL
 WHERE id = :id
   AND account = me();
SELECT r.id,
       r.state,
       r.closed_as
  FROM guide_request r
 WHERE r.id = :id
   AND r.account = me();
