-- SPDX-License-Identifier: EUPL-1.2
-- For the coordinators of both cities, unless it is about them; ids and names, addresses are where the match is.
SELECT r.id,
       r.state,
       (ARRAY['urgent', 'soon', 'normal'])[r.urgency] AS urgency,
       r.reason,
       r.text,
       r.reported_by,
       r.created_at,
       floor(extract(epoch FROM clock() - r.created_at) / 3600)::integer AS age_hours,
       r.claimed_at,
       CASE WHEN r.claimed_by IS NOT NULL THEN claimant_of(r) END AS claimed_by,
       r.claimed_by IS NOT NULL AND r.claimed_by = me() AS claimed_by_me,
       r.outcome,
       r.measure,
       r.message,
       r.note,
       r.resolved_at,
       notes_of(r.id) AS notes,
       r.proposal AS "proposal.id",
       r.match AS "match.id",
       m.state AS "match.state",
       m.paused_at AS "match.paused_at",
       d.guide_request AS "guide_request.id",
       d.guide AS "guide.id",
       d.guide_name AS "guide.display_name",
       CASE r.reported_by WHEN 'newcomer' THEN r.reporter ELSE r.reported END AS "newcomer.id",
       d.newcomer_name AS "newcomer.display_name"
  FROM report r
  LEFT JOIN match m ON m.id = r.match
 CROSS JOIN LATERAL (
         SELECT v.guide, v.guide_name, v.guide_request, v.newcomer_name
           FROM proposal_detail v
          WHERE v.proposal = r.proposal
          LIMIT 1) d
 WHERE r.id = :id
   AND (r.request_city = ANY (my_cities()) OR r.guide_city = ANY (my_cities()))
   AND me() NOT IN (r.reporter, r.reported);
