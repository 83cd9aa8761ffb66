-- SPDX-License-Identifier: EUPL-1.2
-- The windows cut points and reasons by reader; a newcomer sees nothing of it before the guide accepted.
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
       explanation_of(p) AS explanation
  FROM proposal p
  JOIN proposal_detail d ON d.proposal = p.id
 WHERE p.id = :id
   AND (p.guide_account = me() OR p.request_account = me() OR p.guide_city = ANY (my_cities()) OR p.request_city = ANY (my_cities()));
