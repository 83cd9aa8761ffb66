-- SPDX-License-Identifier: EUPL-1.2
-- Search: every translation is kept as words, both as the language's stemmer has them and folded, so that a word is found by its other
-- forms, by its beginning and without its accents.

-- The stemmer of a language. Where PostgreSQL has none, words are compared as they are, folded.
CREATE OR REPLACE FUNCTION text_configuration(language text) RETURNS regconfig LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (CASE split_part(language, '-', 1)
            WHEN 'ar' THEN 'arabic' WHEN 'ca' THEN 'catalan' WHEN 'da' THEN 'danish' WHEN 'de' THEN 'german' WHEN 'el' THEN 'greek'
            WHEN 'en' THEN 'english' WHEN 'es' THEN 'spanish' WHEN 'eu' THEN 'basque' WHEN 'fi' THEN 'finnish' WHEN 'fr' THEN 'french'
            WHEN 'ga' THEN 'irish' WHEN 'hi' THEN 'hindi' WHEN 'hu' THEN 'hungarian' WHEN 'hy' THEN 'armenian'
            WHEN 'id' THEN 'indonesian' WHEN 'it' THEN 'italian' WHEN 'lt' THEN 'lithuanian' WHEN 'ne' THEN 'nepali'
            WHEN 'nl' THEN 'dutch' WHEN 'no' THEN 'norwegian' WHEN 'pt' THEN 'portuguese' WHEN 'ro' THEN 'romanian'
            WHEN 'ru' THEN 'russian' WHEN 'sr' THEN 'serbian' WHEN 'sv' THEN 'swedish' WHEN 'ta' THEN 'tamil' WHEN 'tr' THEN 'turkish'
            WHEN 'yi' THEN 'yiddish' ELSE 'simple' END)::regconfig
$$;

