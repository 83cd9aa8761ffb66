-- SPDX-License-Identifier: EUPL-1.2
-- Which of the two says it, and which week it is for, the function finds.
SELECT lock_for_match(:id);
SELECT answer_check_in(:id, :answer, :note);
SELECT m.id,
       m.state,
       check_ins_of(m.id) AS check_ins
  FROM match m
 WHERE m.id = :id
   AND (m.guide_account = me() OR m.request_account = me());
