-- SPDX-License-Identifier: EUPL-1.2
-- One table for all that is written in several languages (articles, places, news, events, stories): drafts and their history are
-- revisions, which editors see; what readers get is `translation`, one row for each language. So a draft never touches what is read.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- views of an earlier version; the folder functions/ makes them anew
DROP VIEW IF EXISTS published_translation;

ALTER TABLE article RENAME TO content;
ALTER TABLE content RENAME CONSTRAINT article_pkey TO content_pkey;
ALTER TABLE content DROP CONSTRAINT article_key_key;
ALTER INDEX article_parent RENAME TO content_parent;
DROP INDEX article_order, article_city, article_replaces;

-- desk: who looks after it, a city's editors or ('*') the region's. visible: neither it nor anything above it is archived.
-- languages: those readers can get. version: what If-Match compares. parent, position and replaces are for articles.
ALTER TABLE content
  ADD kind      text NOT NULL DEFAULT 'article' CHECK (kind IN ('article', 'place', 'news', 'event', 'story')),
  ADD desk      text GENERATED ALWAYS AS (coalesce(city, '*')) STORED,
  ADD office    uuid REFERENCES content,
  ADD visible   boolean NOT NULL DEFAULT true,
  ADD languages text[] NOT NULL DEFAULT '{}',
  ADD shown     boolean GENERATED ALWAYS AS (visible AND languages <> '{}') STORED,
  ADD version   integer NOT NULL DEFAULT 1,
  ADD changed_at timestamptz NOT NULL DEFAULT clock();
ALTER TABLE content ALTER kind DROP DEFAULT;

-- related named keys; ids stay when keys change
ALTER TABLE content ADD related_ids uuid[] NOT NULL DEFAULT '{}';
UPDATE content c
   SET related_ids = ARRAY(SELECT r.id FROM unnest(c.related) WITH ORDINALITY AS k(key, n) JOIN content r ON r.key = k.key ORDER BY k.n),
       visible = archived_at IS NULL;
ALTER TABLE content DROP related;
ALTER TABLE content RENAME related_ids TO related;

ALTER TABLE content
  ADD UNIQUE (kind, key),
  ADD UNIQUE (id, desk),
  ADD CHECK (key ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(key) <= 100),
  ADD CHECK (kind = 'article' OR (parent IS NULL AND replaces IS NULL)),
  ADD CHECK (cardinality(topics) <= 20 AND cardinality(audiences) <= 20 AND cardinality(stages) <= 20 AND cardinality(related) <= 20);
CREATE INDEX content_order ON content (kind, position, id) WHERE shown;
CREATE INDEX content_city ON content (city, kind) WHERE city IS NOT NULL;
CREATE INDEX content_desk ON content (desk, kind, id);
CREATE INDEX content_review ON content (review_due_on) WHERE archived_at IS NULL;
CREATE UNIQUE INDEX content_replaces ON content (replaces, city) WHERE archived_at IS NULL;

-- Drafts are not public: editors of the desk see them. author: who wrote the text last; reviewer: who let it pass.
ALTER TABLE revision RENAME article TO content;
ALTER TABLE revision
  ADD desk    text,
  ADD slug    text,
  ADD embeds  text[] NOT NULL DEFAULT '{}', -- what the text shows of others: place:<key>, contact:<key>, media:<hash>
  ADD version integer NOT NULL DEFAULT 1,
  ADD changed_at timestamptz NOT NULL DEFAULT clock();
UPDATE revision r SET desk = c.desk FROM content c WHERE c.id = r.content;
UPDATE revision r SET slug = s.slug FROM article_slug s WHERE s.article = r.content AND s.language = r.language AND s.current;
UPDATE revision r SET slug = r.content::text WHERE r.slug IS NULL;
ALTER TABLE revision
  ALTER desk SET NOT NULL,
  ALTER slug SET NOT NULL,
  ADD FOREIGN KEY (content, desk) REFERENCES content (id, desk) ON UPDATE CASCADE ON DELETE CASCADE,
  ADD CHECK (slug = lower(slug) AND slug !~ '[/?#&+%[:space:]]' AND length(slug) BETWEEN 1 AND 200);
