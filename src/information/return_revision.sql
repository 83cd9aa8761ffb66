-- SPDX-License-Identifier: EUPL-1.2
-- Back to its author, with a note. Whoever returned it may say so again.
SELECT lock_for_revision(:id);
SELECT require(r.state = 'in_review' OR (r.state = 'draft' AND r.reviewer = me() AND r.note = :note), 'conflict_state')
  FROM revision r
 WHERE r.id = :id;
UPDATE revision
   SET state = 'draft',
       note = :note,
       reviewer = me()
 WHERE id = :id
   AND state = 'in_review';
-- answer: get_revision
