-- SPDX-License-Identifier: EUPL-1.2
-- Readers get nothing in this language any more.
SELECT lock_for_revision(:id);
SELECT require(r.state IN ('published', 'archived') AND r.published_at IS NOT NULL, 'conflict_state')
  FROM revision r
 WHERE r.id = :id;
UPDATE revision
   SET state = 'archived'
 WHERE id = :id
   AND state <> 'archived';
-- answer: get_revision
