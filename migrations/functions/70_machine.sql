-- SPDX-License-Identifier: EUPL-1.2
-- States: BEFORE triggers run as the caller and refuse, AFTER triggers run as the owner and carry consequences across the wall.

-- Who acts on a row of which these accounts are the parties. Only the daemon's role speaks for people; consequences, the owner's
-- functions and operators act for the system and its jobs.
CREATE OR REPLACE FUNCTION actors(guide uuid, newcomer uuid) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN CASE WHEN pg_trigger_depth() > 1 THEN ARRAY['system']
              WHEN current_user <> 'welcome' THEN ARRAY['system', 'job']
              WHEN guide = me() THEN ARRAY['guide']
              WHEN newcomer = me() THEN ARRAY['newcomer']
              ELSE ARRAY['staff'] END;
END
$$;

-- Who has asked for a service is no advisor of that request.
CREATE OR REPLACE FUNCTION service_actors(requester uuid) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  who text[] := actors(NULL, NULL);
BEGIN
  RETURN CASE WHEN who = ARRAY['staff'] AND requester = me() THEN ARRAY['requester'] ELSE who END;
END
$$;

-- The one guard of all machines: no row for the step (but those of system and jobs) is conflict_state, somebody else's forbidden.
CREATE OR REPLACE FUNCTION guard_transition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  was  jsonb := to_jsonb(OLD);
  will jsonb := to_jsonb(NEW);
  who  text[];
  step record;
BEGIN
  who := actors(coalesce(was ->> 'guide_account', CASE TG_TABLE_NAME WHEN 'guide' THEN was ->> 'account' END)::uuid,
                coalesce(was ->> 'request_account', CASE TG_TABLE_NAME WHEN 'guide_request' THEN was ->> 'account' END)::uuid);
  IF was ? 'requester_account' THEN
    who := service_actors((was ->> 'requester_account')::uuid);
  END IF;
  SELECT bool_or(t.actor = ANY (who)) AS allowed, bool_or(t.actor NOT IN ('system', 'job')) AS somebodys INTO step
    FROM transition t
   WHERE t.machine = TG_TABLE_NAME AND t.from_state = was ->> 'state' AND t.to_state = will ->> 'state';
  IF step.allowed IS NOT TRUE THEN
    PERFORM problem(CASE WHEN step.somebodys THEN 'forbidden' ELSE 'conflict_state' END);
  END IF;
  RETURN NEW;
END
$$;

-- Languages as the API speaks them, spread for the joins of matching.
CREATE OR REPLACE FUNCTION refuse_repeated_languages(languages jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT count(*) <> count(DISTINCT l ->> 'tag') FROM jsonb_array_elements(languages) AS l) THEN
    PERFORM problem('validation_failed', '[{"pointer":"/languages","code":"not_unique"}]');
  END IF;
END
$$;

-- The same topics as bits, which can be counted fast.
CREATE OR REPLACE FUNCTION count_topics() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.topic_bits := coalesce((SELECT bit_or(set_bit(repeat('0', 256)::bit(256), t.number, 1)) FROM topic t WHERE t.slug = ANY (NEW.topics)),
                             repeat('0', 256)::bit(256));
  RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION number_topic() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.number := (SELECT min(n) FROM generate_series(0, 255) AS n WHERE n NOT IN (SELECT t.number FROM topic t));
  RETURN NEW;
END
$$;

-- Somebody listens: jobs for mail and matching, caches for what is public. A daemon's own connections are told by a notice as well, since the
-- notification may come behind the answer to who has made the change.
CREATE OR REPLACE FUNCTION notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('welcome', TG_ARGV[0]);
  IF current_setting('welcome.tells', true) = 'on' THEN
    RAISE NOTICE USING ERRCODE = 'WR002', MESSAGE = TG_ARGV[0];
  END IF;
  RETURN NULL;
END
$$;