CREATE INDEX revision_work ON revision (desk, state, changed_at) WHERE state IN ('draft', 'in_review');
-- one text at a time is worked on in each language
CREATE UNIQUE INDEX duplicate_draft ON revision (content, language) WHERE state IN ('draft', 'in_review');
ALTER TABLE revision ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON revision FROM welcome_worker;
GRANT INSERT (id, content, desk, language, number, state, slug, title, summary, body_markdown, body_html, body_text, embeds, method,
              source_language, source_revision, legal_basis, sources, note, author),
      UPDATE (state, slug, title, summary, body_markdown, body_html, body_text, embeds, method, source_language, source_revision,
              legal_basis, sources, note, author, reviewer, reviewed_at)
   ON revision TO welcome;
GRANT INSERT (id, kind, key, parent, position, city, replaces, topics, audiences, stages, related, office, review_due_on),
      UPDATE (parent, position, city, replaces, topics, audiences, stages, related, office, reviewed_on, review_due_on, archived_at)
   ON content TO welcome;

ALTER TABLE article_slug RENAME TO content_slug;
ALTER TABLE content_slug RENAME article TO content;
ALTER INDEX article_slug_current RENAME TO content_slug_current;
ALTER INDEX article_slug_slug RENAME TO content_slug_slug;

-- What readers get. Public, no row-level security.
CREATE TABLE translation (
  content         uuid NOT NULL REFERENCES content ON DELETE CASCADE,
  language        text NOT NULL REFERENCES language,
  revision        uuid NOT NULL UNIQUE REFERENCES revision ON DELETE CASCADE,
  slug            text NOT NULL,
  title           text NOT NULL,
  summary         text NOT NULL,
  body_markdown   text NOT NULL,
  body_html       text NOT NULL,
  body_text       text NOT NULL,
  embeds          text[] NOT NULL,
  method          text NOT NULL,
  source_language text,
  source_revision uuid, -- of the source language's translation it was made from; outdated when that has another by now
  legal_basis     text[] NOT NULL,
  sources         jsonb NOT NULL,
  reviewed_at     timestamptz,
  published_at    timestamptz NOT NULL,
  PRIMARY KEY (content, language)
);
INSERT INTO translation (content, language, revision, slug, title, summary, body_markdown, body_html, body_text, embeds, method,
                         source_language, source_revision, legal_basis, sources, reviewed_at, published_at)
SELECT r.content, r.language, r.id, r.slug, r.title, r.summary, r.body_markdown, r.body_html, r.body_text, '{}', r.method,
       r.source_language, r.source_revision, r.legal_basis, r.sources, r.reviewed_at, r.published_at
  FROM revision r
 WHERE r.state = 'published';
UPDATE content c SET languages = ARRAY(SELECT t.language FROM translation t WHERE t.content = c.id ORDER BY t.language);

-- What a desk decided: whether somebody else than the author must publish, and into which languages its texts belong.
CREATE TABLE desk (
  desk      text PRIMARY KEY CHECK (desk ~ '^([*]|[a-z0-9]+(-[a-z0-9]+)*)$'),
  four_eyes boolean NOT NULL DEFAULT true,
  languages text[] NOT NULL DEFAULT '{de,en}'
);
INSERT INTO desk (desk) VALUES ('*');

INSERT INTO transition (machine, from_state, to_state, actor) VALUES
  ('revision', 'draft', 'in_review', 'staff'),
  ('revision', 'draft', 'published', 'staff'),
  ('revision', 'draft', 'archived', 'staff'),
  ('revision', 'in_review', 'draft', 'staff'),
  ('revision', 'in_review', 'published', 'staff'),
  ('revision', 'in_review', 'archived', 'staff'),
  ('revision', 'published', 'superseded', 'system'),
  ('revision', 'published', 'archived', 'staff');

GRANT SELECT ON translation, desk TO welcome, welcome_worker;
GRANT INSERT, UPDATE, DELETE ON translation, desk TO welcome_worker;
RESET search_path;

-- migrate:down
