-- SPDX-License-Identifier: EUPL-1.2
-- A guide's and a newcomer's own, a coordinator's cities'; ids tell the time, so the newest stand first. The window gives addresses
-- while a match is active.
WITH page AS (
  SELECT m.id
    FROM match m
   WHERE (m.guide_account = (SELECT me()) OR m.request_account = (SELECT me())
          OR m.guide_city = ANY ((SELECT my_cities())::text[]) OR m.request_city = ANY ((SELECT my_cities())::text[]))
     AND (:state IS NULL OR m.state = :state)
     AND m.id < coalesce((:ctx_cursor->>0)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
   ORDER BY m.id DESC
   LIMIT :limit + 1
)
SELECT m.id,
       m.state,
       m.since,
       m.ended_at,
       m.ended_reason,
       m.ended_by,
       m.guide AS "guide.id",
       c.guide_name AS "guide.display_name",
       c.guide_email AS "guide.email",
       m.request_account AS "newcomer.id",
       c.newcomer_name AS "newcomer.display_name",
       c.newcomer_email AS "newcomer.email",
       m.request AS "guide_request.id",
       '["' || m.id || '"]' AS _cursor
  FROM page
  JOIN match m ON m.id = page.id
  JOIN match_contact c ON c.match = m.id
 ORDER BY m.id DESC;
