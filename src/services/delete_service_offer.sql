-- SPDX-License-Identifier: EUPL-1.2
-- Nobody can ask for it there any more; requests that are there go on.
SELECT lock_for_service(:code, :ctx_if_match);
SELECT delete_service_offer(:code, CASE :city WHEN 'region' THEN '*' ELSE :city END);
-- answer: get_staff_service
