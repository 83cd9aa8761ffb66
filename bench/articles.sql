-- SPDX-License-Identifier: EUPL-1.2
-- Invented articles for measuring, in the languages :languages, as many as are missing to :articles; twenty below each, the first ones at
-- the top. Their words are those of the imported articles and some that stand nowhere else. Run by the superuser; the same numbers make
-- the same texts.
\set ON_ERROR_STOP on
SET search_path = welcome;
SET synchronous_commit = off;
SET maintenance_work_mem = '256MB';

CREATE TEMPORARY TABLE word AS
SELECT language, row_number() OVER of_language - 1 AS n, word, folded(word) AS folded, count(*) OVER (PARTITION BY language) AS total
  FROM (SELECT t.language, plain_letters(w.word) AS word, count(*) AS uses
          FROM translation t, regexp_split_to_table(t.body_text, '[^[:alpha:]]+') AS w(word)
         WHERE t.slug !~ '-page-[0-9]+$' AND length(w.word) BETWEEN 3 AND 24
         GROUP BY t.language, plain_letters(w.word)) AS used
WINDOW of_language AS (PARTITION BY language ORDER BY uses DESC, word);
CREATE UNIQUE INDEX ON word (language, n);
ANALYZE word;

CREATE TEMPORARY TABLE page AS
SELECT n, coalesce(c.id, uuid_v7()) AS id, c.id IS NULL AS fresh
  FROM generate_series(1, :articles) AS n
  LEFT JOIN content c ON c.kind = 'article' AND c.key = 'bench-' || n;
CREATE UNIQUE INDEX ON page (n);
ANALYZE page;

-- Without triggers, which would take a minute for each ten thousand; what they would have made is written here.
SET session_replication_role = replica;
INSERT INTO content (id, kind, key, parent, position, topics, audiences, stages, related)
SELECT page.id, 'article', 'bench-' || page.n, above.id, page.n % 20 + CASE WHEN above.id IS NULL THEN 9000 ELSE 0 END, ARRAY[t.topics[1 + page.n % cardinality(t.topics)]], '{student}',
       '{first-weeks}', ARRAY(SELECT near.id FROM page near WHERE near.n IN (page.n % 500 + 1, page.n % 250 + 1))
  FROM page
  LEFT JOIN page above ON above.n = page.n / 20
 CROSS JOIN (SELECT array_agg(slug ORDER BY slug) AS topics FROM topic) AS t
 WHERE page.fresh
 ORDER BY page.n;
-- Title of 4, summary of 20, body of 150 words, of which the k-th of the list comes a k-th as often as the first; four in each text are
-- put together of two, so that there are ever more words.
CREATE TEMPORARY TABLE written AS
SELECT content, language, uuid_v7() AS revision, language || '-page-' || n AS slug, initcap(array_to_string(words[1:4], ' ')) || ' ' || n AS title,
       array_to_string(words[5:24], ' ') AS summary, array_to_string(words[25:], ' ') AS body,
       array_to_string(folded[5:24], ' ') AS folded_summary, array_to_string(folded[25:], ' ') AS folded_body, folded[171:] AS own
  FROM (SELECT page.id AS content, page.n, word.language, array_agg(concat(word.word, other.word) ORDER BY i) AS words,
               array_agg(concat(word.folded, other.folded) ORDER BY i) AS folded
          FROM page
         CROSS JOIN generate_series(1, 174) AS i
         CROSS JOIN LATERAL (SELECT hashint8extended(page.n::bigint * 1000 + i, 5) AS bits) AS chance
         CROSS JOIN (SELECT DISTINCT language, total FROM word WHERE language = ANY (:'languages'::text[])) AS list
          JOIN word ON word.language = list.language
                   AND word.n = floor(list.total ^ ((chance.bits & 1048575) / 1048576.0)::float)::integer - 1
          LEFT JOIN word AS other ON i > 170 AND other.language = list.language AND other.n = (chance.bits >> 20 & 1048575) % list.total
         WHERE NOT EXISTS (SELECT FROM translation t WHERE t.content = page.id AND t.language = word.language)
         GROUP BY page.id, page.n, word.language) AS drawn;
INSERT INTO revision (id, content, desk, language, number, state, slug, title, summary, body_markdown, body_html, body_text, reviewed_at,
                      published_at)
SELECT revision, content, '*', language, 1, 'published', slug, title, summary, body || E'\n', '<p>' || body || E'</p>\n', body || E'\n',
       clock(), clock()
  FROM written;
INSERT INTO content_slug (content, language, slug)
SELECT content, language, slug FROM written;
INSERT INTO translation (content, language, revision, slug, title, summary, body_markdown, body_html, body_text, embeds, method, legal_basis,
                         sources, reviewed_at, published_at)
SELECT content, language, revision, slug, title, summary, body || E'\n', '<p>' || body || E'</p>\n', body || E'\n', '{}', 'human', '{}', '[]',
       clock(), clock()
  FROM written;
UPDATE content c SET languages = ARRAY(SELECT t.language FROM translation t WHERE t.content = c.id ORDER BY t.language)
 WHERE c.id IN (SELECT content FROM written);

-- For the feed and for search (48_changes.sql, 49_search.sql); the indexes are made anew when all is there. The words of a text were
-- folded one by one, since that takes longest.
INSERT INTO change (content, language, kind, scopes, xid, at)
SELECT content, language, 'article', '{*}', pg_current_xact_id(), clock() FROM written;
SELECT string_agg(indexdef, ';') AS indexes FROM pg_indexes
 WHERE schemaname = 'welcome' AND indexname IN ('known_word_trigrams', 'searchable_titles', 'searchable_texts') \gset
DROP INDEX known_word_trigrams, searchable_titles, searchable_texts;
INSERT INTO known_word (word, language)
SELECT DISTINCT w.word, written.language FROM written, unnest(written.own) AS w(word)
    ON CONFLICT DO NOTHING;
CREATE FUNCTION pg_temp.vector(language text, words text, folded_words text) RETURNS tsvector LANGUAGE sql AS
$$ SELECT to_tsvector(text_configuration(language), words) || to_tsvector('simple', folded_words) $$;
INSERT INTO searchable (content, language, title, titles, texts)
SELECT content, language, folded(title), words_vector(language, title),
       setweight(words_vector(language, title) || words_vector(language, replace(slug, '-', ' ')), 'A')
         || setweight(pg_temp.vector(language, summary, folded_summary), 'B')
         || setweight(pg_temp.vector(language, body, folded_body), 'C')
  FROM written;
:indexes;
RESET session_replication_role;

-- The last ones of each language made by the trigger's function: it must not make anything else of them.
CREATE TEMPORARY TABLE sample AS
SELECT s.content, s.language, s.title, s.titles, s.texts, (SELECT count(*) FROM known_word) AS words
  FROM searchable s JOIN content c ON c.id = s.content WHERE c.key = 'bench-' || :articles;
SELECT count(make_searchable(t)) FROM translation t WHERE t.content IN (SELECT content FROM sample);
DO $$
BEGIN
  IF EXISTS (SELECT * FROM sample EXCEPT
             SELECT content, language, title, titles, texts, (SELECT count(*) FROM known_word) FROM searchable) THEN
    RAISE 'articles.sql fills searchable or known_word otherwise than make_searchable()';
  END IF;
END
$$;

RESET synchronous_commit;
RESET maintenance_work_mem;
VACUUM (ANALYZE);
