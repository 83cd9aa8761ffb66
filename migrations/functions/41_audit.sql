-- SPDX-License-Identifier: EUPL-1.2
-- Who did and saw what. Records are only ever added; a job seals them in batches, and each seal's hash covers the one before. A record
-- belongs to the seal that found it: what commits later gets into a later seal, so none slips behind one that is made.

-- What is done to personal data by staff; called by triggers.
CREATE OR REPLACE FUNCTION record(action text, subject_kind text, subject_id uuid, city text, detail jsonb DEFAULT '{}') RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  INSERT INTO audit (actor, action, subject_kind, subject_id, city, detail)
  SELECT (SELECT a.id FROM account a WHERE a.id = me()), action, subject_kind, subject_id, city, detail;
END
$$;

CREATE OR REPLACE FUNCTION audit_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.salt := CASE WHEN NEW.actor IS NOT NULL THEN gen_random_uuid() END;
  NEW.mark := sha256(uuid_send(NEW.salt) || uuid_send(NEW.actor));
  NEW.seal := NULL;
  RETURN NEW;
END
$$;

-- An actor is forgotten when the person is erased, a seal is set once; a record goes when its seal says that its time is over.
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND EXISTS (SELECT FROM audit_seal s WHERE s.number = OLD.seal AND s.expired_at IS NOT NULL) THEN
    RETURN OLD;
  ELSIF TG_OP = 'UPDATE' THEN
    IF NEW.actor IS NULL THEN
      NEW.salt := NULL;
    END IF;
    IF (to_jsonb(NEW) - ARRAY['actor', 'salt', 'seal']) = (to_jsonb(OLD) - ARRAY['actor', 'salt', 'seal'])
       AND (NEW.actor IS NULL OR (NEW.actor, NEW.salt) = (OLD.actor, OLD.salt))
       AND (NEW.seal = OLD.seal OR OLD.seal IS NULL) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'audit is append-only';
END
$$;

-- A seal stays as it is, until all before it are over and its own time is, which is half a year at least, whatever is configured.
CREATE OR REPLACE FUNCTION audit_seal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.expired_at IS NULL AND NEW.expired_at IS NOT NULL AND OLD.sealed_at <= clock() - greatest(kept_for('audit'), interval '6 months')
     AND (to_jsonb(NEW) - 'expired_at') = (to_jsonb(OLD) - 'expired_at')
     AND NOT EXISTS (SELECT FROM audit_seal s WHERE s.number < OLD.number AND s.expired_at IS NULL) THEN
    RETURN NEW;
  ELSIF TG_OP = 'DELETE' AND EXISTS (SELECT FROM audit_seal s WHERE s.number > OLD.number AND s.expired_at IS NOT NULL) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'seals are append-only';
END
$$;

CREATE OR REPLACE FUNCTION audit_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;

-- What of a record is hashed: everything but actor and salt, which erasure takes away, and the seal itself.
CREATE OR REPLACE FUNCTION audit_line(a audit) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_array(a.id, (extract(epoch FROM a.at) * 1000000)::bigint, a.action, a.subject_kind, a.subject_id, a.city, a.detail,
                           encode(a.mark, 'hex'))::text || E'\n'
$$;

