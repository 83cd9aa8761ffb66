-- SPDX-License-Identifier: EUPL-1.2
-- Readers get neither it nor anything below it any more. Triggers tell what is below.
SELECT lock_content_tree();
SELECT lock_for_content(:id, NULL, '*');
UPDATE content
   SET archived_at = clock()
 WHERE id = :id
   AND archived_at IS NULL;
-- answer: get_content
