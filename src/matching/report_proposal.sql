-- SPDX-License-Identifier: EUPL-1.2
-- By one of the two, a newcomer once the guide was shown; the function keeps the pair apart and tells the coordinators.
SELECT lock_for_party(:id, NULL);
UPDATE match m
   SET state = 'ended',
       ended_reason = 'other'
  FROM other_of(:id, NULL) AS o
 WHERE :end
   AND m.state = 'active'
   AND (m.guide_account, m.request_account) IN ((me(), o.account), (o.account, me()));
SELECT file_report(:ctx_id, :id, NULL, :reason, :text);
SELECT end_reported(:ctx_id)
 WHERE :end;
SELECT r.id,
       r.state,
       r.proposal AS "proposal.id",
       r.match AS "match.id"
  FROM report r
 WHERE r.id = :ctx_id;
