-- SPDX-License-Identifier: EUPL-1.2
-- Without waiting for the asker any longer; what was left of the time runs again.
SELECT lock_for_service_request(:id, 'staff');
SELECT require_office_state(my_office_row(:id, :for_office), '{waiting_for_requester,in_progress}');
UPDATE service_request_office
   SET state = 'in_progress',
       note = NULL
 WHERE id = my_office_row(:id, :for_office)
   AND city = ANY (my_advised());
-- answer: get_service_request
