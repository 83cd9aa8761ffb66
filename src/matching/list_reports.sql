-- SPDX-License-Identifier: EUPL-1.2
-- Of the coordinator's cities, each by its own index, then merged: open ones first, of these the urgent ones, then as they came.
-- None that is about who asks.
WITH after AS (
  SELECT coalesce(:ctx_cursor->>0, '') AS state,
         coalesce((:ctx_cursor->>1)::smallint, 0::smallint) AS urgency,
         coalesce((:ctx_cursor->>2)::uuid, '00000000-0000-0000-0000-000000000000') AS id
), page AS (
  SELECT found.state, found.urgency, found.id
    FROM after
   CROSS JOIN unnest(my_cities()) AS own (city)
   CROSS JOIN LATERAL (
           (SELECT t.state, t.urgency, t.id
              FROM report t
             WHERE t.request_city = own.city
               AND (:state IS NULL OR t.state = :state)
               AND (:claimed IS NULL OR (t.claimed_by IS NOT NULL) = :claimed)
               AND (t.state, t.urgency, t.id) > (after.state, after.urgency, after.id)
               AND me() NOT IN (t.reporter, t.reported)
             ORDER BY t.state, t.urgency, t.id
             LIMIT :limit + 1)
            UNION ALL
           (SELECT t.state, t.urgency, t.id
              FROM report t
             WHERE t.guide_city = own.city
               AND (:state IS NULL OR t.state = :state)
               AND (:claimed IS NULL OR (t.claimed_by IS NOT NULL) = :claimed)
               AND (t.state, t.urgency, t.id) > (after.state, after.urgency, after.id)
               AND me() NOT IN (t.reporter, t.reported)
             ORDER BY t.state, t.urgency, t.id
             LIMIT :limit + 1)) found
   GROUP BY found.state, found.urgency, found.id
   ORDER BY found.state, found.urgency, found.id
   LIMIT :limit + 1
)
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
       d.newcomer_name AS "newcomer.display_name",
       jsonb_build_array(r.state, r.urgency, r.id) AS _cursor
  FROM page
  JOIN report r ON r.id = page.id
  LEFT JOIN match m ON m.id = r.match
 CROSS JOIN LATERAL (
         SELECT v.guide, v.guide_name, v.guide_request, v.newcomer_name
           FROM proposal_detail v
          WHERE v.proposal = r.proposal
          LIMIT 1) d
 ORDER BY r.state, r.urgency, r.id;
