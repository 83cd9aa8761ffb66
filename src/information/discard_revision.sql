-- SPDX-License-Identifier: EUPL-1.2
-- What readers never got is put away; it stays in the history.
SELECT lock_for_revision(:id);
SELECT require(r.state IN ('draft', 'in_review') OR (r.state = 'archived' AND r.published_at IS NULL), 'conflict_state')
  FROM revision r
 WHERE r.id = :id;
UPDATE revision
   SET state = 'archived'
 WHERE id = :id
   AND state <> 'archived';
-- answer: get_revision
