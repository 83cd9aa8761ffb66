-- SPDX-License-Identifier: EUPL-1.2
-- By one of the two, who may end it with the same breath; the function keeps the pair apart, pauses what goes on and tells the coordinators.
SELECT lock_for_party(NULL, :id);
UPDATE match m
   SET state = 'ended',
       ended_reason = 'other'
  FROM other_of(NULL, :id) AS o
 WHERE :end
   AND m.state = 'active'
   AND (m.guide_account, m.request_account) IN ((me(), o.account), (o.account, me()));
SELECT file_report(:ctx_id, NULL, :id, :reason, :text);
SELECT end_reported(:ctx_id)
 WHERE :end;
SELECT r.id,
       r.state,
       r.proposal AS "proposal.id",
       r.match AS "match.id"
  FROM report r
 WHERE r.id = :ctx_id;
