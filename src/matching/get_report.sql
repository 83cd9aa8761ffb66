-- SPDX-License-Identifier: EUPL-1.2
-- For the coordinators of both cities, unless it is about them; ids and names, addresses are where the match is.
SELECT r.id,
       r.state,
       r.reason,
       r.text,
       r.reported_by,
       r.created_at,
       r.outcome,
       r.note,
       r.resolved_at,
       r.match AS "match.id",
       m.state AS "match.state",
       m.paused_at AS "match.paused_at",
       m.guide AS "guide.id",
       c.guide_name AS "guide.display_name",
       m.request_account AS "newcomer.id",
       c.newcomer_name AS "newcomer.display_name"
  FROM report r
  JOIN match m ON m.id = r.match
 CROSS JOIN LATERAL (
         SELECT v.guide_name, v.newcomer_name
           FROM match_contact v
          WHERE v.match = m.id
          LIMIT 1) c
 WHERE r.id = :id
   AND (r.request_city = ANY (my_cities()) OR r.guide_city = ANY (my_cities()))
   AND me() NOT IN (m.guide_account, m.request_account);
