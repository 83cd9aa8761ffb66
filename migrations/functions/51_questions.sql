-- SPDX-License-Identifier: EUPL-1.2
-- Typed questions of services and what is answered to them: the attribute model of Open311 GeoReport v2, with words in many languages.

-- The questions as a reader of these languages gets them.
CREATE OR REPLACE FUNCTION questions_in(questions jsonb, languages text[]) RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
             'code', q.question ->> 'code', 'type', q.question ->> 'type', 'label', title_in(q.question -> 'label', languages),
             'help', title_in(coalesce(q.question -> 'help', '{}'), languages),
             'required', coalesce((q.question ->> 'required')::boolean, false),
             'values', (SELECT coalesce(jsonb_agg(jsonb_build_object('key', v.value ->> 'key', 'label', title_in(v.value -> 'label', languages)) ORDER BY v.n), '[]')
                          FROM jsonb_array_elements(coalesce(q.question -> 'values', '[]')) WITH ORDINALITY AS v(value, n))) ORDER BY q.n), '[]')
      FROM jsonb_array_elements(questions) WITH ORDINALITY AS q(question, n));
END
$$;

CREATE OR REPLACE FUNCTION is_day(given text) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN given ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' AND given >= '0001' AND to_char(given::date, 'YYYY-MM-DD') = given;
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format THEN
  RETURN false;
END
$$;

-- What is wrong with one answer: {"code","limit"}, null when nothing is.
CREATE OR REPLACE FUNCTION bad_answer(question jsonb, answer jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  type    text := question ->> 'type';
  wanted  text := CASE type WHEN 'number' THEN 'number' WHEN 'boolean' THEN 'boolean' WHEN 'multiple_choice' THEN 'array' ELSE 'string' END;
  written text := answer #>> '{}';
  longest integer := CASE type WHEN 'text' THEN 5000 ELSE 500 END;
  keys    text[]  := ARRAY(SELECT v ->> 'key' FROM jsonb_array_elements(coalesce(question -> 'values', '[]')) AS v);
BEGIN
  IF jsonb_typeof(answer) <> wanted THEN
    RETURN jsonb_build_object('code', 'type', 'limit', wanted);
  ELSIF type = 'number' THEN
    RETURN CASE WHEN answer::numeric > 1e12 THEN '{"code": "too_large", "limit": "1000000000000"}'::jsonb
                WHEN answer::numeric < -1e12 THEN '{"code": "too_small", "limit": "-1000000000000"}' END;
  ELSIF type = 'date' AND NOT is_day(written) THEN
    RETURN '{"code": "format", "limit": "date"}';
  ELSIF type = 'single_choice' AND written <> ALL (keys) THEN
    RETURN jsonb_build_object('code', 'enum', 'limit', array_to_string(keys, ', '));
  ELSIF type IN ('string', 'text') AND length(written) > longest THEN
    RETURN jsonb_build_object('code', 'too_long', 'limit', longest::text);
  END IF;
  RETURN NULL;
END
$$;

-- All faults of the answers to these questions, as problem() takes them; an empty text or list is no answer.
CREATE OR REPLACE FUNCTION bad_answers(questions jsonb, answers jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  RETURN (
    WITH said AS (
      SELECT a.code, a.answer, q.question, '/answers/' || pointer_token(a.code) AS pointer,
             a.answer IN ('null', '""', '[]') OR jsonb_typeof(a.answer) = 'string' AND a.answer #>> '{}' !~ '[^[:space:]]' AS empty
        FROM jsonb_each(answers) AS a(code, answer)
        LEFT JOIN jsonb_array_elements(questions) AS q(question) ON q.question ->> 'code' = a.code
    ), chosen AS (
      SELECT s.pointer, s.question, v.key, v.n, row_number() OVER (PARTITION BY s.code, v.key ORDER BY v.n) > 1 AS again
        FROM said s
       CROSS JOIN LATERAL jsonb_array_elements(CASE jsonb_typeof(s.answer) WHEN 'array' THEN s.answer ELSE '[]' END) WITH ORDINALITY AS v(key, n)
       WHERE s.question ->> 'type' = 'multiple_choice'
    ), fault AS (
      SELECT '/answers/' || (q ->> 'code') AS pointer, '{"code": "required"}'::jsonb AS what
        FROM jsonb_array_elements(questions) AS q
       WHERE (q ->> 'required')::boolean
         AND NOT EXISTS (SELECT FROM said s WHERE s.code = q ->> 'code' AND NOT s.empty)
       UNION ALL
      SELECT s.pointer, '{"code": "unknown_member"}' FROM said s WHERE s.question IS NULL
       UNION ALL
      SELECT s.pointer, bad_answer(s.question, s.answer) FROM said s WHERE s.question IS NOT NULL AND NOT s.empty
       UNION ALL
      SELECT c.pointer || '/' || c.n - 1,
             CASE WHEN jsonb_typeof(c.key) <> 'string' THEN '{"code": "type", "limit": "string"}'::jsonb
                  WHEN NOT c.question -> 'values' @> jsonb_build_array(jsonb_build_object('key', c.key))
                  THEN jsonb_build_object('code', 'enum', 'limit', (SELECT string_agg(v ->> 'key', ', ') FROM jsonb_array_elements(c.question -> 'values') AS v))
                  WHEN c.again THEN '{"code": "not_unique"}' END
        FROM chosen c
    )
    SELECT coalesce(jsonb_agg(jsonb_build_object('pointer', f.pointer) || f.what ORDER BY f.pointer), '[]')
      FROM (SELECT * FROM fault WHERE what IS NOT NULL LIMIT 100) f);
END
$$;
