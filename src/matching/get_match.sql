-- SPDX-License-Identifier: EUPL-1.2
-- The window gives addresses while the match is active.
SELECT m.id,
       m.state,
       m.since,
       m.paused_at,
       m.ended_at,
       m.ended_reason,
       m.ended_by,
       CASE WHEN m.guide_city = ANY (my_cities()) OR m.request_city = ANY (my_cities()) THEN m.ended_note END AS ended_note,
       m.guide AS "guide.id",
       c.guide_name AS "guide.display_name",
       c.guide_email AS "guide.email",
       m.request_account AS "newcomer.id",
       c.newcomer_name AS "newcomer.display_name",
       c.newcomer_email AS "newcomer.email",
       m.request AS "guide_request.id",
       check_ins_of(m.id) AS check_ins
  FROM match m
  JOIN match_contact c ON c.match = m.id
 WHERE m.id = :id
   AND (m.guide_account = me() OR m.request_account = me() OR m.guide_city = ANY (my_cities()) OR m.request_city = ANY (my_cities()));
