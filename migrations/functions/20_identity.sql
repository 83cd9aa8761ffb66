-- SPDX-License-Identifier: EUPL-1.2
-- Who asks: authenticate() writes transaction-local settings, the small functions read them, policies call those as (SELECT me()).
-- After a transaction-local set_config a setting is '', not NULL; hence the nullif.

CREATE OR REPLACE FUNCTION me() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('welcome.account', true), '')::uuid $$;

CREATE OR REPLACE FUNCTION my_guide() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('welcome.guide', true), '')::uuid $$;

-- Cities whose people I see as a coordinator; '*' among them when I am one for all.
CREATE OR REPLACE FUNCTION my_cities() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(nullif(current_setting('welcome.cities', true), ''), '{}')::text[] $$;

-- Desks whose texts I write as an editor; '*', the region's, among them when I am one for all.
CREATE OR REPLACE FUNCTION my_desks() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(nullif(current_setting('welcome.desks', true), ''), '{}')::text[] $$;

-- Cities whose service requests I answer as an advisor; '*', the region's, among them when I am one for all.
CREATE OR REPLACE FUNCTION my_advised() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(nullif(current_setting('welcome.advised', true), ''), '{}')::text[] $$;

CREATE OR REPLACE FUNCTION my_roles() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(nullif(current_setting('welcome.roles', true), ''), '{}')::text[] $$;

CREATE OR REPLACE FUNCTION is_admin() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(current_setting('welcome.admin', true), '') = 'on' $$;

CREATE OR REPLACE FUNCTION my_session() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('welcome.session', true), '')::uuid $$;

-- The request (of a guide or a service) a task session is confined to; NULL for a full session.
CREATE OR REPLACE FUNCTION task() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('welcome.task', true), '')::uuid $$;

-- The row this request makes: its maker may read it.
CREATE OR REPLACE FUNCTION subject() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('welcome.subject', true), '')::uuid $$;

CREATE OR REPLACE FUNCTION subject(id uuid) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM set_config('welcome.subject', id::text, true);
END
$$;

-- A task session carries no staff power and opens one thing only; nor does a session whose second factor is still missing. Called by every request of a person: what most people have not
-- (roles) is not looked for.
CREATE OR REPLACE FUNCTION authenticate(token_hash bytea, tasks text[], thing uuid) RETURNS TABLE (session uuid, extend boolean, account uuid, staff boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  who     record;
  powers  boolean;
  roles   text[];
  cities  text[];
  desks   text[];
  advised text[];
BEGIN
  SELECT s.id, s.account, s.kind, s.thing, s.request, s.expires_at,
         EXISTS (SELECT FROM staff_role r WHERE r.account = s.account) AS holds_role, s.verified_at,
         (SELECT g.id FROM guide g WHERE g.account = s.account ORDER BY g.state IN ('rejected', 'left'), g.id DESC LIMIT 1) AS guide
    INTO who
    FROM session s
   WHERE s.token_hash = authenticate.token_hash AND s.expires_at > clock();
  IF NOT FOUND THEN
    PERFORM problem('unauthenticated');
  ELSIF who.kind IS NOT NULL AND who.kind <> ALL (coalesce(tasks, '{}')) THEN
    PERFORM problem('forbidden');
  ELSIF who.kind IS NOT NULL AND who.thing <> authenticate.thing THEN -- a NULL thing: signing out, which is about no thing
    PERFORM problem('not_found');
  END IF;
  powers := who.holds_role AND who.kind IS NULL AND (who.verified_at IS NOT NULL OR second_factor_stage(who.account) IS NULL);
  IF powers THEN
    SELECT array_agg(DISTINCT r.role), array_agg(r.city) FILTER (WHERE r.role = 'coordinator'),
           array_agg(r.city) FILTER (WHERE r.role = 'editor'), array_agg(r.city) FILTER (WHERE r.role = 'advisor')
      INTO roles, cities, desks, advised
      FROM staff_role r WHERE r.account = who.account;
    IF '*' = ANY (cities) THEN
      cities := (SELECT array_agg(c.slug) FROM city c) || ARRAY['*'];
      roles := roles || ARRAY['coordinator_for_all'];
    END IF;
    IF '*' = ANY (desks) THEN
      desks := (SELECT array_agg(c.slug) FROM city c) || ARRAY['*'];
    END IF;
    IF '*' = ANY (advised) THEN
      advised := (SELECT array_agg(c.slug) FROM city c) || ARRAY['*'];
    END IF;
  END IF;
  PERFORM set_config('welcome.account', who.account::text, true),
          set_config('welcome.session', who.id::text, true),
          set_config('welcome.guide', coalesce(who.guide::text, ''), true),
          set_config('welcome.task', coalesce(who.request::text, ''), true),
          set_config('welcome.roles', coalesce(roles::text, ''), true),
          set_config('welcome.cities', coalesce(cities::text, ''), true),
          set_config('welcome.desks', coalesce(desks::text, ''), true),
          set_config('welcome.advised', coalesce(advised::text, ''), true),
          set_config('welcome.admin', CASE WHEN 'admin' = ANY (roles) THEN 'on' ELSE '' END, true);
  session := who.id;
  account := who.account;
  staff := powers;
  extend := who.kind IS NULL AND who.expires_at < clock() + CASE WHEN who.holds_role THEN interval '11 hours' ELSE interval '29 days' END;
  RETURN NEXT;
END
$$;

CREATE OR REPLACE FUNCTION need(roles text[]) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF NOT (roles && my_roles() OR ('guide' = ANY (roles) AND my_guide() IS NOT NULL)) THEN
    PERFORM problem('forbidden');
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION setting_secret() RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS
$$ SELECT value FROM secret WHERE name = 'cursor' $$;

-- A full session slides: 30 days, 12 hours for staff; written at most once a day (staff: once an hour).
CREATE OR REPLACE FUNCTION session_lifetime(account uuid) RETURNS interval
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT CASE WHEN EXISTS (SELECT FROM staff_role r WHERE r.account = $1) THEN interval '12 hours' ELSE interval '30 days' END
$$;

CREATE OR REPLACE FUNCTION extend_sessions(sessions uuid[]) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  extended integer;
BEGIN
  UPDATE session s SET expires_at = clock() + session_lifetime(s.account)
   WHERE s.id = ANY (sessions) AND s.kind IS NULL AND s.expires_at > clock();
  GET DIAGNOSTICS extended = ROW_COUNT;
  RETURN extended;
END
$$;

CREATE OR REPLACE FUNCTION close_session() RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS
$$ DELETE FROM session WHERE id = my_session() $$;
