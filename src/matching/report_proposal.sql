-- SPDX-License-Identifier: EUPL-1.2
-- By one of the two, a newcomer once the guide was shown; the function keeps the pair apart and tells the coordinators.
SELECT lock_for_party(:id, NULL);
UPDATE match
   SET state = 'ended',
       ended_reason = 'other'
 WHERE proposal = :id
   AND :end
   AND state = 'active'
   AND (guide_account = me() OR request_account = me());
SELECT file_report(:ctx_id, :id, NULL, :reason, :text);
SELECT r.id,
       r.state,
       r.proposal AS "proposal.id",
       r.match AS "match.id"
  FROM report r
 WHERE r.id = :ctx_id;
