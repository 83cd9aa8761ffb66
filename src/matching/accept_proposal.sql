-- SPDX-License-Identifier: EUPL-1.2
-- Triggers decide (already_answered, proposal_expired, guide_at_capacity), turn it into awaiting_newcomer where the newcomer wants to be
-- asked, make the match and the mails; a repeat changes nothing.
SELECT lock_for_proposal(:id, 'guide');
UPDATE proposal
   SET state = 'accepted'
 WHERE id = :id
   AND guide_account = me();
SELECT p.id,
       p.state,
       m.id AS "match.id"
  FROM proposal p
  LEFT JOIN match m ON m.proposal = p.id
 WHERE p.id = :id
   AND p.guide_account = me();
