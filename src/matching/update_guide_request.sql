-- SPDX-License-Identifier: EUPL-1.2
-- Only the members sent change; triggers refuse what is matched or closed and cancel open proposals where the rules may have changed.
SELECT lock_for_request(:id);
SELECT require(r.account = me(), 'forbidden')
  FROM guide_request r
 WHERE r.id = :id;
SELECT problem('validation_failed', '[{"pointer":"/city","code":"required"}]')
  FROM guide_request r
 WHERE r.id = :id
   AND CASE WHEN :body ? 'city' THEN :city ELSE r.city END IS NULL
   AND NOT coalesce(:remote, r.remote);
UPDATE guide_request
   SET display_name = coalesce(:display_name, display_name),
       languages = coalesce(:languages, languages),
       city = CASE WHEN :body ? 'city' THEN :city ELSE city END,
       remote = coalesce(:remote, remote),
       neighbours = coalesce(:neighbours, neighbours),
       audience = coalesce(:audience, audience),
       topics = coalesce(:topics, topics),
       arrival_on = CASE WHEN :body ? 'arrival_on' THEN :arrival_on ELSE arrival_on END,
       message = coalesce(:message, message),
       preferred_guide = CASE WHEN :body ? 'preferred_guide' THEN :preferred_guide ELSE preferred_guide END,
       share_contact = coalesce(:share_contact, share_contact),
       guide_gender = CASE WHEN :body ? 'guide_gender' THEN :guide_gender->>'value' ELSE guide_gender END,
       guide_gender_must = CASE WHEN :body ? 'guide_gender' THEN coalesce((:guide_gender->>'must')::boolean, false) ELSE guide_gender_must END
 WHERE id = :id
   AND account = me();
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
       p.guide AS "proposal.guide.id",
       p.guide_name AS "proposal.guide.display_name",
       p.guide_story AS "proposal.guide.story",
       p.guide_languages AS "proposal.guide.languages",
       p.guide_cities AS "proposal.guide.cities",
       p.guide_audiences AS "proposal.guide.audiences",
       p.guide_topics AS "proposal.guide.topics",
       p.guide_taking AS "proposal.guide.taking",
       m.id AS "match.id"
  FROM guide_request r
  JOIN request_contact c ON c.request = r.id
  LEFT JOIN LATERAL (
         SELECT o.id, o.expires_at, d.guide, d.guide_name, d.guide_story, d.guide_languages, d.guide_cities, d.guide_audiences,
                d.guide_topics, d.guide_taking
           FROM proposal o
           JOIN proposal_detail d ON d.proposal = o.id
          WHERE o.request = r.id
            AND o.state IN ('open', 'awaiting_newcomer')
          ORDER BY o.state, o.id
          LIMIT 1) p ON true
  LEFT JOIN match m ON m.request = r.id AND m.state = 'active'
 WHERE r.id = :id
   AND r.account = me();
