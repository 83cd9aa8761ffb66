-- SPDX-License-Identifier: EUPL-1.2
-- Who is first has it. Handing over is for who has it; taking it from somebody else names whom (from): nobody does that unseen.
SELECT lock_for_service_request(:id, 'staff');
SELECT require_office_state(my_office_row(:id, :for_office), '{acknowledged,in_progress,waiting_for_requester}');
SELECT refuse_wrong_advisor(my_office_row(:id, :for_office), :account);
SELECT require(o.advisor IS NULL OR o.advisor IN (:account, me()) OR o.advisor = :from, 'conflict_state')
  FROM service_request_office o
 WHERE o.id = my_office_row(:id, :for_office);
UPDATE service_request_office
   SET state = CASE state WHEN 'waiting_for_requester' THEN state ELSE 'in_progress' END,
       note = CASE state WHEN 'waiting_for_requester' THEN note END,
       advisor = :account
 WHERE id = my_office_row(:id, :for_office)
   AND city = ANY (my_advised());
-- answer: get_service_request
