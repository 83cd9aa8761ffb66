-- SPDX-License-Identifier: EUPL-1.2
-- The office has seen it; the asker is told. From here the clock runs to the result.
SELECT lock_for_service_request(:id, 'staff');
SELECT require_office_state(my_office_row(:id, :for_office), '{submitted,acknowledged}');
UPDATE service_request_office
   SET state = 'acknowledged',
       note = NULL
 WHERE id = my_office_row(:id, :for_office)
   AND city = ANY (my_advised());
-- answer: get_service_request
