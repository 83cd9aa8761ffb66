-- SPDX-License-Identifier: EUPL-1.2
-- One more office has to do with it, at the same time; it has a state and a clock of its own.
SELECT lock_for_service_request(:id, 'staff');
SELECT refuse_unknown_office(coalesce(:city, '*'), :office);
SELECT add_service_office(:id, coalesce(:city, '*'), :office);
-- answer: get_service_request
