-- SPDX-License-Identifier: EUPL-1.2
-- From an address to a session: anonymous statements write the thing and what waits for its confirmation, never an account.

-- Puts a mail to an account into the outbox, in its language; to nobody who is just being erased, for whom it waits. The import of demo data is quiet; the daemon's role cannot ask for that.
CREATE OR REPLACE FUNCTION mail(template text, account uuid, subject_kind text, subject_id uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  IF account IS NULL OR (session_user <> 'welcome' AND current_setting('welcome.quiet', true) = 'on') THEN
    RETURN;
  END IF;
  INSERT INTO outbox (id, template, account, language, subject_kind, subject_id)
  SELECT uuid_v7(), mail.template, a.id, mail_language_of(a.language), mail.subject_kind, mail.subject_id
    FROM account a WHERE a.id = mail.account
     FOR KEY SHARE;
END
$$;

-- The same to an address that is no account's, like an office's.
CREATE OR REPLACE FUNCTION mail_address(template text, address text, language text, subject_kind text, subject_id uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  IF session_user <> 'welcome' AND current_setting('welcome.quiet', true) = 'on' THEN
    RETURN;
  END IF;
  INSERT INTO outbox (id, template, address, language, subject_kind, subject_id)
  VALUES (uuid_v7(), mail_address.template, btrim(mail_address.address), mail_language_of(mail_address.language), mail_address.subject_kind,
          mail_address.subject_id);
END
$$;

-- The owner of the address is asked, in the language of the form; only the maker of the thing can cause it (the account itself for a
-- new address).
CREATE OR REPLACE FUNCTION await_confirmation(kind text, thing uuid, address text, language text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM require(thing = CASE WHEN kind = 'account' THEN me() ELSE subject() END, 'not_found');
  INSERT INTO confirmation (subject_kind, subject_id, address, language, expires_at)
  VALUES (kind, thing, btrim(address), await_confirmation.language, clock() + interval '7 days')
      ON CONFLICT (subject_kind, subject_id) DO UPDATE SET address = excluded.address, expires_at = excluded.expires_at;
  INSERT INTO outbox (id, template, address, language, subject_kind, subject_id)
  VALUES (uuid_v7(), CASE kind WHEN 'account' THEN 'confirm_address' ELSE 'confirm_' || kind END, btrim(address),
          mail_language_of(language), kind, thing);
END
$$;

-- The same two statements for known and unknown addresses; the mailer finds out.
CREATE OR REPLACE FUNCTION request_sign_in(address text, language text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  INSERT INTO outbox (id, template, address, language)
  VALUES (uuid_v7(), 'sign_in', btrim(address), mail_language_of(language));
END
$$;

CREATE OR REPLACE FUNCTION account_of(address text) RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (SELECT id FROM account WHERE lower(email) = lower(btrim(address)));
END
$$;

-- Made anew where the one that was there is just being erased.
CREATE OR REPLACE FUNCTION find_or_make_account(address text, language text) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  found_id uuid;
BEGIN
  WHILE found_id IS NULL LOOP
    INSERT INTO account (id, email, language) VALUES (uuid_v7(), btrim(address), language) ON CONFLICT DO NOTHING;
    SELECT a.id INTO found_id FROM account a WHERE lower(a.email) = lower(btrim(address)) FOR KEY SHARE;
  END LOOP;
  RETURN found_id;
END
$$;

-- Would confirming this be a second profile, or a second request that is not closed?
CREATE OR REPLACE FUNCTION is_duplicate(kind text, account uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (
    SELECT CASE kind
           WHEN 'guide' THEN EXISTS (SELECT FROM guide g WHERE g.account = $2 AND g.state NOT IN ('rejected', 'left'))
           WHEN 'guide_request' THEN EXISTS (SELECT FROM guide_request r WHERE r.account = $2 AND r.state <> 'closed')
           ELSE false END);
END
$$;

-- A rejected person may apply again after six months.
CREATE OR REPLACE FUNCTION is_too_early(kind text, account uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN kind = 'guide' AND EXISTS (SELECT FROM guide g WHERE g.account = $2 AND g.state = 'rejected'
                                       AND g.decided_at > clock() - interval '6 months');
END
$$;

-- A request whose match did not work out: by the newcomer, for 14 days.
CREATE OR REPLACE FUNCTION may_reopen(request uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (
    SELECT EXISTS (SELECT FROM guide_request r
                    WHERE r.id = $1 AND r.consent_withdrawn_at IS NULL AND r.closed_as = 'withdrawn' AND r.closed_at > clock() - interval '14 days'
                      AND EXISTS (SELECT FROM match m WHERE m.request = r.id)));
END
$$;

-- State of a thing that tokens speak of, the request it belongs to, and whether a mailed task is still one: a service request is for as
-- long as it can be rated and reopened.
CREATE OR REPLACE FUNCTION thing_of(kind text, id uuid) RETURNS TABLE (state text, request uuid, alive boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT p.state, p.request, p.expires_at > clock() FROM proposal p WHERE kind = 'proposal' AND p.id = $2
  UNION ALL
  SELECT m.state, m.request, m.state = 'active' FROM match m WHERE kind = 'match' AND m.id = $2
  UNION ALL
  SELECT r.state, r.id, r.state <> 'closed' OR may_reopen(r.id) FROM guide_request r WHERE kind = 'guide_request' AND r.id = $2
  UNION ALL
  SELECT s.state, s.id, s.closed_at IS NULL OR s.closed_at > clock() - interval '60 days'
    FROM service_request s WHERE kind = 'service_request' AND s.id = $2
  UNION ALL
  SELECT g.state, NULL, true FROM guide g WHERE kind = 'guide' AND g.id = $2
$$;

-- Makes the session and tells about it; kind is NULL for a full one. verified: the second factor was given elsewhere. second_factor: what
-- is still missing.
CREATE OR REPLACE FUNCTION start_session(session_token_hash bytea, account uuid, kind text, thing uuid, task boolean, verified boolean)
RETURNS TABLE (session uuid, expires_at timestamptz, account_id uuid, email text, language text, roles text[], cities text[],
               subject_kind text, subject_id uuid, subject_state text, second_factor text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  about record;
  stage text := CASE WHEN NOT task AND NOT verified THEN second_factor_stage(account) END;
BEGIN
  SELECT * INTO about FROM thing_of(kind, thing);
  session := uuid_v7();
  expires_at := clock() + CASE WHEN task THEN interval '24 hours' WHEN stage IS NOT NULL THEN interval '30 minutes'
                               ELSE session_lifetime(account) END;
  INSERT INTO session (id, token_hash, account, kind, thing, request, verified_at, expires_at)
  SELECT start_session.session, session_token_hash, start_session.account, t.kind, t.thing, t.request,
         CASE WHEN verified THEN clock() END, start_session.expires_at
    FROM (SELECT CASE WHEN task THEN start_session.kind ELSE stage END,
                 CASE WHEN task THEN start_session.thing WHEN stage IS NOT NULL THEN start_session.account END,
                 CASE WHEN task THEN about.request WHEN stage IS NOT NULL THEN start_session.account END) AS t(kind, thing, request);
  SELECT a.id, a.email, a.language INTO account_id, email, language FROM account a WHERE a.id = start_session.account;
  second_factor := CASE stage WHEN 'second_factor' THEN 'code' ELSE stage END;
  IF task OR stage IS NOT NULL THEN
    roles := '{}';
    cities := '{}';
  ELSE
    roles := ARRAY(SELECT DISTINCT r.role FROM staff_role r WHERE r.account = start_session.account ORDER BY 1)
             || ARRAY(SELECT 'guide' FROM guide g WHERE g.account = start_session.account AND g.state NOT IN ('rejected', 'left'));
    cities := cities_of_staff(start_session.account);
  END IF;
  subject_kind := kind;
  subject_id := thing;
  subject_state := about.state;
  RETURN NEXT;
END
$$;

-- Proves the address, does what was asked, opens a full session. Once.
CREATE OR REPLACE FUNCTION confirm_token(token_hash bytea, session_token_hash bytea)
RETURNS TABLE (session uuid, expires_at timestamptz, account uuid, email text, language text, roles text[], cities text[],
               subject_kind text, subject_id uuid, subject_state text, second_factor text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  token   login_token;
  waiting confirmation;
  person  uuid;
BEGIN
  SELECT * INTO token FROM login_token t WHERE t.token_hash = confirm_token.token_hash AND t.kind = 'confirm' FOR UPDATE;
  IF NOT FOUND THEN
    PERFORM problem('token_unknown');
  ELSIF token.used_at IS NOT NULL THEN
    PERFORM problem('token_used');
  ELSIF token.expires_at <= clock() THEN
    PERFORM problem('token_expired');
  END IF;
  DELETE FROM confirmation c
   WHERE c.subject_kind = token.subject_kind AND c.subject_id = token.subject_id AND lower(c.address) = lower(token.address)
  RETURNING * INTO waiting;
  IF NOT FOUND THEN -- done through another mail
    PERFORM problem('token_used');
  END IF;
  UPDATE login_token t SET used_at = clock() WHERE t.token_hash = confirm_token.token_hash;
  IF waiting.subject_kind = 'account' THEN
    person := waiting.subject_id;
  ELSE
    person := find_or_make_account(waiting.address, waiting.language);
  END IF;
  PERFORM do_confirmed(waiting.subject_kind, waiting.subject_id, person, waiting.address);
  RETURN QUERY SELECT * FROM start_session(session_token_hash, person, waiting.subject_kind, waiting.subject_id, false, false);
END
$$;

CREATE OR REPLACE FUNCTION do_confirmed(kind text, thing uuid, person uuid, address text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM require(NOT is_duplicate(kind, person), 'duplicate');
  PERFORM require(NOT is_too_early(kind, person), 'conflict_state');
  IF kind IN ('guide', 'guide_request') THEN
    PERFORM refuse_barred(person, address);
  END IF;
  IF kind = 'account' THEN
    PERFORM bar_new_address(thing, address);
    UPDATE account SET email = do_confirmed.address WHERE id = thing;
  ELSIF kind = 'guide' THEN
    UPDATE guide SET account = person, state = 'applied' WHERE id = thing AND state = 'unverified';
  ELSIF kind = 'service_request' THEN
    PERFORM submit_service_request(thing, person);
  ELSE
    UPDATE guide_request SET account = person, state = 'open' WHERE id = thing AND state = 'unverified';
  END IF;
EXCEPTION WHEN unique_violation THEN -- somebody was faster
  PERFORM problem('duplicate');
END
$$;

-- A sign-in link works once for 15 minutes; the link of a task mail until its thing is closed, and opens only that thing.
CREATE OR REPLACE FUNCTION open_session(token_hash bytea, session_token_hash bytea)
RETURNS TABLE (session uuid, expires_at timestamptz, account uuid, email text, language text, roles text[], cities text[],
               subject_kind text, subject_id uuid, subject_state text, second_factor text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  token  login_token;
  person uuid;
BEGIN
  SELECT * INTO token FROM login_token t WHERE t.token_hash = open_session.token_hash AND t.kind IN ('sign_in', 'task') FOR UPDATE;
  SELECT a.id INTO person FROM account a WHERE a.id = coalesce(token.account, account_of(token.address)) FOR KEY SHARE;
  IF person IS NULL THEN
    PERFORM problem('token_unknown');
  ELSIF token.used_at IS NOT NULL THEN
    PERFORM problem('token_used');
  ELSIF token.expires_at <= clock()
     OR token.kind = 'task' AND (SELECT t.alive FROM thing_of(token.subject_kind, token.subject_id) t) IS NOT TRUE THEN
    PERFORM problem('token_expired');
  END IF;
  IF token.kind = 'sign_in' THEN
    UPDATE login_token t SET used_at = clock() WHERE t.token_hash = open_session.token_hash;
  END IF;
  RETURN QUERY SELECT * FROM start_session(session_token_hash, person, token.subject_kind, token.subject_id, token.kind = 'task', false);
END
$$;

-- [{"role","city"}] of the account itself or, for an admin, of anybody.
CREATE OR REPLACE FUNCTION roles_of(account uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('role', r.role, 'city', r.city) ORDER BY r.role, r.city), '[]')
    FROM staff_role r WHERE r.account = $1 AND (r.account = me() OR is_admin())
$$;

-- Every city in which an account holds any staff role, '*' expanded.
CREATE OR REPLACE FUNCTION cities_of_staff(account uuid) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN (
    SELECT coalesce(array_agg(c.slug ORDER BY c.slug), '{}')
      FROM city c WHERE EXISTS (SELECT FROM staff_role r WHERE r.account = $1 AND r.city IN (c.slug, '*')));
END
$$;

CREATE OR REPLACE FUNCTION staff_cities() RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS
$$ SELECT CASE WHEN task() IS NULL THEN cities_of_staff(me()) ELSE '{}' END $$;

-- First where an admin may cease to be one: two who do so at once would each leave the other.
CREATE OR REPLACE FUNCTION lock_admins() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM FROM staff_role r WHERE r.role = 'admin' ORDER BY r.account FOR UPDATE;
END
$$;

-- Replaces all roles of an account by [{"role","city"}]; the last admin stays.
CREATE OR REPLACE FUNCTION set_roles(account uuid, roles jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM require(is_admin(), 'forbidden');
  PERFORM lock_admins();
  PERFORM FROM account a WHERE a.id = set_roles.account FOR NO KEY UPDATE;
  PERFORM require(FOUND, 'not_found');
  DELETE FROM staff_role r WHERE r.account = set_roles.account;
  INSERT INTO staff_role (account, role, city)
  SELECT DISTINCT set_roles.account, x ->> 'role', x ->> 'city' FROM jsonb_array_elements(roles) AS x;
  PERFORM require(EXISTS (SELECT FROM staff_role r WHERE r.role = 'admin'), 'conflict_state');
  PERFORM record('set_roles', 'account', set_roles.account, NULL, jsonb_build_object('roles', roles));
END
$$;

-- An account of that address that is there already gets the roles and keeps its id.
CREATE OR REPLACE FUNCTION create_account(id uuid, email text, language text, display_name text, roles jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM require(is_admin(), 'forbidden');
  INSERT INTO account (id, email, language, display_name)
  VALUES (create_account.id, btrim(create_account.email), create_account.language, create_account.display_name)
      ON CONFLICT (lower(email)) DO UPDATE SET display_name = coalesce(excluded.display_name, account.display_name);
  PERFORM set_roles(account_of(create_account.email), create_account.roles);
END
$$;

-- For the command line and the import: idempotent, makes the account if there is none.
CREATE OR REPLACE FUNCTION grant_role(email text, role text, city text, language text DEFAULT 'de') RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  person uuid := find_or_make_account(email, language);
BEGIN
  INSERT INTO staff_role (account, role, city) VALUES (person, grant_role.role, grant_role.city) ON CONFLICT DO NOTHING;
  RETURN person;
END
$$;

-- Who becomes staff keeps no session longer than staff have.
CREATE OR REPLACE FUNCTION staff_role_granted() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  UPDATE session s SET expires_at = clock() + interval '12 hours'
   WHERE s.account = NEW.account AND s.kind IS NULL AND s.expires_at > clock() + interval '12 hours';
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER granted AFTER INSERT ON staff_role FOR EACH ROW EXECUTE FUNCTION staff_role_granted();
