-- SPDX-License-Identifier: EUPL-1.2
-- A request sent again makes nothing again. Called by the core in the segment of the request: what is refused later leaves no trace.

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
