-- SPDX-License-Identifier: EUPL-1.2
-- To another slot of the same office; the old one is free in the same moment.
SELECT lock_for_appointment(:id, :appointment);
SELECT require(a.state = 'booked', 'conflict_state')
  FROM appointment a
 WHERE a.id = :appointment;
UPDATE appointment
   SET slot = :slot
 WHERE id = :appointment
   AND request = :id
   AND (requester_account = me() OR city = ANY (my_advised()));
-- answer: get_appointment
