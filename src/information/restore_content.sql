-- SPDX-License-Identifier: EUPL-1.2
-- Readers get it again as it was, if its slugs are still free.
SELECT lock_content_tree();
SELECT lock_for_content(:id, NULL, '*');
UPDATE content
   SET archived_at = NULL
 WHERE id = :id
   AND archived_at IS NOT NULL;
-- answer: get_content
