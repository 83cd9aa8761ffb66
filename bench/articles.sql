-- SPDX-License-Identifier: EUPL-1.2
-- Invented articles for measuring, in the languages :languages, as many as are missing to :articles; twenty below each, the first ones at
-- the top. Their words are those of the imported articles. Run by the superuser; the same numbers make the same texts.
\set ON_ERROR_STOP on
SET search_path = welcome;
SET synchronous_commit = off;

CREATE TEMPORARY TABLE word AS
SELECT language, row_number() OVER of_language - 1 AS n, word, count(*) OVER (PARTITION BY language) AS total
  FROM (SELECT DISTINCT t.language, lower(w.word) AS word
          FROM translation t, regexp_split_to_table(t.body_text, '[^[:alpha:]]+') AS w(word)
         WHERE t.slug !~ '-page-[0-9]+$' AND length(w.word) BETWEEN 3 AND 24) AS used
WINDOW of_language AS (PARTITION BY language ORDER BY word);
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
SELECT page.id, 'article', 'bench-' || page.n, above.id, page.n % 20, ARRAY[t.topics[1 + page.n % cardinality(t.topics)]], '{student}',
       '{first-weeks}', ARRAY(SELECT near.id FROM page near WHERE near.n IN (page.n % 500 + 1, page.n % 250 + 1))
  FROM page
  LEFT JOIN page above ON above.n = page.n / 20
 CROSS JOIN (SELECT array_agg(slug ORDER BY slug) AS topics FROM topic) AS t
 WHERE page.fresh
 ORDER BY page.n;
-- Title of 4, summary of 20, body of 150 words; the first of the list come more often, as words do in a text.
CREATE TEMPORARY TABLE text AS
SELECT page.id AS content, word.language, uuid_v7() AS revision, word.language || '-page-' || page.n AS slug,
       initcap(string_agg(word.word, ' ' ORDER BY i) FILTER (WHERE i <= 4)) || ' ' || page.n AS title,
       string_agg(word.word, ' ' ORDER BY i) FILTER (WHERE i BETWEEN 5 AND 24) AS summary,
       string_agg(word.word, ' ' ORDER BY i) FILTER (WHERE i > 24) AS body
  FROM page
 CROSS JOIN generate_series(1, 174) AS i
 CROSS JOIN LATERAL (SELECT ((hashint8extended(page.n::bigint * 1000 + i, 5) & 1048575) / 1048576.0) ^ 2 AS place) AS chance
 CROSS JOIN (SELECT DISTINCT language, total FROM word WHERE language = ANY (:'languages'::text[])) AS list
  JOIN word ON word.language = list.language AND word.n = floor(list.total * chance.place)::integer
 WHERE NOT EXISTS (SELECT FROM translation t WHERE t.content = page.id AND t.language = word.language)
 GROUP BY page.id, page.n, word.language;
INSERT INTO revision (id, content, desk, language, number, state, slug, title, summary, body_markdown, body_html, body_text, published_at)
SELECT revision, content, '*', language, 1, 'published', slug, title, summary, body, '<p>' || body || '</p>', body, clock() FROM text;
INSERT INTO content_slug (content, language, slug)
SELECT content, language, slug FROM text;
INSERT INTO translation (content, language, revision, slug, title, summary, body_markdown, body_html, body_text, embeds, method, legal_basis,
                         sources, published_at)
SELECT content, language, revision, slug, title, summary, body, '<p>' || body || '</p>', body, '{}', 'human', '{}', '[]', clock() FROM text;
UPDATE content c SET languages = ARRAY(SELECT t.language FROM translation t WHERE t.content = c.id ORDER BY t.language)
 WHERE c.id IN (SELECT content FROM text);
RESET session_replication_role;

RESET synchronous_commit;
VACUUM (ANALYZE);
