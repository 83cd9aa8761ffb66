-- SPDX-License-Identifier: EUPL-1.2
-- Triggers free the place and remember the pair; a repeat changes nothing.
SELECT lock_for_proposal(:id, 'newcomer');
UPDATE proposal
   SET state = 'refused'
 WHERE id = :id
   AND request_account = me();
SELECT p.id,
       p.state,
       m.id AS "match.id"
  FROM proposal p
  LEFT JOIN match m ON m.proposal = p.id
 WHERE p.id = :id
   AND p.request_account = me();
