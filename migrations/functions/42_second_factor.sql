-- SPDX-License-Identifier: EUPL-1.2
-- The second factor of staff. Codes are computed in the program, which alone can read the secret; here they are counted, used once, and
-- decide what a session may do.

-- What keeps somebody of staff from their roles: 'second_factor' (a code), 'enrolment' (there is no factor and must be), NULL: nothing.
-- The daemon says by a setting of its connections whether there must be.
CREATE OR REPLACE FUNCTION second_factor_stage(account uuid) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM second_factor f WHERE f.account = $1 AND f.confirmed_at IS NOT NULL) THEN
    RETURN 'second_factor';
  ELSIF current_setting('welcome.second_factor', true) = 'required' AND EXISTS (SELECT FROM staff_role r WHERE r.account = $1) THEN
    RETURN 'enrolment';
  END IF;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION refuse_wrong_code() RETURNS void LANGUAGE sql VOLATILE AS
$$ SELECT problem('validation_failed', '[{"pointer":"/code","code":"wrong_code"}]') $$;

-- A factor that is not confirmed yet gives way to a new one, and counts its attempts on.
CREATE OR REPLACE FUNCTION enrol_second_factor(sealed bytea) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM require(EXISTS (SELECT FROM staff_role r WHERE r.account = me()), 'forbidden');
  INSERT INTO second_factor AS f (account, sealed) VALUES (me(), enrol_second_factor.sealed)
      ON CONFLICT (account) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at, last_step = 0
   WHERE f.confirmed_at IS NULL;
  PERFORM require(FOUND, 'conflict_state');
END
$$;

