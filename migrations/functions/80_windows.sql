-- SPDX-License-Identifier: EUPL-1.2
-- Windows: owner views that step over the wall on purpose, each with its own right and only the columns meant for it.
-- Those keyed by id are security barriers; lists are not, it would cost them their index.

-- For everybody, as long as the guide is listed.
CREATE VIEW public_guide AS
SELECT g.id, g.display_name, g.story, g.languages, tags_of(g.languages) AS language_tags, g.serves AS cities, g.audiences, g.topics,
       g.state = 'active' AND g.load < g.capacity AS taking
  FROM guide g
 WHERE g.listed AND g.state IN ('active', 'paused');

CREATE VIEW guide_contact WITH (security_barrier) AS
SELECT g.id AS guide, a.email, a.language
  FROM guide g JOIN account a ON a.id = g.account
 WHERE g.account = (SELECT me()) OR g.cities && (SELECT my_cities())::text[];

CREATE VIEW request_contact WITH (security_barrier) AS
SELECT r.id AS request, a.email, a.language
  FROM guide_request r JOIN account a ON a.id = r.account
 WHERE (r.account = (SELECT me()) OR r.handled_by = ANY ((SELECT my_cities())::text[])
        OR r.also_handled_by && (SELECT my_cities())::text[])
   AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE r.id = (SELECT task()) END;

-- Offices but for their mailbox.
CREATE VIEW office_public AS
SELECT o.city, o.slug, o.name, o.languages, o.address, o.phone, o.website, o.opening_hours, o.active
  FROM office o;

-- How to reach who asked for a service: for the advisors of the cities that have or had the request.
CREATE VIEW service_request_contact WITH (security_barrier) AS
SELECT r.id AS request, a.email
  FROM service_request r JOIN account a ON a.id = r.account
 WHERE (r.account = (SELECT me()) OR r.handled_by && (SELECT my_advised())::text[])
   AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE r.id = (SELECT task()) END;

-- Who stands in for me, by name.
CREATE VIEW my_deputy WITH (security_barrier) AS
SELECT x.first_on, d.id, d.display_name
  FROM staff_absence x JOIN account d ON d.id = x.deputy
 WHERE x.account = (SELECT me());

-- For admins: everybody who holds a role.
CREATE VIEW staff_account AS
SELECT a.id, a.email, a.display_name, a.language, r.roles, a.created_at
  FROM account a
  JOIN (SELECT x.account, jsonb_agg(jsonb_build_object('role', x.role, 'city', x.city) ORDER BY x.role, x.city) AS roles
          FROM staff_role x GROUP BY x.account) r ON r.account = a.id
 WHERE (SELECT is_admin());

-- What whoever sees a proposal may know of its two sides: the guide's public profile, listed or not, and what the guide must know of
-- the newcomer to decide.
CREATE VIEW proposal_detail WITH (security_barrier) AS
SELECT p.id AS proposal, r.id AS guide_request, r.display_name AS newcomer_name, r.languages, r.city, r.audience, r.topics, r.message,
       r.arrival_on, g.id AS guide, g.display_name AS guide_name, g.story AS guide_story, g.languages AS guide_languages,
       g.serves AS guide_cities, g.audiences AS guide_audiences, g.topics AS guide_topics,
       g.state = 'active' AND g.load < g.capacity AS guide_taking
  FROM proposal p
  JOIN guide_request r ON r.id = p.request
  JOIN guide g ON g.id = p.guide
 WHERE (p.guide_account = (SELECT me()) OR (p.request_account = (SELECT me()) AND p.shown_at IS NOT NULL)
        OR p.request_city = ANY ((SELECT my_cities())::text[]) OR p.guide_city = ANY ((SELECT my_cities())::text[]))
   AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE p.request = (SELECT task()) END;

-- Names for all who see the match; addresses only while it is active, to the two unless it is paused and, of their own city's person, to
-- coordinators.
CREATE VIEW match_contact WITH (security_barrier) AS
SELECT m.id AS match, g.id AS guide, g.display_name AS guide_name, r.display_name AS newcomer_name,
       CASE WHEN m.state = 'active' AND (m.paused_at IS NULL AND who.party OR m.guide_city = ANY ((SELECT my_cities())::text[])) THEN ga.email END AS guide_email,
       CASE WHEN m.state = 'active' AND (m.paused_at IS NULL AND who.party OR m.request_city = ANY ((SELECT my_cities())::text[])) THEN ra.email END
         AS newcomer_email
  FROM match m
  JOIN guide g ON g.id = m.guide
  JOIN guide_request r ON r.id = m.request
  JOIN account ga ON ga.id = m.guide_account
  JOIN account ra ON ra.id = m.request_account
 CROSS JOIN LATERAL (SELECT m.guide_account = (SELECT me()) OR m.request_account = (SELECT me()) AS party) who
 WHERE (who.party OR m.request_city = ANY ((SELECT my_cities())::text[]) OR m.guide_city = ANY ((SELECT my_cities())::text[]))
   AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE m.request = (SELECT task()) END;

-- Who did and saw what, for admins.
CREATE VIEW audit_record AS
SELECT a.id, a.at, a.actor, a.action, a.subject_kind, a.subject_id, a.city, a.detail, a.seal
  FROM audit a
 WHERE (SELECT is_admin());

-- The right is on the request; of guides of other cities the public columns only. Explanations are built after the LIMIT.
CREATE VIEW candidate AS
SELECT e.request, e.guide, e.score, e.tie, e.display_name, e.story, e.languages, e.serves AS cities, e.audiences, e.topics,
       CASE WHEN own.side THEN e.load END AS load, CASE WHEN own.side THEN e.capacity END AS capacity,
       terms_for(terms_of(e), false, own.side) AS explanation
  FROM eligible e
 CROSS JOIN LATERAL (SELECT e.cities && (SELECT my_cities())::text[] AS side) own
 WHERE e.handled_by = ANY ((SELECT my_cities())::text[]);
