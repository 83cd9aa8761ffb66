-- SPDX-License-Identifier: EUPL-1.2
-- Readers get neither it nor anything below it any more. Triggers tell what is below.
-- The tree before the page: who waits for the tree with a page in hand keeps those from ending who stand below it.
SELECT pg_advisory_xact_lock(hashtextextended('content tree', 0));
SELECT lock_for_content(:id, NULL, '*');
UPDATE content
   SET archived_at = clock()
 WHERE id = :id
   AND archived_at IS NULL;
-- answer: get_content