-- Counts an attempt, before anybody knows whether it is right: the caller commits, then looks. Five, then a quarter of an hour's rest.
CREATE OR REPLACE FUNCTION try_second_factor(confirmed boolean) RETURNS TABLE (sealed bytea, last_step bigint, seconds bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  f second_factor;
BEGIN
  SELECT * INTO f FROM second_factor x WHERE x.account = me() AND (x.confirmed_at IS NOT NULL) = confirmed FOR UPDATE;
  PERFORM require(FOUND, 'conflict_state');
  IF f.blocked_until > clock() THEN
    PERFORM problem('rate_limited', jsonb_build_array(jsonb_build_object(
              'pointer', '/code', 'code', 'too_many_codes', 'limit', ceil(extract(epoch FROM f.blocked_until - clock()))::text)));
  END IF;
  UPDATE second_factor x
     SET attempts = CASE WHEN f.attempts >= 4 THEN 0 ELSE f.attempts + 1 END,
         blocked_until = CASE WHEN f.attempts >= 4 THEN clock() + interval '15 minutes' END
   WHERE x.account = f.account;
  RETURN QUERY SELECT f.sealed, f.last_step, extract(epoch FROM clock())::bigint;
END
$$;

-- A right code: a step later than any before, or a recovery code that was not used.
CREATE OR REPLACE FUNCTION use_second_factor(step bigint, recovery bytea) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM FROM second_factor f WHERE f.account = me() FOR UPDATE;
  IF recovery IS NOT NULL THEN
    UPDATE recovery_code c SET used_at = clock() WHERE c.account = me() AND c.hash = recovery AND c.used_at IS NULL;
    IF NOT FOUND THEN
      PERFORM refuse_wrong_code();
    END IF;
    PERFORM record('recovery_code_used', 'account', me(), NULL);
  END IF;
  UPDATE second_factor f SET attempts = 0, blocked_until = NULL, last_step = coalesce(step, f.last_step)
   WHERE f.account = me() AND (step IS NULL OR f.last_step < step);
  IF NOT FOUND THEN
    PERFORM refuse_wrong_code();
  END IF;
END
$$;

-- This session has the factor from now on: a full one.
CREATE OR REPLACE FUNCTION verify_session() RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  UPDATE session s
     SET kind = NULL, thing = NULL, request = NULL, verified_at = clock(),
         expires_at = CASE WHEN s.kind IS NULL THEN s.expires_at ELSE clock() + session_lifetime(s.account) END
   WHERE s.id = my_session();
$$;

CREATE OR REPLACE FUNCTION pass_second_factor(step bigint, recovery bytea) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM require(EXISTS (SELECT FROM second_factor f WHERE f.account = me() AND f.confirmed_at IS NOT NULL), 'conflict_state');
  PERFORM use_second_factor(step, recovery);
  PERFORM verify_session();
END
$$;

-- The first right code. Other sessions of the account end: they never gave one.
CREATE OR REPLACE FUNCTION confirm_second_factor(step bigint, recovery text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM use_second_factor(step, NULL);
  UPDATE second_factor f SET confirmed_at = clock() WHERE f.account = me() AND f.confirmed_at IS NULL;
  PERFORM require(FOUND, 'conflict_state');
  INSERT INTO recovery_code (account, hash) SELECT me(), decode(code, 'hex') FROM unnest(recovery) AS code;
  PERFORM verify_session();
  DELETE FROM session s WHERE s.account = me() AND s.id <> my_session() AND (s.kind IS NULL OR s.kind IN ('second_factor', 'enrolment'));
  PERFORM record('second_factor_added', 'account', me(), NULL);
END
$$;

CREATE OR REPLACE FUNCTION remove_second_factor(step bigint, recovery bytea) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM require(EXISTS (SELECT FROM second_factor f WHERE f.account = me() AND f.confirmed_at IS NOT NULL), 'conflict_state');
  PERFORM use_second_factor(step, recovery);
  DELETE FROM second_factor f WHERE f.account = me();
  UPDATE session s SET verified_at = NULL WHERE s.account = me();
  PERFORM record('second_factor_removed', 'account', me(), NULL);
END
$$;

-- Somebody lost theirs. Whoever asked was recognised by an admin; whoever did not learns of it by mail.
CREATE OR REPLACE FUNCTION drop_second_factor(account uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  DELETE FROM second_factor f WHERE f.account = $1;
  PERFORM require(FOUND, 'conflict_state');
  DELETE FROM session s WHERE s.account = $1;
  PERFORM record('second_factor_reset', 'account', $1, NULL), mail('second_factor_reset', $1, 'account', $1);
END
$$;

-- One's own is removed with a code of it.
CREATE OR REPLACE FUNCTION reset_second_factor(account uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  PERFORM require(is_admin(), 'forbidden');
  PERFORM require(EXISTS (SELECT FROM staff_role r WHERE r.account = $1), 'not_found');
  PERFORM require($1 <> me(), 'conflict_state');
  PERFORM drop_second_factor($1);
END
$$;

-- For the command line: false when there is none.
CREATE OR REPLACE FUNCTION reset_second_factor_of(email text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  person uuid := account_of(email);
BEGIN
  IF NOT EXISTS (SELECT FROM second_factor f WHERE f.account = person) THEN
    RETURN false;
  END IF;
  PERFORM drop_second_factor(person);
  RETURN true;
END
$$;

-- Of the caller's own factor.
CREATE OR REPLACE FUNCTION second_factor_told() RETURNS TABLE (state text, required boolean, added_at timestamptz, recovery_codes_left bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT CASE WHEN f.account IS NULL THEN 'none' WHEN f.confirmed_at IS NULL THEN 'pending' ELSE 'active' END,
         coalesce(current_setting('welcome.second_factor', true) = 'required', false)
           AND EXISTS (SELECT FROM staff_role r WHERE r.account = me()),
         f.confirmed_at,
         (SELECT count(*) FROM recovery_code c WHERE c.account = me() AND c.used_at IS NULL)
    FROM (SELECT me() AS me) m LEFT JOIN second_factor f ON f.account = m.me
$$;

-- What the caller's session is now, as start_session() tells it; settings still say what it was when the request began.
CREATE OR REPLACE FUNCTION session_told()
RETURNS TABLE (expires_at timestamptz, account uuid, email text, language text, roles text[], cities text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT s.expires_at, a.id, a.email, a.language,
         ARRAY(SELECT DISTINCT r.role FROM staff_role r WHERE r.account = a.id ORDER BY 1)
         || ARRAY(SELECT 'guide' FROM guide g WHERE g.account = a.id AND g.state NOT IN ('rejected', 'left')), cities_of_staff(a.id)
    FROM session s JOIN account a ON a.id = s.account WHERE s.id = my_session()
$$;
