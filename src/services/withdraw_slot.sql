-- SPDX-License-Identifier: EUPL-1.2
-- Nobody may book it any more. One that is booked stays (slot_taken): cancel_appointment ends both at once.
SELECT lock_for_slot(:id);
UPDATE consultation_slot
   SET withdrawn_at = clock()
 WHERE id = :id
   AND city = ANY (my_advised())
   AND withdrawn_at IS NULL;
SELECT 204 AS _status;
