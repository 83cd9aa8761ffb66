-- SPDX-License-Identifier: EUPL-1.2
-- Readers get it again as it was, if its slugs are still free.
-- The tree before the page: who waits for the tree with a page in hand keeps those from ending who stand below it.
SELECT pg_advisory_xact_lock(hashtextextended('content tree', 0));
SELECT lock_for_content(:id, NULL, '*');
UPDATE content
   SET archived_at = NULL
 WHERE id = :id
   AND archived_at IS NOT NULL;
-- answer: get_content
