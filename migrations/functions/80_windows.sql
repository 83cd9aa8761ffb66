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

-- Names for all who see the match; addresses only while it is active, to the two and, of their own city's person, to coordinators.
CREATE VIEW match_contact WITH (security_barrier) AS
SELECT m.id AS match, g.id AS guide, g.display_name AS guide_name, r.display_name AS newcomer_name,
       CASE WHEN m.state = 'active' AND (who.party OR m.guide_city = ANY ((SELECT my_cities())::text[])) THEN ga.email END AS guide_email,
       CASE WHEN m.state = 'active' AND (who.party OR m.request_city = ANY ((SELECT my_cities())::text[])) THEN ra.email END
         AS newcomer_email
  FROM match m
  JOIN guide g ON g.id = m.guide
  JOIN guide_request r ON r.id = m.request
  JOIN account ga ON ga.id = m.guide_account
  JOIN account ra ON ra.id = m.request_account
 CROSS JOIN LATERAL (SELECT m.guide_account = (SELECT me()) OR m.request_account = (SELECT me()) AS party) who
 WHERE (who.party OR m.request_city = ANY ((SELECT my_cities())::text[]) OR m.guide_city = ANY ((SELECT my_cities())::text[]))
   AND CASE WHEN (SELECT task()) IS NULL THEN true ELSE m.request = (SELECT task()) END;

-- The right is on the request; of guides of other cities the public columns only. Explanations are built after the LIMIT.
CREATE VIEW candidate AS
SELECT e.request, e.guide, e.score, e.tie, e.display_name, e.story, e.languages, e.serves AS cities, e.audiences, e.topics,
       CASE WHEN own.side THEN e.load END AS load, CASE WHEN own.side THEN e.capacity END AS capacity,
       terms_for(terms_of(e), false, own.side) AS explanation
  FROM eligible e
 CROSS JOIN LATERAL (SELECT e.cities && (SELECT my_cities())::text[] AS side) own
 WHERE e.handled_by = ANY ((SELECT my_cities())::text[]);

-- Public, no people in it. A translation is outdated when its source was published anew since, never by time.
CREATE VIEW published_translation AS
SELECT r.article AS article_id, r.language, s.slug, r.title, r.summary, r.body_markdown, r.body_html, r.body_text, r.published_at,
       CASE WHEN r.method = 'machine' THEN 'machine'
            WHEN EXISTS (SELECT FROM revision source
                          WHERE source.article = r.article AND source.language = r.source_language AND source.state = 'published'
                            AND source.id <> r.source_revision) THEN 'outdated'
            ELSE 'current' END AS state,
       jsonb_build_object('method', r.method, 'source_language', r.source_language, 'source_revision', r.source_revision,
                          'reviewed_at', rfc3339(r.reviewed_at)) AS provenance,
       r.legal_basis, r.sources
  FROM revision r
  JOIN article_slug s ON s.article = r.article AND s.language = r.language AND s.current
 WHERE r.state = 'published';

-- A current slug in any language, or an id: the city's article before the region's, the reader's languages first. plpgsql
-- keeps its plan, a function in SQL would be planned at each call.
CREATE OR REPLACE FUNCTION article_of(name text, city text, languages text[]) RETURNS uuid
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
  SELECT coalesce(own.id, a.id)
    FROM (SELECT s.article, s.language FROM article_slug s WHERE s.slug = lower(name) AND s.current
          UNION ALL
          SELECT x.id, NULL FROM article x WHERE x.id = CASE WHEN name ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN name::uuid END
         ) found
    JOIN article a ON a.id = found.article AND a.archived_at IS NULL AND (a.city IS NULL OR a.city = article_of.city OR found.language IS NULL)
    LEFT JOIN article own ON own.replaces = a.id AND own.city = article_of.city AND own.archived_at IS NULL
                         AND EXISTS (SELECT FROM revision r WHERE r.article = own.id AND r.state = 'published')
   WHERE EXISTS (SELECT FROM revision r WHERE r.article = a.id AND r.state = 'published')
   ORDER BY a.city IS NULL, array_position(languages, found.language) NULLS LAST, a.id LIMIT 1);
END
$$;

-- For the import: publishes a revision when anything changed (true), keeps the old ones and the old slugs. A translation points at
-- the revision of its source that is published now.
CREATE OR REPLACE FUNCTION publish_translation(for_article uuid, tag text, name text, title text, summary text, markdown text, html text,
                                               plain text, method text, source text, legal_basis text[], sources jsonb, reviewed_on date)
RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  old      revision;
  reviewed timestamptz := reviewed_on::timestamp AT TIME ZONE 'UTC';
BEGIN
  SELECT * INTO old FROM revision r WHERE r.article = for_article AND r.language = tag AND r.state = 'published';
  IF (old.title, old.summary, old.body_markdown, old.body_html, old.body_text, old.method, old.source_language, old.legal_basis,
      old.sources, old.reviewed_at)
     IS NOT DISTINCT FROM (publish_translation.title, publish_translation.summary, markdown, html, plain, publish_translation.method,
                           source, publish_translation.legal_basis, publish_translation.sources, reviewed)
     AND EXISTS (SELECT FROM article_slug s WHERE s.article = for_article AND s.language = tag AND s.slug = lower(name) AND s.current) THEN
    RETURN false;
  END IF;
  UPDATE revision r SET state = 'superseded' WHERE r.id = old.id;
  INSERT INTO revision (id, article, language, number, state, title, summary, body_markdown, body_html, body_text, method,
                        source_language, source_revision, legal_basis, sources, reviewed_at, published_at)
  SELECT uuid_v7(), for_article, tag, (SELECT coalesce(max(r.number), 0) + 1 FROM revision r WHERE r.article = for_article AND r.language = tag),
         'published', publish_translation.title, publish_translation.summary,
         markdown, html, plain, publish_translation.method, source,
         (SELECT r.id FROM revision r WHERE r.article = for_article AND r.language = source AND source <> tag AND r.state = 'published'),
         publish_translation.legal_basis, publish_translation.sources, reviewed, clock();
  UPDATE article_slug s SET current = false WHERE s.article = for_article AND s.language = tag AND s.current AND s.slug <> lower(name);
  INSERT INTO article_slug (article, language, slug) VALUES (for_article, tag, lower(name))
      ON CONFLICT (article, language, slug) DO UPDATE SET current = true;
  RETURN true;
END
$$;
