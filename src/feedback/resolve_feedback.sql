-- SPDX-License-Identifier: EUPL-1.2
-- Once; the same person may say the same again. Triggers mail the reply and forget the address.
SELECT lock_for_feedback(:id);
SELECT problem('conflict_state')
  FROM feedback f
 WHERE f.id = :id
   AND f.state = 'resolved'
   AND (f.resolved_by, f.reply) IS DISTINCT FROM (me(), :reply);
UPDATE feedback
   SET state = 'resolved',
       reply = :reply
 WHERE id = :id
   AND state = 'open'
   AND desk = ANY (my_desks());
-- answer: get_feedback
