-- SPDX-License-Identifier: EUPL-1.2
-- Roles and the database; run once by a superuser (psql -f migrations/roles.sql), harmless when run again. Another name than
-- `welcome` for the database: psql -v database=name. The owner migrates, the daemon's role owns nothing and bypasses nothing, the
-- worker has policies and grants of its own.
\set ON_ERROR_STOP on
\if :{?database}
\else
\set database welcome
\endif

SELECT format('CREATE ROLE %I LOGIN', name)
  FROM unnest(ARRAY['welcome_owner', 'welcome', 'welcome_worker']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

ALTER ROLE welcome_owner NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
ALTER ROLE welcome NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
ALTER ROLE welcome_worker NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;

SELECT format('CREATE DATABASE %I OWNER welcome_owner TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L',
              :'database', 'UTF8', 'C.UTF-8', 'C.UTF-8')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database')
\gexec

REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO welcome, welcome_worker;
-- DETAIL of an error carries whole rows; the server's log must not.
ALTER DATABASE :"database" SET log_error_verbosity = 'terse';
-- All of it fits in memory, where a page here or there costs the same.
ALTER DATABASE :"database" SET random_page_cost = 1.1;

\connect :"database"
REVOKE ALL ON SCHEMA public FROM PUBLIC;
