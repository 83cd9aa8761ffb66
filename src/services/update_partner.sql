-- SPDX-License-Identifier: EUPL-1.2
-- `left_on` takes it off the list.
SELECT lock_for_partner(:id, :ctx_if_match);
SELECT write_partner(:id, partner_whole(:id) || (:body - 'description')
                          || jsonb_build_object('description', merge_patch(partner_whole(:id) -> 'description', coalesce(:description, '{}'))));
-- answer: get_staff_partner
