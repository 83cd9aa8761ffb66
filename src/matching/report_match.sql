-- SPDX-License-Identifier: EUPL-1.2
-- By one of the two, who may end it with the same breath; the function keeps the pair apart, pauses what goes on and tells the coordinators.
SELECT lock_for_party(NULL, :id);
UPDATE match
   SET state = 'ended',
       ended_reason = 'other'
 WHERE id = :id
   AND :end
   AND state = 'active'
   AND (guide_account = me() OR request_account = me());
SELECT file_report(:ctx_id, NULL, :id, :reason, :text);
SELECT r.id,
       r.state,
       r.proposal AS "proposal.id",
       r.match AS "match.id"
  FROM report r
 WHERE r.id = :ctx_id;