CREATE OR REPLACE FUNCTION audit_head(number bigint, count integer, previous bytea, sealed_at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_array(number, count, encode(previous, 'hex'), (extract(epoch FROM sealed_at) * 1000000)::bigint)::text || E'\n'
$$;

-- For the job: seals what no seal has, as much as one may hold; no row when there is nothing.
CREATE OR REPLACE FUNCTION seal_audit() RETURNS TABLE (sealed bigint, records integer, seal_hash text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  found bigint[];
  last  audit_seal;
  new   audit_seal;
BEGIN
  LOCK TABLE audit_seal IN SHARE ROW EXCLUSIVE MODE; -- one job at a time
  found := ARRAY(SELECT a.id FROM audit a WHERE a.seal IS NULL ORDER BY a.id LIMIT 10000);
  IF found = '{}' THEN
    RETURN;
  END IF;
  SELECT * INTO last FROM audit_seal s ORDER BY s.number DESC LIMIT 1;
  new.number := coalesce(last.number, 0) + 1;
  new.previous := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
  new.sealed_at := clock();
  new.count := cardinality(found);
  SELECT min(a.id), max(a.id),
         sha256(convert_to(audit_head(new.number, new.count, new.previous, new.sealed_at) || string_agg(audit_line(a), '' ORDER BY a.id), 'UTF8'))
    INTO new.first_id, new.last_id, new.hash
    FROM audit a WHERE a.id = ANY (found);
  INSERT INTO audit_seal SELECT new.*;
  UPDATE audit a SET seal = new.number WHERE a.id = ANY (found);
  RETURN QUERY SELECT new.number, new.count, encode(new.hash, 'hex');
END
$$;

-- For the job: the records of one seal when their time is over. The seal stays as the beginning of the chain, those before it go.
CREATE OR REPLACE FUNCTION expire_audit() RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  due     bigint;
  expired integer;
BEGIN
  SELECT s.number INTO due FROM audit_seal s WHERE s.expired_at IS NULL ORDER BY s.number LIMIT 1;
  UPDATE audit_seal s SET expired_at = clock() WHERE s.number = due AND s.sealed_at <= clock() - (SELECT kept_for('audit'));
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  DELETE FROM audit a WHERE a.seal = due;
  GET DIAGNOSTICS expired = ROW_COUNT;
  DELETE FROM audit_seal s WHERE s.number < due;
  RETURN expired;
END
$$;

-- For `welcomed audit verify`: seals with the text they begin their hash with, and the records of one, as both are now.
CREATE OR REPLACE FUNCTION audit_seals(after bigint)
RETURNS TABLE (number bigint, first_id bigint, last_id bigint, records integer, previous text, hash text, expired boolean, head text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT s.number, s.first_id, s.last_id, s.count, encode(s.previous, 'hex'), encode(s.hash, 'hex'), s.expired_at IS NOT NULL,
         audit_head(s.number, s.count, s.previous, s.sealed_at)
    FROM audit_seal s WHERE s.number > after ORDER BY s.number LIMIT 1000
$$;

-- fits: the actor is the one it was written with, or nobody any more.
CREATE OR REPLACE FUNCTION audit_of_seal(number bigint) RETURNS TABLE (id bigint, line text, fits boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT a.id, audit_line(a),
         CASE WHEN a.actor IS NULL THEN a.salt IS NULL ELSE coalesce(a.mark = sha256(uuid_send(a.salt) || uuid_send(a.actor)), false) END
    FROM audit a WHERE a.seal = $1 ORDER BY a.id
$$;

CREATE OR REPLACE FUNCTION audit_unsealed() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS
$$ SELECT count(*) FROM audit a WHERE a.seal IS NULL $$;

-- For `welcomed audit list`, newest first.
CREATE OR REPLACE FUNCTION audit_records(actor uuid, subject uuid, action text, most integer) RETURNS TABLE (record text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT json_build_object('id', a.id, 'at', rfc3339(a.at), 'actor', a.actor, 'action', a.action, 'subject_kind', a.subject_kind,
                           'subject_id', a.subject_id, 'city', a.city, 'detail', a.detail, 'seal', a.seal)::text
    FROM audit a
   WHERE (audit_records.actor IS NULL OR a.actor = audit_records.actor)
     AND (audit_records.subject IS NULL OR a.subject_id = audit_records.subject)
     AND (audit_records.action IS NULL OR a.action = audit_records.action)
   ORDER BY a.id DESC LIMIT most
$$;

-- Whom a thing is about, and its city.
CREATE OR REPLACE FUNCTION people_of(kind text, thing uuid) RETURNS TABLE (people uuid[], city text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT ARRAY[g.account], g.home_city FROM guide g WHERE kind = 'guide' AND g.id = $2
  UNION ALL
  SELECT ARRAY[r.account], nullif(r.handled_by, '*') FROM guide_request r WHERE kind = 'guide_request' AND r.id = $2
  UNION ALL
  SELECT ARRAY[p.guide_account, p.request_account], nullif(p.request_city, '*') FROM proposal p WHERE kind = 'proposal' AND p.id = $2
  UNION ALL
  SELECT ARRAY[m.guide_account, m.request_account], nullif(m.request_city, '*') FROM match m WHERE kind = 'match' AND m.id = $2
  UNION ALL
  SELECT NULL, nullif(r.request_city, '*') FROM report r WHERE kind = 'report' AND r.id = $2
  UNION ALL
  SELECT ARRAY[s.account], s.city FROM service_request s WHERE kind = 'service_request' AND s.id = $2
  UNION ALL
  SELECT ARRAY[a.requester_account], nullif(a.city, '*') FROM appointment a WHERE kind = 'appointment' AND a.id = $2
  UNION ALL
  SELECT ARRAY[a.id], NULL FROM account a WHERE kind = 'account' AND a.id = $2
$$;

-- What staff saw, as each daemon gathered it: [{"actor","action","kind","thing"}]. One's own is not worth a word.
CREATE OR REPLACE FUNCTION record_seen(seen jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
DECLARE
  recorded integer;
BEGIN
  INSERT INTO audit (actor, action, subject_kind, subject_id, city)
  SELECT a.id, s.action, s.kind, s.thing, about.city
    FROM jsonb_to_recordset(seen) AS s(actor uuid, action text, kind text, thing uuid)
    LEFT JOIN account a ON a.id = s.actor
    LEFT JOIN LATERAL people_of(s.kind, s.thing) about ON true
   WHERE NOT coalesce(s.actor = ANY (about.people), false)
   ORDER BY s.actor, s.action, s.thing -- several daemons in one order
      ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS recorded = ROW_COUNT;
  RETURN recorded;
END
$$;
