CREATE OR REPLACE FUNCTION business_time_after(city text, office text, start timestamptz, minutes integer) RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT start + minutes * interval ''1 minute''';
CREATE OR REPLACE FUNCTION business_minutes_between(city text, office text, first timestamptz, last timestamptz) RETURNS integer LANGUAGE sql STABLE AS 'SELECT (extract(epoch from last - first)/60)::integer';
CREATE OR REPLACE FUNCTION is_away(account uuid, day date DEFAULT today()) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT false';
CREATE OR REPLACE FUNCTION deputy_of(account uuid, day date DEFAULT today()) RETURNS uuid LANGUAGE sql STABLE AS 'SELECT NULL::uuid';
CREATE OR REPLACE FUNCTION bad_answers(questions jsonb, answers jsonb) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT ''[]''::jsonb';
CREATE OR REPLACE FUNCTION questions_in(questions jsonb, languages text[]) RETURNS jsonb LANGUAGE sql STABLE AS 'SELECT questions';
DO $$ BEGIN
  INSERT INTO service (code, clientele, category) VALUES ('recruiting-abroad', 'company', 'recruiting'), ('first-orientation', 'newcomer', 'arrival') ON CONFLICT DO NOTHING;
  INSERT INTO service_version (service, version, name, questions) VALUES ('recruiting-abroad', 1, '{"en": "Recruiting"}', '[{"code":"positions"},{"code":"occupation"}]'), ('first-orientation', 1, '{"en":"First"}', '[]') ON CONFLICT DO NOTHING;
END $$;
