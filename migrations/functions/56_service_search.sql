-- SPDX-License-Identifier: EUPL-1.2
-- Full-text search in service requests. Each has its words in service_request_words, folded as those of texts: what the asker may read with
-- weight A, internal words without, its reference as '#7K3M9Q2XA' and every city whose office has it now as '@essen', so that the index
-- narrows to the reader's cities. folded() leaves no such sign in a word, so nobody types one.

-- What was answered, and how the chosen values are called in all languages.
CREATE OR REPLACE FUNCTION words_of_answers(answers jsonb, questions jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT concat_ws(' ',
           (SELECT string_agg(a.value #>> '{}', ' ') FROM jsonb_path_query(answers, 'strict $.** ? (@.type() == "string")') AS a(value)),
           (SELECT string_agg(l.value, ' ')
              FROM jsonb_array_elements(questions) AS q(question)
             CROSS JOIN jsonb_array_elements(CASE jsonb_typeof(q.question -> 'values') WHEN 'array' THEN q.question -> 'values' ELSE '[]' END) AS c(choice)
             CROSS JOIN jsonb_each_text(CASE jsonb_typeof(c.choice -> 'label') WHEN 'object' THEN c.choice -> 'label' ELSE '{}' END) AS l
             WHERE answers -> (q.question ->> 'code') @> (c.choice -> 'key')))
$$;

-- Anew each time, under the lock of the request: whoever comes second has read what the first said. Of very long histories the newest
-- part counts, since a tsvector ends at a megabyte.
CREATE OR REPLACE FUNCTION make_service_words(request uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM lock_service_requests(ARRAY[request]);
  INSERT INTO service_request_words (request, words)
  SELECT r.id,
         setweight(words_vector(r.language, left(concat_ws(' ', r.reference, r.company_name, r.contact_name, r.message,
                                                           words_of_answers(r.answers, v.questions), said.public), 40000)), 'A')
           || words_vector(r.language, left(coalesce(said.internal, ''), 20000))
           || format('%L:1A', '#' || substr(r.reference, 4))::tsvector
           || array_to_tsvector(ARRAY(SELECT DISTINCT '@' || o.city FROM service_request_office o WHERE o.request = r.id AND o.left_at IS NULL))
    FROM service_request r
    JOIN service_version v ON v.service = r.service AND v.version = r.version
   CROSS JOIN LATERAL (
           SELECT string_agg(e.text, ' ' ORDER BY e.id DESC) FILTER (WHERE e.public) AS public,
                  string_agg(e.text, ' ' ORDER BY e.id DESC) FILTER (WHERE NOT e.public) AS internal
             FROM service_event e WHERE e.request = r.id) said
   WHERE r.id = make_service_words.request AND r.account IS NOT NULL
      ON CONFLICT ON CONSTRAINT service_request_words_pkey DO UPDATE SET words = EXCLUDED.words;
END
$$;

-- One function for the three tables the words are made of.
CREATE OR REPLACE FUNCTION service_words_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM make_service_words((to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END) ->> TG_ARGV[0])::uuid);
  RETURN NULL;
END
$$;

-- Those of before.
DO $$
BEGIN
  PERFORM make_service_words(r.id) FROM service_request r
    WHERE r.account IS NOT NULL AND NOT EXISTS (SELECT FROM service_request_words w WHERE w.request = r.id);
END
$$;

-- What was typed as the beginning of a reference, NULL where it is none: in either case, with or without "WR-", spaces and hyphens
-- anywhere, O read as 0, I and L as 1. Without "WR-" it must be whole, else every word were one.
CREATE OR REPLACE FUNCTION reference_typed(q text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  typed text := regexp_replace(upper(btrim(q)), '[\s-]+', '', 'g');
  named boolean := upper(btrim(q)) ~ '^WR\s*-';
BEGIN
  typed := translate(CASE WHEN named OR length(typed) > 9 THEN regexp_replace(typed, '^WR', '') ELSE typed END, 'OIL', '011');
  RETURN CASE WHEN typed ~ '^[0-9A-HJKMNP-TV-Z]{8}[0-9A-HJKMNP-TV-Z*~$=U]?$' OR named AND typed ~ '^[0-9A-HJKMNP-TV-Z]{1,7}$' THEN typed END;
END
$$;

CREATE OR REPLACE FUNCTION service_query(q text, languages text[]) RETURNS tsquery
LANGUAGE plpgsql STABLE SET search_path = welcome, pg_temp AS $$
DECLARE
  reference text := reference_typed(q);
  words     tsquery := (SELECT all_of(array_agg(w.query)) FROM search_words(q, languages) w);
BEGIN
  RETURN CASE WHEN reference IS NULL THEN words ELSE words || format('%L:*', '#' || reference)::tsquery END;
END
$$;

-- Own requests, by what one may read of them, and those that offices of the advised cities have now, by everything that was said.
CREATE OR REPLACE FUNCTION service_requests_found(q text, languages text[]) RETURNS TABLE (request uuid, own boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
  wanted tsquery := service_query(service_requests_found.q, service_requests_found.languages);
  here   tsquery := (SELECT string_agg(format('%L', '@' || c.slug), ' | ') FROM unnest(my_advised()) AS c(slug))::tsquery;
BEGIN
  RETURN QUERY
  SELECT r.id, true
    FROM service_request r
    JOIN service_request_words w ON w.request = r.id
   WHERE r.account = me()
     AND ts_filter(w.words, '{a}') @@ wanted;
  IF here IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY
  SELECT w.request, false
    FROM service_request_words w
   WHERE w.words @@ CASE WHEN '*' = ANY (my_advised()) THEN wanted ELSE here && wanted END
     AND EXISTS (SELECT FROM service_request_office o
                  WHERE o.request = w.request AND o.left_at IS NULL AND o.city = ANY (my_advised()) AND o.requester_account <> me());
END
$$;
