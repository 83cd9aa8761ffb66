-- SPDX-License-Identifier: EUPL-1.2
-- Not ours, the same again, or spam, of which nobody is told; nothing is deleted, and it can be opened again for thirty days.
SELECT lock_for_service_request(:id, 'staff');
SELECT require_office_state(my_office_row(:id, :for_office), '{submitted,acknowledged,in_progress,waiting_for_requester,rejected}');
SELECT set_duplicate(:id, :duplicate_of)
 WHERE :duplicate_of IS NOT NULL;
UPDATE service_request_office
   SET state = 'rejected',
       rejected_as = coalesce(:rejected_as, CASE WHEN :duplicate_of IS NOT NULL THEN 'duplicate' ELSE 'other' END),
       note = :reason
 WHERE id = my_office_row(:id, :for_office)
   AND city = ANY (my_advised());
-- answer: get_service_request
