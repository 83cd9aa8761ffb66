-- SPDX-License-Identifier: EUPL-1.2
-- Ended: the match ends by the coordinator, if it has not already, and the pair stays apart. Continued: it goes on. Once; the same
-- person may say the same again.
SELECT lock_for_report(:id);
SELECT problem('conflict_state')
  FROM report r
 WHERE r.id = :id
   AND r.state = 'resolved'
   AND (r.resolved_by, r.outcome, r.note) IS DISTINCT FROM (me(), :outcome, :note);
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
       note = :note
 WHERE id = :id
   AND state = 'open'
   AND (request_city = ANY (my_cities()) OR guide_city = ANY (my_cities()));
-- answer: get_report
