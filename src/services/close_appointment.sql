-- SPDX-License-Identifier: EUPL-1.2
-- Whether they met; after the end.
SELECT lock_for_appointment(:id, :appointment);
UPDATE appointment
   SET state = :outcome
 WHERE id = :appointment
   AND request = :id
   AND (requester_account = me() OR city = ANY (my_advised()));
-- answer: get_appointment
