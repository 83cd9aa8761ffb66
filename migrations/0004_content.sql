-- SPDX-License-Identifier: EUPL-1.2
-- Articles: a tree of the region's and the cities' pages; what is read are the published revisions. Public, no row-level security.

-- migrate:up
SET LOCAL search_path = welcome, pg_temp;

-- city: null for the region. A city's article may replace one of the region's for readers of that city.
CREATE TABLE article (
  id            uuid PRIMARY KEY,
  key           text NOT NULL UNIQUE, -- its name among the imported files
  parent        uuid REFERENCES article CHECK (parent <> id),
  position      integer NOT NULL DEFAULT 0,
  city          text REFERENCES city,
  replaces      uuid REFERENCES article CHECK (replaces <> id),
  topics        text[] NOT NULL DEFAULT '{}',
  audiences     text[] NOT NULL DEFAULT '{}',
  stages        text[] NOT NULL DEFAULT '{}',
  related       text[] NOT NULL DEFAULT '{}', -- keys of other articles
  reviewed_on   date,
  review_due_on date,
  created_at    timestamptz NOT NULL DEFAULT clock(),
  archived_at   timestamptz,
  CHECK (replaces IS NULL OR city IS NOT NULL)
);
CREATE INDEX article_order ON article (position, id) WHERE archived_at IS NULL;
CREATE INDEX article_city ON article (city) WHERE city IS NOT NULL;
CREATE INDEX article_parent ON article (parent, position);
CREATE UNIQUE INDEX article_replaces ON article (replaces, city) WHERE archived_at IS NULL;

-- Immutable but for its state. Whether a translation is outdated derives from its source revision, never from time.
CREATE TABLE revision (
  id              uuid PRIMARY KEY,
  article         uuid NOT NULL REFERENCES article ON DELETE CASCADE,
  language        text NOT NULL REFERENCES language,
  number          integer NOT NULL,
  state           text NOT NULL CHECK (state IN ('draft', 'in_review', 'published', 'superseded', 'archived')),
  title           text NOT NULL,
  summary         text NOT NULL DEFAULT '',
  body_markdown   text NOT NULL,
  body_html       text NOT NULL,
  body_text       text NOT NULL,
  method          text NOT NULL DEFAULT 'human' CHECK (method IN ('human', 'machine', 'machine_reviewed')),
  source_language text REFERENCES language,
  source_revision uuid REFERENCES revision ON DELETE SET NULL,
  legal_basis     text[] NOT NULL DEFAULT '{}',
  sources         jsonb NOT NULL DEFAULT '[]',
  note            text,
  author          uuid REFERENCES account ON DELETE SET NULL,
  reviewer        uuid REFERENCES account ON DELETE SET NULL,
  created_at      timestamptz NOT NULL DEFAULT clock(),
  reviewed_at     timestamptz,
  published_at    timestamptz,
  UNIQUE (article, language, number),
  CHECK (state <> 'published' OR published_at IS NOT NULL)
);
CREATE INDEX revision_author ON revision (author) WHERE author IS NOT NULL;
CREATE INDEX revision_reviewer ON revision (reviewer) WHERE reviewer IS NOT NULL;
CREATE UNIQUE INDEX revision_published ON revision (article, language) WHERE state = 'published';

-- Slugs with their history: an old one redirects, a current one of any language finds the article.
CREATE TABLE article_slug (
  article  uuid NOT NULL REFERENCES article ON DELETE CASCADE,
  language text NOT NULL REFERENCES language,
  slug     text NOT NULL CHECK (slug = lower(slug) AND slug !~ '[/?#&+%[:space:]]' AND length(slug) BETWEEN 1 AND 200),
  current  boolean NOT NULL DEFAULT true,
  since    timestamptz NOT NULL DEFAULT clock(),
  PRIMARY KEY (article, language, slug)
);
CREATE UNIQUE INDEX article_slug_current ON article_slug (article, language) WHERE current;
CREATE INDEX article_slug_slug ON article_slug (slug);

GRANT SELECT ON article, revision, article_slug TO welcome, welcome_worker;
GRANT INSERT, UPDATE, DELETE ON article, revision, article_slug TO welcome_worker;
RESET search_path;

-- migrate:down
