-- SPDX-License-Identifier: EUPL-1.2
-- Signing in through the organisation's provider: what was begun, and whom a verified address lets in.

CREATE OR REPLACE FUNCTION begin_oidc_sign_in(state_hash bytea) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS
$$ INSERT INTO oidc_sign_in (state_hash, expires_at) VALUES ($1, clock() + interval '10 minutes') $$;

-- Once: true, or false when it is too old, NULL when nobody began it.
CREATE OR REPLACE FUNCTION take_oidc_sign_in(state_hash bytea) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  alive boolean;
BEGIN
  DELETE FROM oidc_sign_in o WHERE o.state_hash = $1 RETURNING o.expires_at > clock() INTO alive;
  RETURN alive;
END
$$;

-- Only who is of staff here already; nothing is made. verified: the provider's sign-in counts as the second factor.
CREATE OR REPLACE FUNCTION open_staff_session(email text, session_token_hash bytea, verified boolean)
RETURNS TABLE (session uuid, expires_at timestamptz, account uuid, email_known text, language text, roles text[], cities text[],
               subject_kind text, subject_id uuid, subject_state text, second_factor text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  person uuid := account_of(open_staff_session.email);
BEGIN
  PERFORM require(EXISTS (SELECT FROM staff_role r WHERE r.account = person), 'forbidden');
  RETURN QUERY SELECT * FROM start_session(session_token_hash, person, NULL, NULL, false, verified);
END
$$;
