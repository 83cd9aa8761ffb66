/* SPDX-License-Identifier: EUPL-1.2
 * Of `welcomed doctor`: the database as the daemon, its jobs and the owner reach it; roles, schema, walls, settings. */
#include "doctor.h"

#include "database.h"
#include "jobs.h"
#include "loop.h"
#include "schema_version.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "banned.h"

enum { SERVER_LEAST = 150000 };

/* The connection, or NULL with a finding. */
static PGconn *connection_look(struct doctor *doctor, const char *key, const char *what, PGconn *db)
{
    char error[400];
    if (db && PQstatus(db) == CONNECTION_OK) {
        doctor_well(doctor, key, "%s: the database %s, as %s.", what, PQdb(db), PQuser(db));
        return db;
    }
    database_error(db, error, sizeof error);
    doctor_fail(doctor, key, db && PQconnectionNeedsPassword(db) ? "the role needs a password in this key."
                             : "is the server up, are role and database there (roles.sql), does pg_hba.conf let this user in?",
                "%s: the database cannot be reached: %s.", what, error);
    PQfinish(db);
    return NULL;
}

/* One value as a number; NAN where there is none. */
static double number(PGconn *db, const char *sql)
{
    PGresult *result = db ? database_query(db, sql, 0, NULL) : NULL;
    const char *value = result && PQntuples(result) > 0 ? database_value(result, 0, 0) : NULL;
    const double read = value ? strtod(value, NULL) : NAN;
    PQclear(result);
    return read;
}

static bool setting_is(PGconn *db, const char *name, const char *value)
{
    PGresult *result = database_query(db, "SELECT current_setting($1, true)", 1, &name);
    const char *is = result ? database_value(result, 0, 0) : NULL;
    const bool same = is && strcmp(is, value) == 0;
    PQclear(result);
    return same;
}

static void roles_look(struct doctor *doctor, PGconn *db)
{
    static const char sql[] = "SELECT rolname, concat_ws(', ', CASE WHEN rolsuper THEN 'is a superuser' END,"
                              " CASE WHEN rolbypassrls THEN 'passes row-level security' END, CASE WHEN rolcreaterole THEN 'may make roles' END,"
                              " CASE WHEN rolcreatedb THEN 'may make databases' END)"
                              " FROM pg_roles WHERE rolname = ANY (ARRAY['welcome', 'welcome_worker', 'welcome_owner', current_user])";
    PGresult *rows = database_query(db, sql, 0, NULL);
    int wrong = 0;
    for (int i = 0; rows && i < PQntuples(rows); i++) {
        if (*PQgetvalue(rows, i, 1) == '\0')
            continue;
        doctor_fail(doctor, "role", "run roles.sql again, as a superuser.", "%s %s, which it must not.", PQgetvalue(rows, i, 0),
                    PQgetvalue(rows, i, 1));
        wrong++;
    }
    if (rows && wrong == 0)
        doctor_well(doctor, "roles", "none of them may more than it has to.");
    PQclear(rows);
    if (doctor->daemon && doctor->worker && strcmp(PQuser(doctor->daemon), PQuser(doctor->worker)) == 0)
        doctor_fail(doctor, "roles", "let the daemon be `welcome` and the jobs `welcome_worker`.",
                    "daemon and jobs use the same role %s.", PQuser(doctor->daemon));
}

static void server_look(struct doctor *doctor, PGconn *db)
{
    const int version = PQserverVersion(db);
    if (version < SERVER_LEAST)
        doctor_fail(doctor, "server", "upgrade PostgreSQL to 15 or newer.", "PostgreSQL %d is too old.", version / 10000);
    else
        doctor_well(doctor, "server", "PostgreSQL %d.%d.", version / 10000, version % 10000);
    if (!setting_is(db, "server_encoding", "UTF8"))
        doctor_fail(doctor, "encoding", "make the database with roles.sql, which says UTF8.", "the database's encoding is not UTF8.");
    if (number(db, "SELECT (datctype IN ('C', 'POSIX'))::int FROM pg_database WHERE datname = current_database()") > 0)
        doctor_warn(doctor, "locale", "make the database with roles.sql, which says C.UTF-8.",
                    "the database knows letters of ASCII only: search will miss words.");
    if (setting_is(db, "fsync", "off"))
        doctor_fail(doctor, "fsync", "set fsync = on.", "off: a crash may destroy the database.");
    if (setting_is(db, "synchronous_commit", "off"))
        doctor_warn(doctor, "synchronous_commit", "set synchronous_commit = on.", "off: a crash may lose the last answers that were given.");
    if (setting_is(db, "full_page_writes", "off"))
        doctor_warn(doctor, "full_page_writes", "set full_page_writes = on, unless the file system writes whole pages.",
                    "off: a crash may tear pages.");
    if (number(db, "SELECT (current_setting('log_statement') IN ('mod', 'all') OR (current_setting('log_min_duration_statement')::int >= 0"
                   " AND current_setting('log_parameter_max_length')::int <> 0))::int") > 0)
        doctor_warn(doctor, "server's log", "set log_statement = none and log_parameter_max_length = 0.",
                    "it takes statements with what people wrote: personal data.");
}

