-- SPDX-License-Identifier: EUPL-1.2
-- What those who watch want to know: counts and moments, of nobody in particular. Each is read from an index.

CREATE OR REPLACE FUNCTION note_job(job text, microseconds bigint, version text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  INSERT INTO job_note AS n (job, done_at, microseconds, version)
  VALUES ($1, clock(), $2, $3)
      ON CONFLICT (job) DO UPDATE SET done_at = excluded.done_at, microseconds = excluded.microseconds, version = excluded.version
$$;

-- When, how long and by which version each job was done last.
CREATE OR REPLACE FUNCTION job_notes() RETURNS TABLE (job text, done_at timestamptz, seconds_ago float8, seconds float8, version text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT n.job, n.done_at, extract(epoch FROM clock() - n.done_at)::float8, n.microseconds / 1e6::float8, n.version
    FROM job_note n
$$;

-- The age of a moment, never below nothing.
CREATE OR REPLACE FUNCTION seconds_since(moment timestamptz) RETURNS float8
LANGUAGE sql STABLE SET search_path = welcome, pg_temp AS
$$ SELECT coalesce(greatest(extract(epoch FROM clock() - moment), 0), 0)::float8 $$;

-- Names and labels as src/operation/figures.c knows them.
CREATE OR REPLACE FUNCTION figures() RETURNS TABLE (figure text, label text, value float8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT 'outbox_mails', 'waiting', count(*)::float8 FROM outbox o WHERE o.state = 'waiting'
  UNION ALL
  SELECT 'outbox_mails', 'dead', count(*)::float8 FROM outbox o WHERE o.state = 'dead'
  UNION ALL
  SELECT 'outbox_mails', 'tried', count(*)::float8 FROM outbox o WHERE o.state = 'waiting' AND o.attempts > 0
  UNION ALL
  SELECT 'outbox_oldest_seconds', '', seconds_since(min(o.created_at)) FROM outbox o WHERE o.state = 'waiting'
  UNION ALL
  SELECT 'job_done_timestamp_seconds', n.job, extract(epoch FROM n.done_at)::float8 FROM job_note n
  UNION ALL
  SELECT 'job_done_age_seconds', n.job, seconds_since(n.done_at) FROM job_note n
  UNION ALL
  SELECT 'guide_requests_waiting', '', count(*)::float8 FROM guide_request r WHERE r.state = 'open'
  UNION ALL
  SELECT 'guide_requests_oldest_seconds', '', seconds_since(min(r.waiting_since)) FROM guide_request r WHERE r.state = 'open'
  UNION ALL
  SELECT f.figure, f.label, f.value
    FROM (SELECT x.* FROM matching_round x ORDER BY x.id DESC LIMIT 1) n
   CROSS JOIN LATERAL (VALUES ('round_timestamp_seconds', '', extract(epoch FROM n.finished_at)::float8),
                              ('round_seconds', '', extract(epoch FROM n.finished_at - n.started_at)::float8),
                              ('round_requests', 'looked_at', n.requests), ('round_requests', 'placed', n.placed),
                              ('round_requests', 'proposed', n.proposed)) AS f(figure, label, value)
  UNION ALL
  SELECT 'service_clocks', 'running', count(*)::float8 FROM service_request_office o WHERE o.due_at > clock()
  UNION ALL
  SELECT 'service_clocks', 'late', count(*)::float8 FROM service_request_office o WHERE o.due_at <= clock()
  UNION ALL
  SELECT 'service_clocks', 'stopped', count(*)::float8 FROM service_request_office o WHERE o.state = 'waiting_for_requester'
  UNION ALL
  SELECT 'service_latest_seconds', '', seconds_since(min(o.due_at)) FROM service_request_office o WHERE o.due_at <= clock()
  UNION ALL
  SELECT 'audit_unsealed_seconds', '', seconds_since((SELECT a.at FROM audit a WHERE a.seal IS NULL ORDER BY a.id LIMIT 1))
  UNION ALL
  SELECT 'database_connections', '', sum(d.numbackends)::float8 FROM pg_stat_database d
  UNION ALL
  SELECT 'database_connections_max', '', current_setting('max_connections')::float8
$$;

-- What has been migrated: the daemon's role may not look into the schema public.
CREATE OR REPLACE FUNCTION schema_versions() RETURNS TABLE (version text, functions text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT m.version::text, (SELECT f.hash FROM public.schema_functions f) FROM public.schema_migrations m;
END
$$;

-- What `welcomed doctor` asks beside: is there anybody to administer, and are drafts published as legal texts?
CREATE OR REPLACE FUNCTION set_up() RETURNS TABLE (fact text, value bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = welcome, pg_temp AS $$
  SELECT 'admins', count(DISTINCT r.account) FROM staff_role r WHERE r.role = 'admin'
  UNION ALL
  SELECT 'staff', count(DISTINCT r.account) FROM staff_role r
  UNION ALL
  SELECT 'cities', count(*) FROM city
  UNION ALL
  SELECT 'legal_texts', count(*) FROM legal_text t WHERE t.current
  UNION ALL
  SELECT 'legal_drafts', count(*) FROM legal_text t WHERE t.current AND t.draft
  UNION ALL
  SELECT 'kept_in_directory', count(*) FROM service_attachment a WHERE a.kept_in = 'directory'
  UNION ALL
  SELECT 'second_factors', count(*) FROM second_factor f
$$;
