-- SPDX-License-Identifier: EUPL-1.2
-- What came of it. The asker may rate it, and either side may open it again for thirty days.
SELECT lock_for_service_request(:id, 'staff');
SELECT require_office_state(my_office_row(:id, :for_office), '{in_progress,waiting_for_requester,resolved}');
UPDATE service_request_office
   SET state = 'resolved',
       outcome = :outcome,
       note = :text
 WHERE id = my_office_row(:id, :for_office)
   AND city = ANY (my_advised());
-- answer: get_service_request
