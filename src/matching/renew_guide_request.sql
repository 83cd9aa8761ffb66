-- SPDX-License-Identifier: EUPL-1.2
-- "Yes, still looking": the 90 days begin anew.
SELECT lock_for_request(:id);
SELECT renew_request(:id);
SELECT r.id,
       r.state,
       r.closed_as
  FROM guide_request r
 WHERE r.id = :id
   AND r.account = me();
