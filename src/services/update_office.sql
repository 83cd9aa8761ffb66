-- SPDX-License-Identifier: EUPL-1.2
-- What was promised stays promised; hours and closures count from the next step on.
SELECT lock_for_office(CASE :city WHEN 'region' THEN '*' ELSE :city END, :slug, :ctx_if_match);
SELECT write_office(office_whole(CASE :city WHEN 'region' THEN '*' ELSE :city END, :slug) || (:body - 'name')
                    || jsonb_build_object('name', merge_patch(office_whole(CASE :city WHEN 'region' THEN '*' ELSE :city END, :slug) -> 'name',
                                                              coalesce(:name, '{}'))));
-- answer: get_staff_office
