-- SPDX-License-Identifier: EUPL-1.2
-- Triggers free the place and remember the pair; a repeat changes nothing.
SELECT lock_for_proposal(:id, 'guide');
UPDATE proposal
   SET state = 'declined',
       decline_reason = :reason,
       decline_note = :note
 WHERE id = :id
   AND guide_account = me();
SELECT p.id,
       p.state,
       m.id AS "match.id"
  FROM proposal p
  LEFT JOIN match m ON m.proposal = p.id
 WHERE p.id = :id
   AND p.guide_account = me();
