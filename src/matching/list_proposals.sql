-- SPDX-License-Identifier: EUPL-1.2
-- A guide's own, a newcomer's own once shown, and a coordinator's cities', each by its own index, then merged: open ones first, then, as
-- ids tell the time, the newest. LIMIT 1 asks the window once for each row of the page.
WITH after AS (
  SELECT coalesce((:ctx_cursor->>0)::boolean, true) AS open,
         coalesce((:ctx_cursor->>1)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS id
), page AS (
  SELECT found.open, found.id
    FROM after
   CROSS JOIN LATERAL (
           (SELECT t.state = 'open' AS open, t.id
              FROM proposal t
             WHERE t.guide_account = me()
               AND (:state IS NULL OR t.state = :state)
               AND (t.state = 'open', t.id) < (after.open, after.id)
             ORDER BY t.state = 'open' DESC, t.id DESC
             LIMIT :limit + 1)
            UNION ALL
           (SELECT t.state = 'open' AS open, t.id
              FROM proposal t
             WHERE t.request_account = me()
               AND (:state IS NULL OR t.state = :state)
               AND (t.state = 'open', t.id) < (after.open, after.id)
             ORDER BY t.state = 'open' DESC, t.id DESC
             LIMIT :limit + 1)) found
   UNION
  SELECT found.open, found.id
    FROM after
   CROSS JOIN unnest(my_cities()) AS own (city)
   CROSS JOIN LATERAL (
           (SELECT t.state = 'open' AS open, t.id
              FROM proposal t
             WHERE t.guide_city = own.city
               AND (:state IS NULL OR t.state = :state)
               AND (t.state = 'open', t.id) < (after.open, after.id)
             ORDER BY t.state = 'open' DESC, t.id DESC
             LIMIT :limit + 1)
            UNION ALL
           (SELECT t.state = 'open' AS open, t.id
              FROM proposal t
             WHERE t.request_city = own.city
               AND (:state IS NULL OR t.state = :state)
               AND (t.state = 'open', t.id) < (after.open, after.id)
             ORDER BY t.state = 'open' DESC, t.id DESC
             LIMIT :limit + 1)) found
   ORDER BY open DESC, id DESC
   LIMIT :limit + 1
)
SELECT p.id,
       p.state,
       p.asked_at,
       p.expires_at,
       d.guide_request AS "guide_request.id",
       d.newcomer_name AS "guide_request.display_name",
       d.languages AS "guide_request.languages",
       d.city AS "guide_request.city",
       d.audience AS "guide_request.audience",
       d.topics AS "guide_request.topics",
       d.arrival_on AS "guide_request.arrival_on",
       d.message AS "guide_request.message",
       d.guide AS "guide.id",
       d.guide_name AS "guide.display_name",
       d.guide_story AS "guide.story",
       d.guide_languages AS "guide.languages",
       d.guide_cities AS "guide.cities",
       d.guide_audiences AS "guide.audiences",
       d.guide_topics AS "guide.topics",
       d.guide_taking AS "guide.taking",
       CASE WHEN on_guides_side(p.guide) THEN p.decline_reason END AS decline_reason,
       CASE WHEN on_guides_side(p.guide) THEN p.decline_note END AS decline_note,
       score_of(p) AS score,
       explanation_of(p) AS explanation,
       '[' || (p.state = 'open') || ',"' || p.id || '"]' AS _cursor
  FROM page
  JOIN proposal p ON p.id = page.id
 CROSS JOIN LATERAL (
         SELECT v.guide_request, v.newcomer_name, v.languages, v.city, v.audience, v.topics, v.arrival_on, v.message, v.guide,
                v.guide_name, v.guide_story, v.guide_languages, v.guide_cities, v.guide_audiences, v.guide_topics, v.guide_taking
           FROM proposal_detail v
          WHERE v.proposal = p.id
          LIMIT 1) d
 ORDER BY p.state = 'open' DESC, p.id DESC;
