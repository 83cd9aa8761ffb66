-- SPDX-License-Identifier: EUPL-1.2
-- Requests that are there keep the questions they were asked.
SELECT lock_for_service(:code, :ctx_if_match);
SELECT write_service(service_whole(:code) || (:body - 'name' - 'description')
                     || jsonb_build_object('name', merge_patch(service_whole(:code) -> 'name', coalesce(:name, '{}')),
                                           'description', merge_patch(service_whole(:code) -> 'description', coalesce(:description, '{}'))));
-- answer: get_staff_service
