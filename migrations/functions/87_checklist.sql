-- SPDX-License-Identifier: EUPL-1.2
-- The checklist: for whom a rule is, and the article that explains it.

-- Citizens of the EEA and Switzerland are treated as those of the EU, and so are Germans.
CREATE OR REPLACE FUNCTION citizenship_of(entry_group text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN entry_group IN ('eu_free_movement', 'eea_free_movement', 'swiss_agreement', 'national') THEN 'eu' ELSE 'non-eu' END
$$;

-- What a rule may say of somebody's citizenship: `eu` or `non-eu` and entry groups of countries; those of all countries that may be
-- meant while the nationality is not known, null when nothing is.
CREATE OR REPLACE FUNCTION citizenship_words(citizenship text, nationality text) RETURNS text[] LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (
    SELECT array_agg(DISTINCT word)
      FROM country c
     CROSS JOIN LATERAL unnest(ARRAY[citizenship_of(c.entry_group), c.entry_group]) AS word
     WHERE CASE WHEN nationality IS NULL THEN citizenship_of(c.entry_group) = citizenship ELSE c.code = nationality END);
END
$$;

-- The article of that name among the imported files, or the one by which the city replaces it, in the best language there is; null
-- when none is published.
CREATE OR REPLACE FUNCTION article_link(name text, city text, languages text[]) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT jsonb_build_object('id', t.content, 'slug', t.slug, 'title', t.title, 'language', t.language)
      FROM content a
      LEFT JOIN content own ON own.replaces = a.id AND own.city = article_link.city AND own.shown
      JOIN translation t ON t.content = coalesce(own.id, a.id)
     WHERE a.kind = 'article'
       AND a.key = name
       AND a.shown
       AND (a.city IS NULL OR a.city = article_link.city)
     ORDER BY array_position(article_link.languages, t.language) NULLS LAST, t.language
     LIMIT 1);
END
$$;
