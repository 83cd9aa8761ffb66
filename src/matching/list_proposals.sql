-- SPDX-License-Identifier: EUPL-1.2
-- A guide's own, a newcomer's own once shown, a coordinator's cities'; open ones first, then, as ids tell the time, the newest.
WITH page AS (
  SELECT p.id
    FROM proposal p
   WHERE (p.guide_account = (SELECT me()) OR p.request_account = (SELECT me())
          OR p.guide_city = ANY ((SELECT my_cities())::text[]) OR p.request_city = ANY ((SELECT my_cities())::text[]))
     AND (:state IS NULL OR p.state = :state)
     AND (p.state = 'open', p.id) < (coalesce((:ctx_cursor->>0)::boolean, true), coalesce((:ctx_cursor->>1)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
   ORDER BY p.state = 'open' DESC, p.id DESC
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
       d.message AS "guide_request.message",
       d.guide AS "guide.id",
       d.guide_name AS "guide.display_name",
       d.guide_story AS "guide.story",
       d.guide_languages AS "guide.languages",
       d.guide_cities AS "guide.cities",
       d.guide_audiences AS "guide.audiences",
       d.guide_topics AS "guide.topics",
       d.guide_taking AS "guide.taking",
       score_of(p) AS score,
       explanation_of(p) AS explanation,
       '[' || (p.state = 'open') || ',"' || p.id || '"]' AS _cursor
  FROM page
  JOIN proposal p ON p.id = page.id
  JOIN proposal_detail d ON d.proposal = p.id
 ORDER BY p.state = 'open' DESC, p.id DESC;
