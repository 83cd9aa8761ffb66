-- SPDX-License-Identifier: EUPL-1.2
-- Invented people for `make run`, made by the import as if they had confirmed long ago. Nobody gets mail.

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
