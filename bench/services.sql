-- SPDX-License-Identifier: EUPL-1.2
-- Service requests for the benchmark: as many as -v requests=N says, at one office of one city: one in ten open, of these half late; and
-- an advisor of that city with the token -v token=T. Tables as their triggers would leave them, without the words of the search beyond a name.
SET search_path = welcome;
SET session_replication_role = replica;
SET client_min_messages = warning;
TRUNCATE service_request CASCADE;
DELETE FROM account WHERE email LIKE '%@services.example.org';
DELETE FROM session WHERE token_hash = sha256(convert_to(:'token', 'UTF8'));
DELETE FROM staff_role WHERE account = 'aaaaaaaa-0000-7000-8000-00000000ad01';
INSERT INTO office (city, slug, name, opening_hours)
SELECT 'bochum', 'bench', '{"en": "Office"}', jsonb_agg('{"all_day": true, "slots": []}'::jsonb) FROM generate_series(1, 7)
    ON CONFLICT DO NOTHING;
INSERT INTO account (id, email, language) VALUES ('aaaaaaaa-0000-7000-8000-00000000ad01', 'advisor@services.example.org', 'en');
INSERT INTO staff_role (account, role, city) VALUES ('aaaaaaaa-0000-7000-8000-00000000ad01', 'advisor', 'bochum');
INSERT INTO session (id, token_hash, account, expires_at)
VALUES (gen_random_uuid(), sha256(convert_to(:'token', 'UTF8')), 'aaaaaaaa-0000-7000-8000-00000000ad01', now() + interval '1 day');
CREATE FUNCTION pg_temp.id(kind integer, n integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT (lpad(kind::text, 8, '0') || '-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid $$;
INSERT INTO account (id, email, language)
SELECT pg_temp.id(81, n), 'asker-' || n || '@services.example.org', 'de' FROM generate_series(0, greatest(:requests / 10, 1)) AS n;
CREATE TEMP TABLE made AS
SELECT n, s.code, s.version, 'WR-' || lpad(upper(to_hex(n)), 8, '0') || '0' AS reference,
       CASE WHEN n % 10 > 0 THEN 'closed' ELSE (ARRAY['submitted', 'acknowledged', 'in_progress', 'waiting_for_requester'])[1 + n / 10 % 4] END AS state,
       now() + (n::bigint * 7919 % 100000 - 50000) * interval '30 seconds' AS due
  FROM generate_series(1, :requests) AS n
  JOIN (SELECT code, version, row_number() OVER (ORDER BY code) AS k, count(*) OVER () AS all FROM service) s ON s.k = 1 + n % s.all;
INSERT INTO service_request (id, account, reference, state, service, version, city, handled_by, company_name, company_legal_status, contact_name,
                             language, created_at, submitted_at, closed_at)
SELECT pg_temp.id(82, n), pg_temp.id(81, n / 10), reference, state, code, version, 'bochum', '{bochum}', 'Company ' || n, 'registered', 'Petra ' || n, 'de',
       now() - interval '1 year' + n * interval '1 second', now(), CASE state WHEN 'closed' THEN now() END
  FROM made;
INSERT INTO service_request_office (id, request, requester_account, request_state, service, city, office, state, advisor, acknowledge_due_at,
                                    resolve_due_at, acknowledged_at, assigned_at, waiting_since, minutes_left)
SELECT pg_temp.id(83, n), pg_temp.id(82, n), pg_temp.id(81, n / 10), state, code, 'bochum', 'bench', state,
       CASE WHEN state IN ('in_progress', 'waiting_for_requester', 'closed') AND n % 3 = 0 THEN 'aaaaaaaa-0000-7000-8000-00000000ad01'::uuid END,
       due, due, now(), now(), CASE state WHEN 'waiting_for_requester' THEN now() END, CASE state WHEN 'waiting_for_requester' THEN 60 END
  FROM made;
INSERT INTO service_request_words (request, words)
SELECT pg_temp.id(82, n), setweight(to_tsvector('simple', 'company ' || n || ' petra'), 'A') || array_to_tsvector(ARRAY['#' || substr(reference, 4), '@bochum'])
  FROM made;
RESET session_replication_role;
VACUUM ANALYZE service_request, service_request_office, service_request_words, account;
