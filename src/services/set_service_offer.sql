-- SPDX-License-Identifier: EUPL-1.2
-- `region` is for who does not know the city yet. Times that are null are the service's.
SELECT lock_for_service(:code, :ctx_if_match);
SELECT problem('validation_failed', '[{"parameter":"city","code":"unknown_city"}]')
 WHERE :city <> 'region'
   AND NOT EXISTS (SELECT FROM city c WHERE c.slug = :city);
SELECT set_service_offer(:code, CASE :city WHEN 'region' THEN '*' ELSE :city END, coalesce(:office->>'city', '*'), :office->>'office',
                         :acknowledge_hours, :resolve_hours);
-- answer: get_staff_service
