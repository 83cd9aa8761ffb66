-- SPDX-License-Identifier: EUPL-1.2
-- Of the coordinator's cities, each by its own index, then merged: open ones first, then as they came.
-- None that is about who asks.
WITH after AS (
  SELECT coalesce(:ctx_cursor->>0, '') AS state,
         coalesce((:ctx_cursor->>1)::uuid, '00000000-0000-0000-0000-000000000000') AS id
), page AS (
  SELECT found.state, found.id
    FROM after
   CROSS JOIN unnest(my_cities()) AS own (city)
   CROSS JOIN LATERAL (
           (SELECT t.state, t.id
              FROM report t
             WHERE t.request_city = own.city
               AND (:state IS NULL OR t.state = :state)
               AND (t.state, t.id) > (after.state, after.id)
               AND NOT EXISTS (SELECT FROM match own_match WHERE own_match.id = t.match AND me() IN (own_match.guide_account, own_match.request_account))
             ORDER BY t.state, t.id
             LIMIT :limit + 1)
            UNION ALL
           (SELECT t.state, t.id
              FROM report t
             WHERE t.guide_city = own.city
               AND (:state IS NULL OR t.state = :state)
               AND (t.state, t.id) > (after.state, after.id)
               AND NOT EXISTS (SELECT FROM match own_match WHERE own_match.id = t.match AND me() IN (own_match.guide_account, own_match.request_account))
             ORDER BY t.state, t.id
             LIMIT :limit + 1)) found
   GROUP BY found.state, found.id
   ORDER BY found.state, found.id
   LIMIT :limit + 1
)
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
       c.newcomer_name AS "newcomer.display_name",
       '["' || r.state || '","' || r.id || '"]' AS _cursor
  FROM page
  JOIN report r ON r.id = page.id
  JOIN match m ON m.id = r.match
 CROSS JOIN LATERAL (
         SELECT v.guide_name, v.newcomer_name
           FROM match_contact v
          WHERE v.match = m.id
          LIMIT 1) c
 ORDER BY r.state, r.id;
