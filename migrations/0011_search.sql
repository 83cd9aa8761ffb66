-- SPDX-License-Identifier: EUPL-1.2
-- What search looks into, and what readers looked for in vain. pg_trgm (a trusted extension) gets a schema of its own: what it brings
-- belongs to the superuser and stays out of ours, whose functions nobody may call unless told.

-- migrate:up
CREATE SCHEMA trigram;
CREATE EXTENSION pg_trgm SCHEMA trigram;
GRANT USAGE ON SCHEMA trigram TO welcome, welcome_worker;

SET LOCAL search_path = welcome, pg_temp;

-- One row for each translation, kept by a trigger. title: folded (no accents, no capitals, words only). titles, texts: its words as they
-- are folded, and as the language's stemmer has them; texts has title, summary and body with weights A, B, C. To have them made anew
-- after a change of the functions: TRUNCATE searchable, known_word, the folder functions/ fills what is missing.
CREATE TABLE searchable (
  content  uuid NOT NULL,
  language text NOT NULL,
  title    text NOT NULL,
  titles   tsvector NOT NULL,
  texts    tsvector NOT NULL,
  PRIMARY KEY (content, language),
  FOREIGN KEY (content, language) REFERENCES translation ON DELETE CASCADE
);
-- Without a list of what is pending: readers would have to go through it.
CREATE INDEX searchable_titles ON searchable USING gin (titles) WITH (fastupdate = off);
CREATE INDEX searchable_texts ON searchable USING gin (texts) WITH (fastupdate = off);

-- Every word of the texts, folded: what a word with a typing error may have meant. Nothing is taken out; a word that no text has any
-- more finds nothing.
CREATE TABLE known_word (
  word     text NOT NULL,
  language text NOT NULL,
  PRIMARY KEY (word, language)
);
CREATE INDEX known_word_trigrams ON known_word USING gin (word trigram.gin_trgm_ops) WITH (fastupdate = off);

-- How often on a day an article was read in a language it does not have (key: its id) or a search found nothing (key: the words).
-- Counts of words and things, never of people; kept for 90 days.
CREATE TABLE demand (
  day      date NOT NULL,
  what     text NOT NULL CHECK (what IN ('article', 'search')),
  key      text NOT NULL CHECK (length(key) BETWEEN 1 AND 60 AND key !~ '@|[0-9].*[0-9].*[0-9].*[0-9]' OR what = 'article'),
  language text NOT NULL,
  count    integer NOT NULL CHECK (count > 0),
  PRIMARY KEY (day, what, key, language)
);
ALTER TABLE demand ENABLE ROW LEVEL SECURITY;

GRANT SELECT ON searchable, known_word TO welcome, welcome_worker;
GRANT SELECT ON demand TO welcome;
RESET search_path;

-- migrate:down
