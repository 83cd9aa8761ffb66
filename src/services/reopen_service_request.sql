-- SPDX-License-Identifier: EUPL-1.2
-- For thirty days after its end: by who asked, at every office that had ended it with a result; by an advisor at their office.
SELECT lock_for_service_request(:id);
SELECT reopen_service_request(:id, :for_office, :text);
-- answer: get_service_request
