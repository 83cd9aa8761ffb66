-- SPDX-License-Identifier: EUPL-1.2
-- Invented people and what they ask of the offices, for `make run`, made by the import as if they had confirmed long ago. Nobody gets mail.

-- Makes the persona unless the address has one already. Companies come with the service requests.
CREATE OR REPLACE FUNCTION import_persona(persona jsonb, dated timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  role   text := persona ->> 'role';
  person uuid;
  made   boolean := false;
BEGIN
  IF role = 'company' OR persona ->> 'email' IS NULL THEN
    RETURN false;
  END IF;
  PERFORM set_config('welcome.quiet', 'on', true);
  person := find_or_make_account(persona ->> 'email', CASE WHEN persona #>> '{languages,0,tag}' = 'de' THEN 'de' ELSE 'en' END);
  IF role = 'guide' THEN
    made := NOT EXISTS (SELECT FROM guide g WHERE g.account = person);
    PERFORM demo_guide(persona, person, dated) WHERE made;
  ELSIF role = 'newcomer' THEN
    made := NOT EXISTS (SELECT FROM guide_request r WHERE r.account = person);
    PERFORM demo_request(persona, person, dated) WHERE made;
  ELSE
    UPDATE account a SET display_name = persona ->> 'display_name' WHERE a.id = person;
    INSERT INTO staff_role (account, role, city) VALUES (person, persona ->> 'role', coalesce(nullif(persona ->> 'scope', 'all'), '*'))
        ON CONFLICT DO NOTHING;
    made := FOUND;
  END IF;
  RETURN made;
END
$$;

CREATE OR REPLACE FUNCTION demo_guide(persona jsonb, person uuid, dated timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  made uuid := uuid_v7();
BEGIN
  INSERT INTO guide (id, account, state, display_name, story, languages, cities, audiences, topics, capacity, neighbours, remote, listed,
                     consent_at, created_at, applied_at, decided_at)
  SELECT made, person, CASE WHEN (persona ->> 'active')::boolean IS FALSE THEN 'paused' ELSE 'active' END, persona ->> 'display_name',
         coalesce(persona ->> 'story', ''), persona -> 'languages', ARRAY[persona ->> 'city'],
         ARRAY(SELECT jsonb_array_elements_text(persona -> 'audiences')), ARRAY(SELECT jsonb_array_elements_text(persona -> 'topics')),
         (persona ->> 'capacity')::smallint, coalesce((persona ->> 'neighbours')::boolean, true),
         coalesce((persona ->> 'remote')::boolean, false), true, dated, dated, dated, dated;
  UPDATE guide_city c SET approved = true WHERE c.guide = made;
  PERFORM pg_notify('welcome', 'matching');
END
$$;

CREATE OR REPLACE FUNCTION demo_request(persona jsonb, person uuid, dated timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  INSERT INTO guide_request (id, account, state, display_name, languages, city, remote, neighbours, audience, topics, arrival_on, message,
                             consent_at, created_at, waiting_since, renewed_at)
  SELECT uuid_v7(), person, 'open', persona ->> 'display_name', persona -> 'languages', persona ->> 'city',
         coalesce((persona ->> 'remote')::boolean, false), coalesce((persona ->> 'neighbours')::boolean, true), persona ->> 'audience',
         ARRAY(SELECT jsonb_array_elements_text(persona -> 'topics')), (persona ->> 'arrival_on')::date, coalesce(persona ->> 'note', ''),
         dated, dated, dated, dated;
  PERFORM pg_notify('welcome', 'matching');
END
$$;

-- An active match between two of them, if the rules allow it; true when it was made.
CREATE OR REPLACE FUNCTION settle_demo(newcomer_email text, guide_email text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  pair record;
BEGIN
  SELECT r.id AS request, g.id AS guide INTO pair
    FROM guide_request r, guide g
   WHERE r.account = account_of(newcomer_email) AND r.state = 'open' AND g.account = account_of(guide_email);
  IF NOT FOUND OR EXISTS (SELECT FROM match m WHERE m.request = pair.request) THEN
    RETURN false;
  END IF;
  PERFORM set_config('welcome.quiet', 'on', true);
  PERFORM lock_requests(ARRAY[pair.request]);
  PERFORM lock_guides(ARRAY[pair.guide]);
  INSERT INTO proposal (id, request, guide, state) VALUES (uuid_v7(), pair.request, pair.guide, 'accepted');
  RETURN true;
END
$$;

-- A request that stands where its steps have brought it, so many hours ago each; unless that person has asked for that service already.
CREATE OR REPLACE FUNCTION demo_service_request(wanted jsonb) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  person uuid        := find_or_make_account(wanted ->> 'email', wanted #>> '{contact,language}');
  asked  timestamptz := clock() - make_interval(hours => (wanted ->> 'hours')::integer);
  made   uuid        := uuid_v7();
BEGIN
  IF EXISTS (SELECT FROM service_request r WHERE r.account = person AND r.service = wanted ->> 'service') THEN
    RETURN false;
  END IF;
  PERFORM set_config('welcome.quiet', 'on', true);
  INSERT INTO service_request (id, account, state, service, city, company_name, company_legal_status, company_size, company_industry,
                               contact_name, language, answers, message, consent_at, created_at, submitted_at)
  SELECT made, person, 'submitted', wanted ->> 'service', wanted ->> 'city', wanted #>> '{company,name}', wanted #>> '{company,legal_status}',
         wanted #>> '{company,size}', wanted #>> '{company,industry}', wanted #>> '{contact,name}', wanted #>> '{contact,language}',
         wanted -> 'answers', wanted ->> 'message', asked, asked, asked;
  PERFORM demo_service_steps(made, person, asked, wanted);
  RETURN true;
END
$$;

-- At the office that answers for it; the request follows the office.
CREATE OR REPLACE FUNCTION demo_service_steps(request uuid, person uuid, asked timestamptz, wanted jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  helper uuid  := account_of(wanted ->> 'advisor');
  steps  jsonb := (SELECT jsonb_object_agg(s ->> 'kind', clock() - make_interval(hours => (s ->> 'hours')::integer))
                     FROM jsonb_array_elements(wanted -> 'steps') s);
  made   uuid  := uuid_v7();
BEGIN
  INSERT INTO service_request_office (id, request, requester_account, service, city, office, state, outcome, note, advisor, submitted_at,
                                      acknowledged_at, assigned_at, waiting_since, resolved_at, acknowledge_due_at, resolve_due_at, minutes_left)
  SELECT made, demo_service_steps.request, person, wanted ->> 'service', f.city, f.office, wanted ->> 'state', wanted ->> 'outcome',
         wanted #>> '{steps,-1,text}', CASE WHEN steps ? 'assigned' THEN helper END, asked, (steps ->> 'acknowledged')::timestamptz, (steps ->> 'assigned')::timestamptz,
         (steps ->> 'waiting')::timestamptz, (steps ->> 'resolved')::timestamptz,
         business_time_after(f.city, f.office, asked, 60 * t.acknowledge), d.due,
         CASE WHEN steps ? 'waiting' THEN business_minutes_between(f.city, f.office, (steps ->> 'waiting')::timestamptz, d.due) END
    FROM office_for(wanted ->> 'service', wanted ->> 'city') f,
         service_targets(wanted ->> 'service', f.city, f.office) t,
         business_time_after(f.city, f.office, asked, 60 * t.resolve) AS d(due);
  UPDATE service_request r
     SET handled_by = ARRAY[o.city], resolved_at = o.resolved_at
    FROM service_request_office o
   WHERE o.id = made AND r.id = o.request;
  INSERT INTO service_event (id, request, office_row, at, kind, public, by, actor, text, detail)
  SELECT uuid_v7(), demo_service_steps.request, made, clock() - make_interval(hours => (s.step ->> 'hours')::integer), s.step ->> 'kind', true,
         s.step ->> 'by', CASE s.step ->> 'by' WHEN 'staff' THEN helper ELSE person END, s.step ->> 'text',
         CASE WHEN s.step ->> 'kind' = 'resolved' THEN jsonb_build_object('outcome', wanted ->> 'outcome') ELSE '{}' END
    FROM jsonb_array_elements(jsonb_build_array(jsonb_build_object('kind', 'submitted', 'by', 'requester', 'hours', wanted -> 'hours'))
                              || (wanted -> 'steps')) WITH ORDINALITY AS s(step, place)
   ORDER BY s.place;
END
$$;
