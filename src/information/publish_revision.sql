-- SPDX-License-Identifier: EUPL-1.2
-- Triggers ask for four eyes and a free slug, and give the text to readers. Whoever publishes has found it correct, unless it stays
-- marked as a machine's.
SELECT lock_for_revision(:id);
SELECT problem('conflict_state', '[{"pointer":"/version","code":"changed_since"}]')
  FROM revision r
 WHERE r.id = :id
   AND r.state <> 'published'
   AND r.version <> :version;
UPDATE revision
   SET state = 'published',
       reviewer = me(),
       reviewed_at = CASE WHEN method <> 'machine' THEN clock() END
 WHERE id = :id
   AND state <> 'published';
-- answer: get_revision
