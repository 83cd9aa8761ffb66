-- SPDX-License-Identifier: EUPL-1.2
-- To the office that is responsible, which begins anew; this one keeps what it has seen. Repeated at once it has been done.
SELECT lock_for_service_request(:id, 'staff');
SELECT refuse_unknown_office(coalesce(:city, '*'), :office);
SELECT forward_service_request(:id, :for_office, coalesce(:city, '*'), :office, :reason);
-- answer: get_service_request
