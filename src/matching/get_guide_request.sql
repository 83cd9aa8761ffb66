-- SPDX-License-Identifier: EUPL-1.2
-- The newcomer sees a proposal only once it waits for them (row-level security hides the others), and it stands before open ones.
SELECT r.id,
       r.state,
       r.closed_as,
       r.display_name,
       r.languages,
       r.city,
       r.remote,
       r.neighbours,
       r.audience,
       r.topics,
       r.arrival_on,
       r.message,
       r.preferred_guide,
       r.share_contact,
       r.guide_gender AS "guide_gender.value",
       CASE WHEN r.guide_gender IS NOT NULL THEN r.guide_gender_must END AS "guide_gender.must",
       c.email,
       r.created_at,
       r.waiting_since,
       queue_position(r.id) AS position,
       estimated_wait_days(r.id) AS estimated_wait_days,
       p.id AS "proposal.id",
       p.expires_at AS "proposal.expires_at",
       d.guide AS "proposal.guide.id",
       d.guide_name AS "proposal.guide.display_name",
       d.guide_story AS "proposal.guide.story",
       d.guide_languages AS "proposal.guide.languages",
       d.guide_cities AS "proposal.guide.cities",
       d.guide_audiences AS "proposal.guide.audiences",
       d.guide_topics AS "proposal.guide.topics",
       d.guide_taking AS "proposal.guide.taking",
       m.id AS "match.id"
  FROM guide_request r
  JOIN request_contact c ON c.request = r.id
  LEFT JOIN LATERAL (
         SELECT o.id, o.expires_at
           FROM proposal o
          WHERE o.request = r.id
            AND o.state IN ('open', 'awaiting_newcomer')
          ORDER BY o.state, o.id
          LIMIT 1) p ON true
  LEFT JOIN LATERAL (
         SELECT v.guide, v.guide_name, v.guide_story, v.guide_languages, v.guide_cities, v.guide_audiences, v.guide_topics, v.guide_taking
           FROM proposal_detail v
          WHERE v.proposal = p.id
          LIMIT 1) d ON true -- joined, the view would be read as a whole: it is a barrier
  LEFT JOIN match m ON m.request = r.id AND m.state = 'active'
 WHERE r.id = :id
   AND (r.account = me() OR r.handled_by = ANY (my_cities()) OR r.also_handled_by && my_cities());
