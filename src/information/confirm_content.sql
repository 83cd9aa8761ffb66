-- SPDX-License-Identifier: EUPL-1.2
-- Still correct, in all languages at once: all but those that are behind their source or that nobody has checked.
SELECT lock_for_content(:id, NULL, '*');
SELECT problem('validation_failed', jsonb_build_array(jsonb_build_object('pointer', '/review_due_on', 'code', 'too_small', 'limit', today() + 1)))
 WHERE :review_due_on <= today();
UPDATE content
   SET reviewed_on = today(),
       review_due_on = coalesce(:review_due_on, (today() + interval '6 months')::date)
 WHERE id = :id;
SELECT confirm_translations(:id);
-- answer: get_content
