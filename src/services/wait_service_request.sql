-- SPDX-License-Identifier: EUPL-1.2
-- The asker has to answer; the clock stands still.
SELECT lock_for_service_request(:id, 'staff');
SELECT require_office_state(my_office_row(:id, :for_office), '{in_progress,waiting_for_requester}');
UPDATE service_request_office
   SET state = 'waiting_for_requester',
       note = :text
 WHERE id = my_office_row(:id, :for_office)
   AND city = ANY (my_advised());
-- answer: get_service_request
