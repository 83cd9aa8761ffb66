-- SPDX-License-Identifier: EUPL-1.2
-- Triggers write when and by whom, free the guide's place, close or reopen the request and tell both.
SELECT lock_for_match(:id);
UPDATE match
   SET state = 'ended',
       ended_reason = :reason,
       ended_note = :note
 WHERE id = :id
   AND (guide_account = me() OR request_account = me() OR guide_city = ANY (my_cities()) OR request_city = ANY (my_cities()));
SELECT m.id,
       m.state,
       m.ended_at,
       m.ended_reason,
       m.ended_by
  FROM match m
 WHERE m.id = :id
   AND (m.guide_account = me() OR m.request_account = me() OR m.guide_city = ANY (my_cities()) OR m.request_city = ANY (my_cities()));
