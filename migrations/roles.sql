-- SPDX-License-Identifier: EUPL-1.2
-- Roles and the database; run once by a superuser (psql -f migrations/roles.sql), harmless when run again.
-- The owner migrates, the daemon's role owns nothing and bypasses nothing, the worker has policies and grants of its own.
\set ON_ERROR_STOP on

SELECT format('CREATE ROLE %I LOGIN', name)
  FROM unnest(ARRAY['welcome_owner', 'welcome', 'welcome_worker']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

ALTER ROLE welcome_owner NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
ALTER ROLE welcome NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
ALTER ROLE welcome_worker NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;

SELECT 'CREATE DATABASE welcome OWNER welcome_owner TEMPLATE template0 ENCODING ''UTF8'' LC_COLLATE ''C.UTF-8'' LC_CTYPE ''C.UTF-8'''
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'welcome')
\gexec

REVOKE ALL ON DATABASE welcome FROM PUBLIC;
GRANT CONNECT ON DATABASE welcome TO welcome, welcome_worker;
-- DETAIL of an error carries whole rows; the server's log must not.
ALTER DATABASE welcome SET log_error_verbosity = 'terse';

\connect welcome
REVOKE ALL ON SCHEMA public FROM PUBLIC;
