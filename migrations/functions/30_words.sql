-- SPDX-License-Identifier: EUPL-1.2
-- Small words of the trade: titles in a reader's language, levels, times inside JSON.

-- The first of the reader's languages that has a title; the list ends with the defaults, so there is one.
CREATE OR REPLACE FUNCTION title_in(title jsonb, languages text[]) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (
    SELECT coalesce((SELECT title ->> l.tag FROM unnest(languages) WITH ORDINALITY AS l(tag, n) WHERE title ? l.tag ORDER BY l.n LIMIT 1),
                    title ->> 'en', title ->> 'de'));
END
$$;

CREATE OR REPLACE FUNCTION level_rank(level text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT array_position(ARRAY['A1', 'A2', 'B1', 'B2', 'C1', 'C2', 'native'], level) $$;

CREATE OR REPLACE FUNCTION level_name(rank integer) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT (ARRAY['A1', 'A2', 'B1', 'B2', 'C1', 'C2', 'native'])[rank] $$;

-- The day it is for people here.
CREATE OR REPLACE FUNCTION today() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT (clock() AT TIME ZONE 'Europe/Berlin')::date $$;

CREATE OR REPLACE FUNCTION rfc3339(at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') $$;

-- As it stands between the slashes of an address (RFC 3986).
CREATE OR REPLACE FUNCTION url_component(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT string_agg(CASE WHEN c.letter ~ '[A-Za-z0-9._~-]' THEN c.letter
                         ELSE regexp_replace(upper(encode(convert_to(c.letter, 'UTF8'), 'hex')), '(..)', '%\1', 'g') END, '' ORDER BY c.n)
    FROM regexp_split_to_table(name, '') WITH ORDINALITY AS c(letter, n)
$$;

-- As it stands between the slashes of a JSON pointer (RFC 6901).
CREATE OR REPLACE FUNCTION pointer_token(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT replace(replace(name, '~', '~0'), '/', '~1') $$;

-- Lets a change pass that names the version it starts from: If-Match of RFC 9110 §13.1.1, compared strongly. What cannot be read
-- matches nothing; revision NULL means there is nothing to match.
CREATE OR REPLACE FUNCTION precondition(if_match text, revision text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  tag CONSTANT text := '(?:W/)?"[^\x01-\x20"\x7f]*"';
BEGIN
  IF if_match IS NULL THEN
    PERFORM problem('precondition_required', '[{"parameter": "If-Match", "code": "required"}]');
  ELSIF revision IS NULL
     OR btrim(if_match, E' \t') <> '*'
    AND (if_match !~ ('^[ \t,]*' || tag || '(?:[ \t]*,(?:[ \t]*' || tag || ')?)*[ \t]*$')
         OR NOT EXISTS (SELECT FROM regexp_matches(if_match, '(W/)?"([^"]*)"', 'g') AS m(part)
                         WHERE m.part[1] IS NULL AND m.part[2] = revision)) THEN
    PERFORM problem('precondition_failed');
  END IF;
END
$$;

-- The tags of [{"tag","level"}], in their order.
CREATE OR REPLACE FUNCTION tags_of(languages jsonb) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (SELECT array_agg(l.value ->> 'tag' ORDER BY l.n) FROM jsonb_array_elements(languages) WITH ORDINALITY AS l(value, n));
END
$$;

-- How many of a guide's last asks came after a moment; three are kept.
CREATE OR REPLACE FUNCTION asks_since(asks timestamptz[], since timestamptz) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce((asks[1] > since)::integer, 0) + coalesce((asks[2] > since)::integer, 0) + coalesce((asks[3] > since)::integer, 0)
$$;

-- The language of mails for whoever reads this one: itself, what is left of it (de-simple: de), or English.
CREATE OR REPLACE FUNCTION mail_language_of(language text) RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN coalesce((SELECT m.tag FROM mail_language m
                    WHERE m.tag IN (language, split_part(language, '-', 1)) ORDER BY length(m.tag) DESC LIMIT 1), 'en');
END
$$;