/* Time passes between the two looks: they are taken around the database's. */
static void clock_look(struct doctor *doctor, PGconn *db)
{
    struct timespec before, after;
    clock_gettime(CLOCK_REALTIME, &before);
    const double there = number(db, "SELECT extract(epoch FROM clock_timestamp())");
    clock_gettime(CLOCK_REALTIME, &after);
    const double here = ((double)before.tv_sec + (double)after.tv_sec + (double)(before.tv_nsec + after.tv_nsec) / 1e9) / 2;
    const double ahead = there - here, unsure = (double)(after.tv_sec - before.tv_sec) + 0.5;
    if (isnan(ahead))
        return;
    if (fabs(ahead) > 30 + unsure)
        doctor_fail(doctor, "clocks", "let both follow the same time servers (chrony, systemd-timesyncd).",
                    "the database's clock is %.0f s %s this machine's.", fabs(ahead), ahead > 0 ? "ahead of" : "behind");
    else if (fabs(ahead) > 1 + unsure)
        doctor_warn(doctor, "clocks", "let both follow the same time servers (chrony, systemd-timesyncd).",
                    "the database's clock is %.1f s %s this machine's.", fabs(ahead), ahead > 0 ? "ahead of" : "behind");
    else
        doctor_well(doctor, "clocks", "this machine's and the database's agree.");
}

static void room_look(struct doctor *doctor, PGconn *db)
{
    const double loops = (double)loops_wanted(doctor->config);
    const double listeners = doctor->config->cache_mb > 0 ? 2 : 1; /* of the jobs, of the cache */
    const double needed = (double)lanes_links((size_t)loops) + (double)JOB_COUNT + listeners + loops; /* and a dry run beside each loop */
    const double most = number(db, "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int");
    if (isnan(most))
        return;
    if (needed > most)
        doctor_fail(doctor, "connections", "raise max_connections.", "one daemon needs %.0f, the server takes %.0f.", needed, most);
    else if (2 * needed > most)
        doctor_warn(doctor, "connections", "raise max_connections before a second daemon runs.",
                    "one daemon needs up to %.0f of the server's %.0f: there is no room for another.", needed, most);
    else
        doctor_well(doctor, "connections", "one daemon needs up to %.0f of the server's %.0f: there is room for %.0f.", needed, most,
                    floor(most / needed));
}

void doctor_wire(struct doctor *doctor, PGconn *db)
{
    const char *host = PQhost(db);
    const bool local = !host || *host == '/' || *host == '\0' || strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
                       strcmp(host, "::1") == 0;
    if (!local && !PQsslInUse(db))
        doctor_fail(doctor, "TLS", "add sslmode=verify-full to every WELCOME_DATABASE_...URL.", "the way to the database at %s is in the clear.", host);
}

/* Tells whether the rest of what is asked can be there. */
static bool schema_look(struct doctor *doctor, PGconn *db)
{
    struct schema_version version;
    if (!schema_version_read(db, &version)) {
        char error[300];
        database_error(db, error, sizeof error);
        doctor_fail(doctor, "schema", NULL, "its version cannot be read: %s.", error);
        return false;
    }
    if (version.empty)
        doctor_fail(doctor, "schema", "run `welcomed migrate`.", "there is none yet, or one that is older than this program.");
    else if (version.missing > 0)
        doctor_fail(doctor, "schema", "run `welcomed migrate`.", "it is older than this program and lacks %zu of its migrations, from %s on.",
                    version.missing, version.first_missing);
    else if (version.unknown > 0)
        doctor_fail(doctor, "schema", "install the program that made it.", "it is newer than this program, which does not know its migration %s.",
                    version.last_unknown);
    else if (!version.functions_same)
        doctor_fail(doctor, "schema", "run `welcomed migrate`.", "its functions are not those of this program.");
    else
        doctor_well(doctor, "schema", "it is this program's.");
    return !version.empty && version.missing == 0;
}

static void walls_look(struct doctor *doctor, PGconn *db)
{
    static const char off[] = "SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'welcome'::regnamespace AND c.relkind = 'r'"
                              " AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid) AND NOT row_security_active(c.oid)";
    const double without = number(db, off), policies = number(db, "SELECT count(*) FROM pg_policies WHERE schemaname = 'welcome'");
    const double lacking = number(db, "SELECT count(*) FROM unnest(ARRAY['pg_trgm', 'btree_gist']) AS x(name)"
                                      " WHERE NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = x.name)");
    if (without > 0 || policies < 1)
        doctor_fail(doctor, "walls", "run `welcomed migrate --reload`, and let the daemon's role own nothing.",
                    "row-level security does not hold for the daemon's role on %.0f tables.", without);
    else if (policies > 0)
        doctor_well(doctor, "walls", "%.0f policies hold for the daemon's role.", policies);
    if (lacking > 0)
        doctor_fail(doctor, "extensions", "install the server's contrib package and run `welcomed migrate`.",
                    "pg_trgm or btree_gist is missing.");
}

void doctor_database(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    doctor_about(doctor, "Database");
    if (!config->database_url)
        return; /* out of memory */
    doctor->daemon = connection_look(doctor, "WELCOME_DATABASE_URL", "the daemon", database_connect_daemon(config));
    doctor->worker = connection_look(doctor, "..._WORKER_URL", "jobs and `import`", database_connect_worker(config));
    PGconn *owner = connection_look(doctor, "..._OWNER_URL", "`migrate`", database_connect_owner(config));
    PQfinish(owner);
    PGconn *db = doctor->daemon ? doctor->daemon : doctor->worker;
    if (!db)
        return;
    server_look(doctor, db);
    doctor_wire(doctor, db);
    clock_look(doctor, db);
    room_look(doctor, db);
    roles_look(doctor, db);
    if (schema_look(doctor, db) && doctor->daemon)
        walls_look(doctor, doctor->daemon);
}
