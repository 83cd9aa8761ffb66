-- SPDX-License-Identifier: EUPL-1.2
-- A request sent again makes nothing again, and no address gets more mails than it may. Called by the core in the segment of the request:
-- what is refused later leaves no trace.

-- First comes first served, for 24 hours. Who comes while the first is at work is told so and holds up nobody. WR001 tells the core
-- what the first one made and when; the lock falls only after that can be seen.
CREATE OR REPLACE FUNCTION claim(name bytea, body bytea, thing uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
#variable_conflict use_column
DECLARE
  whole bytea := sha256(claim.name || convert_to(coalesce(me()::text, ''), 'UTF8'));
  known claim;
BEGIN
  PERFORM require(pg_try_advisory_xact_lock(('x' || encode(substr(whole, 1, 8), 'hex'))::bit(64)::bigint), 'idempotency_in_flight');
  SELECT * INTO known FROM claim c WHERE c.name = whole AND c.claimed_at > clock() - interval '24 hours';
  IF NOT FOUND THEN
    INSERT INTO claim (name, body, thing) VALUES (whole, claim.body, claim.thing)
        ON CONFLICT (name) DO UPDATE SET body = excluded.body, thing = excluded.thing, claimed_at = excluded.claimed_at;
  ELSIF known.body <> claim.body THEN
    PERFORM problem('idempotency_mismatch');
  ELSE
    RAISE EXCEPTION USING ERRCODE = 'WR001', MESSAGE = known.thing::text, DETAIL = known.claimed_at::text;
  END IF;
END
$$;

-- What the first request made is the subject of the one that repeats it.
CREATE OR REPLACE FUNCTION recall(thing uuid, claimed_at timestamptz) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM subject(thing), set_config('welcome.claimed_at', claimed_at::text, true);
END
$$;

-- Now, or when the request that this one repeats was answered first.
CREATE OR REPLACE FUNCTION claimed_at() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(nullif(current_setting('welcome.claimed_at', true), '')::timestamptz, clock()) $$;

CREATE OR REPLACE FUNCTION clean_claims() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  cleaned integer;
BEGIN
  DELETE FROM claim c
   WHERE c.name IN (SELECT x.name FROM claim x WHERE x.claimed_at <= clock() - interval '24 hours' LIMIT 1000);
  GET DIAGNOSTICS cleaned = ROW_COUNT;
  RETURN cleaned;
END
$$;

-- One mailbox under its many names: case, blanks and what stands behind + do not count, dots not where the provider ignores them.
CREATE OR REPLACE FUNCTION mailbox_of(address text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p.domain IN ('gmail.com', 'googlemail.com') THEN replace(p.name, '.', '') || '@gmail.com' ELSE p.name || '@' || p.domain END
    FROM (SELECT split_part(split_part(lower(btrim(address)), '@', 1), '+', 1), split_part(lower(btrim(address)), '@', 2)) AS p(name, domain)
$$;

-- At most so many in any span of so many seconds, for known and unknown addresses alike. Who is over it is refused without a lock.
CREATE OR REPLACE FUNCTION limit_address(kind text, address text, pointer text, quota integer, seconds integer) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
#variable_conflict use_column
DECLARE
  whole bytea := sha256(setting_secret() || convert_to(limit_address.kind || ' ' || mailbox_of(limit_address.address), 'UTF8'));
  since timestamptz := clock() - make_interval(secs => limit_address.seconds);
  last  timestamptz[];
BEGIN
  SELECT u.moments INTO last FROM address_use u WHERE u.name = whole;
  IF last[cardinality(last) - limit_address.quota + 1] > since THEN
    PERFORM refuse_address(last[cardinality(last) - limit_address.quota + 1] - since, limit_address.pointer, limit_address.quota);
  END IF;
  INSERT INTO address_use AS u (name, moments, spent)
  VALUES (whole, ARRAY[clock()], clock() + make_interval(secs => limit_address.seconds))
      ON CONFLICT (name) DO UPDATE
     SET moments = (SELECT array_agg(m ORDER BY m) FROM unnest(u.moments || excluded.moments) AS m WHERE m > since), spent = excluded.spent
   WHERE (SELECT count(*) FROM unnest(u.moments) AS m WHERE m > since) < limit_address.quota;
  IF NOT FOUND THEN -- others were faster
    SELECT u.moments INTO last FROM address_use u WHERE u.name = whole;
    PERFORM refuse_address(last[cardinality(last) - limit_address.quota + 1] - since, limit_address.pointer, limit_address.quota);
  END IF;
END
$$;

-- The core reads the seconds to wait from the hint.
CREATE OR REPLACE FUNCTION refuse_address(wait interval, pointer text, quota integer) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'WR000', MESSAGE = 'rate_limited', HINT = greatest(1, ceil(extract(epoch FROM wait)))::text,
    DETAIL = jsonb_build_array(jsonb_build_object('pointer', pointer, 'code', 'address_limit', 'limit', quota::text))::text;
END
$$;

CREATE OR REPLACE FUNCTION clean_address_uses() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  cleaned integer;
BEGIN
  DELETE FROM address_use u WHERE u.name IN (SELECT x.name FROM address_use x WHERE x.spent <= clock() LIMIT 1000);
  GET DIAGNOSTICS cleaned = ROW_COUNT;
  RETURN cleaned;
END
$$;

-- A challenge that was solved counts once; what is refused later gives it back.
CREATE OR REPLACE FUNCTION spend_challenge(challenge bytea, expires bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO spent_challenge (challenge, expires) VALUES (spend_challenge.challenge, to_timestamp(spend_challenge.expires))
      ON CONFLICT (challenge) DO NOTHING;
  IF NOT FOUND THEN
    PERFORM problem('challenge_required', '[{"parameter":"X-Challenge-Solution","code":"challenge_spent"}]');
  END IF;
END
$$;

-- The clock of the daemons, which let nothing pass that has expired.
CREATE OR REPLACE FUNCTION clean_challenges() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  cleaned integer;
BEGIN
  DELETE FROM spent_challenge s
   WHERE s.challenge IN (SELECT x.challenge FROM spent_challenge x WHERE x.expires < now() - interval '1 hour' LIMIT 1000);
  GET DIAGNOSTICS cleaned = ROW_COUNT;
  RETURN cleaned;
END
$$;
