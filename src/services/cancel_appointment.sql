-- SPDX-License-Identifier: EUPL-1.2
-- The slot is free again, or withdrawn in the same moment, which is for advisors.
SELECT lock_for_appointment(:id, :appointment);
SELECT require(NOT :withdraw_slot OR a.city = ANY (my_advised()) AND a.requester_account <> me(), 'forbidden')
  FROM appointment a
 WHERE a.id = :appointment;
UPDATE appointment
   SET state = 'cancelled',
       reason = :reason
 WHERE id = :appointment
   AND request = :id
   AND (requester_account = me() OR city = ANY (my_advised()));
UPDATE consultation_slot
   SET withdrawn_at = clock()
 WHERE :withdraw_slot
   AND withdrawn_at IS NULL
   AND city = ANY (my_advised())
   AND id = (SELECT a.slot FROM appointment a WHERE a.id = :appointment);
-- answer: get_appointment
