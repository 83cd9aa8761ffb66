-- SPDX-License-Identifier: EUPL-1.2
-- Ended: what is active between the two ends by the coordinator, or by a trigger where only other cities see it, and the pair stays apart.
-- Continued, no action: triggers lift what keeps them apart. A warning is mailed; a suspension ends everything of that person at once. Once; the
-- same person may say the same again.
SELECT problem('validation_failed', '[{"pointer":"/message","code":"required"}]')
 WHERE :measure IS NOT NULL
   AND :message IS NULL;
SELECT problem('validation_failed', '[{"pointer":"/measure","code":"contradiction","limit":"outcome"}]')
 WHERE :measure = 'suspended'
   AND :outcome <> 'ended';
SELECT lock_for_report(:id, :measure IS NOT DISTINCT FROM 'suspended');
SELECT problem('conflict_state')
  FROM report r
 WHERE r.id = :id
   AND r.state = 'resolved'
   AND (r.resolved_by, r.outcome, r.note, r.measure, r.message) IS DISTINCT FROM (me(), :outcome, :note, :measure, :message);
UPDATE match m
   SET state = 'ended',
       ended_reason = 'other'
  FROM report r
 WHERE r.id = :id
   AND r.state = 'open'
   AND (m.guide_account, m.request_account) IN ((r.reporter, r.reported), (r.reported, r.reporter))
   AND m.state = 'active'
   AND :outcome = 'ended'
   AND (m.guide_city = ANY (my_cities()) OR m.request_city = ANY (my_cities()));
UPDATE report
   SET state = 'resolved',
       outcome = :outcome,
       measure = :measure,
       message = :message,
       note = :note
 WHERE id = :id
   AND state = 'open'
   AND (request_city = ANY (my_cities()) OR guide_city = ANY (my_cities()));
-- answer: get_report
