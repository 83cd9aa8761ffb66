-- SPDX-License-Identifier: EUPL-1.2
-- The mailed link is all that is needed; report_link() lets its owner speak for this one report, as report_proposal does.
SELECT lock_for_party(report_link(sha256(convert_to(:token, 'UTF8'))), NULL);
UPDATE match m
   SET state = 'ended',
       ended_reason = 'other'
  FROM other_of(report_link(sha256(convert_to(:token, 'UTF8'))), NULL) AS o
 WHERE :end
   AND m.state = 'active'
   AND (m.guide_account, m.request_account) IN ((me(), o.account), (o.account, me()));
SELECT file_report(:ctx_id, report_link(sha256(convert_to(:token, 'UTF8'))), NULL, :reason, :text);
SELECT end_reported(:ctx_id)
 WHERE :end;
SELECT r.id,
       r.state,
       r.proposal AS "proposal.id",
       r.match AS "match.id"
  FROM report r
 WHERE r.id = :ctx_id;
