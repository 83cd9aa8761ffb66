-- SPDX-License-Identifier: EUPL-1.2
-- A guide's and a newcomer's own and a coordinator's cities', each by its own index, then merged; ids tell the time, so the newest stand
-- first. The window gives addresses while a match is active; LIMIT 1 asks it once for each row of the page.
WITH after AS (
  SELECT coalesce((:ctx_cursor->>0)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id
), page AS (
  SELECT found.id
    FROM after
   CROSS JOIN LATERAL (
           (SELECT t.id
              FROM match t
             WHERE t.guide_account = me()
               AND (:state IS NULL OR t.state = :state)
               AND t.id < after.id
             ORDER BY t.id DESC
             LIMIT :limit + 1)
            UNION ALL
           (SELECT t.id
              FROM match t
             WHERE t.request_account = me()
               AND (:state IS NULL OR t.state = :state)
               AND t.id < after.id
             ORDER BY t.id DESC
             LIMIT :limit + 1)) found
   UNION
  SELECT found.id
    FROM after
   CROSS JOIN unnest(my_cities()) AS own (city)
   CROSS JOIN LATERAL (
           (SELECT t.id
              FROM match t
             WHERE t.guide_city = own.city
               AND (:state IS NULL OR t.state = :state)
               AND t.id < after.id
             ORDER BY t.id DESC
             LIMIT :limit + 1)
            UNION ALL
           (SELECT t.id
              FROM match t
             WHERE t.request_city = own.city
               AND (:state IS NULL OR t.state = :state)
               AND t.id < after.id
             ORDER BY t.id DESC
             LIMIT :limit + 1)) found
   ORDER BY id DESC
   LIMIT :limit + 1
)
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
       check_ins_of(m.id) AS check_ins,
       '["' || m.id || '"]' AS _cursor
  FROM page
  JOIN match m ON m.id = page.id
 CROSS JOIN LATERAL (
         SELECT v.guide_name, v.guide_email, v.newcomer_name, v.newcomer_email
           FROM match_contact v
          WHERE v.match = m.id
          LIMIT 1) c
 ORDER BY m.id DESC;
