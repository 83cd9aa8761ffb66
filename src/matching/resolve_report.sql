-- SPDX-License-Identifier: EUPL-1.2
-- Ended: the match ends by the coordinator, if it has not already, and the pair stays apart. Continued, no action: triggers lift what keeps them
-- apart. A warning is mailed; a suspension ends everything of that person at once. Once; the same person may say the same again.
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
UPDATE match
   SET state = 'ended',
       ended_reason = 'other'
 WHERE id = (SELECT r.match FROM report r WHERE r.id = :id AND r.state = 'open')
   AND state = 'active'
   AND :outcome = 'ended'
   AND (guide_city = ANY (my_cities()) OR request_city = ANY (my_cities()));
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
