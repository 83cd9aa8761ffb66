-- SPDX-License-Identifier: EUPL-1.2
-- The mailed link is all that is needed; report_link() lets its owner speak for this one report, as report_proposal does.
SELECT lock_for_party(report_link(sha256(convert_to(:token, 'UTF8'))), NULL);
UPDATE match
   SET state = 'ended',
       ended_reason = 'other'
 WHERE proposal = (SELECT report_link(sha256(convert_to(:token, 'UTF8'))))
   AND :end
   AND state = 'active'
   AND (guide_account = me() OR request_account = me());
SELECT file_report(:ctx_id, report_link(sha256(convert_to(:token, 'UTF8'))), NULL, :reason, :text);
SELECT r.id,
       r.state,
       r.proposal AS "proposal.id",
       r.match AS "match.id"
  FROM report r
 WHERE r.id = :ctx_id;