-- Without accents that stand by themselves and the vowel signs of Arabic, which are rarely written.
CREATE OR REPLACE FUNCTION without_marks(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT regexp_replace(words, '[\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]', '', 'g') $$;

-- Small letters in one form.
CREATE OR REPLACE FUNCTION plain_letters(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT without_marks(normalize(lower(words), NFKC)) $$;

-- Words as people write them who have not the right keyboard: no accents, ae, oe and ue like ä, ö and ü, one form of the letters that
-- Arabic and Persian write in several; single spaces between. Scripts without spaces become single letters. src/information/passage.c
-- folds alike to mark what was found.
CREATE OR REPLACE FUNCTION folded(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT btrim(regexp_replace(regexp_replace(regexp_replace(translate(
           normalize(without_marks(normalize(replace(lower(words), 'ß', 'ss'), NFKD)), NFKC),
           'łøđıæœґىیةەہک٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹', 'lodiaoгييههه' || 'ك' || '01234567890123456789'),
           '([aou])e', '\1', 'g'),
           '([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff])', ' \1 ', 'g'),
           '[^[:alnum:]]+', ' ', 'g'))
$$;

CREATE OR REPLACE FUNCTION words_vector(language text, words text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT to_tsvector(text_configuration(language), plain_letters(words)) || to_tsvector('simple', folded(words))
$$;

CREATE OR REPLACE FUNCTION make_searchable(t translation) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  INSERT INTO known_word (word, language)
  SELECT w.word, t.language
    FROM unnest(tsvector_to_array(to_tsvector('simple', folded(concat_ws(' ', t.title, t.summary, t.body_text))))) AS w(word)
   WHERE length(w.word) BETWEEN 3 AND 60 AND w.word ~ '^[^0-9]*$'
   ORDER BY w.word -- several writers lock in one order
      ON CONFLICT DO NOTHING;
  INSERT INTO searchable (content, language, title, titles, texts)
  SELECT t.content, t.language, folded(t.title), v.titles,
         setweight(v.titles || words_vector(t.language, replace(t.slug, '-', ' ')), 'A')
           || setweight(words_vector(t.language, t.summary), 'B')
           || setweight(words_vector(t.language, t.body_text), 'C')
    FROM (SELECT words_vector(t.language, t.title) AS titles) v
      ON CONFLICT (content, language) DO UPDATE SET (title, titles, texts) = (EXCLUDED.title, EXCLUDED.titles, EXCLUDED.texts)
$$;

CREATE OR REPLACE FUNCTION translation_searchable() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM make_searchable(NEW);
  RETURN NULL;
END
$$;

-- Those of before.
DO $$
BEGIN
  PERFORM make_searchable(t) FROM translation t
    WHERE NOT EXISTS (SELECT FROM searchable s WHERE s.content = t.content AND s.language = t.language);
END
$$;

-- What somebody typed, word by word: folded; as a query for its stems in these languages, for itself and, where it is the last or the
-- language asked for has no stemmer, for all that begins with it. Words that say nothing (stop words) are left out unless all do.
-- Nothing anybody types is an operator. Without a word: 422. At most 16 words count.
CREATE OR REPLACE FUNCTION search_words(q text, languages text[]) RETURNS TABLE (n bigint, word text, stems text[], query tsquery)
LANGUAGE plpgsql STABLE SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN QUERY
  WITH configuration AS (
    SELECT DISTINCT text_configuration(l.tag) AS name FROM unnest(languages) AS l(tag)
  ), typed AS (
    SELECT w.word AS letters, folded(w.word) AS word, w.n
      FROM regexp_split_to_table(plain_letters(normalize(q, NFKC)), '[^[:alnum:]]+') WITH ORDINALITY AS w(word, n)
     WHERE folded(w.word) <> ''
     ORDER BY w.n
     LIMIT 16
  ), stemmed AS (
    SELECT t.n, t.word, s.stems, s.silent,
           '''' || replace(t.word, ' ', ''' <-> ''') || '''' AS plain,
           length(t.word) > 1 AND (t.n = max(t.n) OVER () OR text_configuration(languages[1]) = 'simple'::regconfig) AS begun
      FROM typed t
     CROSS JOIN LATERAL (
             SELECT coalesce(array_agg(DISTINCT x.lexemes[1]) FILTER (WHERE x.lexemes[1] <> t.word), '{}') AS stems,
                    bool_or(x.lexemes = '{}') AS silent
               FROM (SELECT tsvector_to_array(to_tsvector(c.name, t.letters)) AS lexemes FROM configuration c) x) s
  ), heard AS (
    SELECT m.*, bool_and(m.silent) OVER () AS none FROM stemmed m
  )
  SELECT h.n, h.word || CASE WHEN h.begun THEN '*' ELSE '' END,
         ARRAY(SELECT folded(s.stem) FROM unnest(h.stems) AS s(stem)),
         (h.plain || CASE WHEN h.begun THEN ':*' ELSE '' END
          || coalesce((SELECT string_agg(' | ''' || s.stem || '''', '') FROM unnest(h.stems) AS s(stem)), ''))::tsquery
    FROM heard h
   WHERE h.none OR NOT h.silent;
  IF NOT FOUND THEN
    PERFORM problem('validation_failed', '[{"parameter":"q","code":"no_words"}]');
  END IF;
END
$$;

-- All of these words, any of these words.
CREATE OR REPLACE FUNCTION all_of(queries tsquery[]) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT string_agg('(' || q.query::text || ')', ' & ')::tsquery FROM unnest(queries) AS q(query) $$;

CREATE OR REPLACE FUNCTION any_of(queries tsquery[]) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT string_agg('(' || q.query::text || ')', ' | ')::tsquery FROM unnest(queries) AS q(query) $$;

-- Whether these languages' reader is served this one of a text that has all of those, which are sorted.
CREATE OR REPLACE FUNCTION is_served(language text, of text[], languages text[]) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(NOT languages[:array_position(languages, language) - 1] && of, language = of[1] AND NOT languages && of)
$$;

-- What a reader in that city gets now: replaced articles, news out of their time and events that are over left out; without a city the
-- region's, but places and events of all cities, which one can go to. Becomes part of the query that asks, so that the planner sees
-- through it.
CREATE OR REPLACE FUNCTION reachable(for_city text) RETURNS SETOF content LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT c.*
    FROM content c
   WHERE c.shown
     AND CASE c.kind
           WHEN 'news' THEN EXISTS (SELECT FROM news n
                                     WHERE n.content = c.id AND n.publishes_at <= clock() AND coalesce(n.expires_at > clock(), true)
                                       AND (c.city IS NULL AND n.cities = '{}' OR c.city = for_city OR for_city = ANY (n.cities)))
           WHEN 'place' THEN coalesce(c.city IS NULL OR c.city = for_city, true)
           WHEN 'event' THEN coalesce(c.city IS NULL OR c.city = for_city, true)
                         AND EXISTS (SELECT FROM occurrence o WHERE o.event = c.id AND o.ends_at > clock())
           ELSE (c.city IS NULL OR c.city = for_city)
         END
     AND NOT EXISTS (SELECT FROM content own WHERE own.replaces = c.id AND own.city = for_city AND own.shown)
$$;

CREATE OR REPLACE FUNCTION letters_of(word text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT string_agg(l.letter, '' ORDER BY l.letter) FROM regexp_split_to_table(word, '') AS l(letter) $$;

-- The words of the texts that a word looks like. Short words have few letters to look alike by; words of the same letters look more
-- alike than trigrams tell. Of the beginning of a word only as much counts as was typed.
CREATE OR REPLACE FUNCTION meant(word text, languages text[]) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = welcome, trigram, pg_temp AS $$
DECLARE
  typed text := rtrim(word, '*');
BEGIN
  RETURN ARRAY(
    SELECT b.word
      FROM (SELECT DISTINCT a.word, a.likeness, max(a.likeness) OVER () AS best
              FROM (SELECT k.word,
                           greatest(similarity(k.word, typed),
                                    CASE WHEN right(meant.word, 1) = '*' THEN similarity(left(k.word, length(typed)), typed) END)
                           + CASE WHEN letters_of(k.word) = letters_of(typed) THEN 0.3 ELSE 0 END AS likeness
                      FROM known_word k
                     WHERE k.word % typed
                       AND k.language = ANY (meant.languages)) a
             WHERE a.likeness >= CASE WHEN length(typed) <= 5 THEN 0.3 ELSE 0.4 END
             ORDER BY a.likeness DESC, a.word
             LIMIT 5) b
     WHERE b.likeness > b.best - 0.15);
END
$$;

-- The same words after those that stand in no text gave way to what they look like. A word that stands nowhere is expected to be met soon
-- by whoever reads all texts, so that is forbidden.
CREATE OR REPLACE FUNCTION words_meant(q text, languages text[]) RETURNS TABLE (n bigint, word text, marks text[], query tsquery)
LANGUAGE plpgsql STABLE SET search_path = welcome, pg_temp SET plan_cache_mode = force_custom_plan SET enable_seqscan = off AS $$
DECLARE
  w     record;
  alike text[];
BEGIN
  FOR w IN SELECT x.n, x.word, x.stems, x.query FROM search_words(words_meant.q, words_meant.languages) x ORDER BY x.n LOOP
    n := w.n; word := w.word; query := w.query; marks := w.word || w.stems;
    IF NOT EXISTS (SELECT FROM searchable s WHERE s.texts @@ w.query) THEN
      alike := meant(w.word, words_meant.languages);
      IF alike <> '{}' THEN
        marks := alike;
        query := (SELECT string_agg(DISTINCT '''' || l.lexeme || '''', ' | ')
                    FROM (SELECT a.word AS lexeme FROM unnest(alike) AS a(word)
                           UNION ALL
                          SELECT unnest(tsvector_to_array(to_tsvector(text_configuration(t.tag), a.word)))
                            FROM unnest(alike) AS a(word), unnest(words_meant.languages) AS t(tag)) l)::tsquery;
      END IF;
    END IF;
    RETURN NEXT;
  END LOOP;
END
$$;

-- What to mark in a text that was found: words, and with a star beginnings of words; between spaces.
CREATE OR REPLACE FUNCTION search_marks(q text, languages text[], matched text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN CASE WHEN matched = 'words'
              THEN (SELECT string_agg(array_to_string(w.word || w.stems, ' '), ' ') FROM search_words(q, languages) w)
              ELSE (SELECT string_agg(array_to_string(w.marks, ' '), ' ') FROM words_meant(q, languages) w) END;
END
$$;

-- What search finds: each thing once, where the text served fits in that language, else in the one that fits best, and how well.
-- `matched`: `words` (all of them stand in one of its texts); where that finds nothing, `similar` (the same, after words that stand
-- nowhere gave way to those they look like); where that finds nothing either, `some_words` (at least half of them). A title counts more
-- than a text, the language served more than others, the city's own a little more than the region's. Words that stand in more than
-- 2,000 texts tell nothing about their order: then only titles do.
CREATE OR REPLACE FUNCTION search_found(q text, city text, languages text[], ranked boolean)
RETURNS TABLE (content uuid, kind text, topics text[], language text, rank integer, matched text)
LANGUAGE plpgsql STABLE SET search_path = welcome, trigram, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
  words   record;
  whole   tsquery;
  any_one tsquery;
  common  boolean := true;
  stage   text;
BEGIN
  FOREACH stage IN ARRAY ARRAY['words', 'similar'] LOOP
    IF stage = 'words' THEN
      SELECT array_agg(w.query ORDER BY w.n) AS queries, string_agg(rtrim(w.word, '*'), ' ' ORDER BY w.n) AS phrase
        INTO words FROM search_words(search_found.q, search_found.languages) w;
    ELSE
      SELECT array_agg(w.query ORDER BY w.n) AS queries, string_agg(rtrim(w.marks[1], '*'), ' ' ORDER BY w.n) AS phrase
        INTO words FROM words_meant(search_found.q, search_found.languages) w;
    END IF;
    whole := all_of(words.queries);
    any_one := any_of(words.queries);
    IF ranked THEN
      common := (SELECT count(*) > 2000 FROM (SELECT FROM searchable s WHERE s.texts @@ whole LIMIT 2001) x);
    END IF;
    RETURN QUERY
    SELECT DISTINCT ON (x.id) x.id, x.kind, x.topics, x.language, max(x.score) OVER (PARTITION BY x.id), stage
      FROM (SELECT c.id, c.kind, c.topics, s.language, l.served,
                   CASE WHEN ranked THEN round(10000
                     * (CASE WHEN s.titles @@ whole THEN 4 + 2 * similarity(s.title, words.phrase)
                             WHEN s.titles @@ any_one THEN 1 + 2 * similarity(s.title, words.phrase) ELSE 0 END
                        + CASE WHEN common THEN 0 ELSE least(ts_rank(s.texts, any_one), 1) END)
                     * CASE WHEN l.served THEN 1.0 ELSE 0.5 END
                     * CASE WHEN c.city IS NULL THEN 1.0 ELSE 1.1 END)::integer END AS score
              FROM searchable s
              JOIN reachable(search_found.city) c ON c.id = s.content
             CROSS JOIN LATERAL (SELECT is_served(s.language, c.languages, search_found.languages) AS served) l
             WHERE s.texts @@ whole) x
     ORDER BY x.id, x.served DESC, x.score DESC, x.language;
    IF FOUND THEN
      RETURN;
    END IF;
  END LOOP;
  RETURN QUERY
  WITH hit AS (
    SELECT s.content, s.language, count(*) AS words, sum(1 + CASE WHEN s.titles @@ w.query THEN 4 ELSE 0 END) AS weight
      FROM unnest(words.queries) AS w(query)
      JOIN searchable s ON s.texts @@ w.query
     GROUP BY s.content, s.language
  )
  SELECT DISTINCT ON (x.id) x.id, x.kind, x.topics, x.language, max(x.score) OVER (PARTITION BY x.id), 'some_words'
    FROM (SELECT c.id, c.kind, c.topics, h.language, l.served,
                 round(1000 * h.weight * CASE WHEN l.served THEN 1.0 ELSE 0.5 END
                                       * CASE WHEN c.city IS NULL THEN 1.0 ELSE 1.1 END)::integer AS score
            FROM hit h
            JOIN reachable(search_found.city) c ON c.id = h.content
           CROSS JOIN LATERAL (SELECT is_served(h.language, c.languages, search_found.languages) AS served) l
           WHERE 2 * h.words >= cardinality(words.queries)) x
   ORDER BY x.id, x.served DESC, x.score DESC, x.language;
END
$$;

-- Titles that begin with what was typed, or have words that do; where there are none, with what it looks like. Those in the reader's
-- language first. A title is told in the language in which it fits.
CREATE OR REPLACE FUNCTION suggested(q text, city text, kind text, languages text[])
RETURNS TABLE (n bigint, content uuid, language text, matched text)
LANGUAGE plpgsql STABLE SET search_path = welcome, trigram, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
  words record;
  stage text;
BEGIN
  FOREACH stage IN ARRAY ARRAY['words', 'similar'] LOOP
    IF stage = 'words' THEN
      SELECT all_of(array_agg(w.query)) AS whole, string_agg(rtrim(w.word, '*'), ' ' ORDER BY w.n) AS phrase
        INTO words FROM search_words(suggested.q, suggested.languages) w;
    ELSE
      SELECT all_of(array_agg(w.query)) AS whole, string_agg(rtrim(w.marks[1], '*'), ' ' ORDER BY w.n) AS phrase
        INTO words FROM words_meant(suggested.q, suggested.languages) w;
    END IF;
    RETURN QUERY
    SELECT row_number() OVER (ORDER BY b.served DESC, b.begins DESC, b.likeness DESC, b.id), b.id, b.language, stage
      FROM (SELECT DISTINCT ON (c.id) c.id, s.language, f.served, starts_with(s.title, words.phrase) AS begins,
                   similarity(s.title, words.phrase) AS likeness
              FROM searchable s
              JOIN reachable(suggested.city) c ON c.id = s.content AND coalesce(c.kind = suggested.kind, suggested.kind IS NULL)
             CROSS JOIN LATERAL (SELECT is_served(s.language, c.languages, suggested.languages) AS served) f
             WHERE s.titles @@ words.whole
             ORDER BY c.id, f.served DESC, array_position(suggested.languages, s.language) NULLS LAST, s.language) b
     ORDER BY 1
     LIMIT 10;
    IF FOUND THEN
      RETURN;
    END IF;
  END LOOP;
END
$$;
