/* SPDX-License-Identifier: EUPL-1.2
 * `welcomed migrate`: numbered migrations in dbmate's file form and table, then all functions anew. */
#include "arena.h"
#include "command.h"
#include "database.h"
#include "embed.h"
#include "schema_version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "banned.h"

#define FOLDER "migrations/"
#define FUNCTIONS FOLDER "functions/"

enum { LOCK_SECONDS = 120, LOCK_TRIES_PER_SECOND = 5, DEADLOCKS_MAX = 20 };

struct migration {
    const struct embedded *file;
    const char *version;  /* the digits in front of the name */
    const char *sql;      /* the part behind `-- migrate:up`, terminated */
    unsigned line;        /* of the file, where sql starts */
    bool transaction;     /* false: the one statement runs outside of a transaction (CREATE INDEX CONCURRENTLY) */
    bool applied;
};

struct plan {
    struct arena arena;
    PGconn *db;
    struct migration *migrations; /* by version */
    size_t count;
    size_t pending;
    char functions[FUNCTIONS_HASH_BYTES]; /* hash of all function files */
    bool functions_current;
    bool patient;                  /* a deadlock is no fault yet: what runs can be run again */
    bool deadlock;                 /* there was one */
};

static bool migration_say(const char *path, const char *sentence)
{
    fprintf(stderr, "%s: %s\n", path, sentence);
    return false;
}

/* Prints the server's error with the line of the file it happened in. */
static bool migration_failed(struct plan *plan, const PGresult *result, const char *path, const char *sql, unsigned line)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    plan->deadlock = state && strcmp(state, "40P01") == 0;
    if (plan->deadlock && plan->patient)
        return false;
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    for (long characters = position ? strtol(position, NULL, 10) : 0; characters > 1 && *sql; sql++) {
        line += *sql == '\n';
        characters -= ((unsigned char)sql[1] & 0xc0) != 0x80; /* the server counts characters, not bytes */
    }
    if (message)
        fprintf(stderr, "%s:%u: %s%s%s\n", path, line, message, detail ? "; " : "", detail ? detail : "");
    else
        fprintf(stderr, "%s: %s", path, PQerrorMessage(plan->db));
    return false;
}

static bool migration_run(struct plan *plan, const char *path, const char *sql, unsigned line)
{
    PGresult *result = PQexec(plan->db, sql);
    const ExecStatusType status = PQresultStatus(result);
    const bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY ||
                      migration_failed(plan, result, path, sql, line);
    PQclear(result);
    return done;
}

static bool plan_say_database(const struct plan *plan)
{
    fprintf(stderr, "welcomed migrate: %s", plan->db ? PQerrorMessage(plan->db) : "out of memory\n");
    return false;
}

/* The rest of the line after mark at the start of a line, or NULL. */
static const char *find_mark(const char *text, const char *mark)
{
    const char *found = strstr(text, mark);
    while (found && found > text && found[-1] != '\n')
        found = strstr(found + 1, mark);
    return found ? found + strlen(mark) : NULL;
}

static bool migration_parse(struct migration *migration, const struct embedded *file, struct arena *arena)
{
    const char *name = file->path + strlen(FOLDER);
    const char *up = find_mark(file->bytes, "-- migrate:up");
    const char *down = up ? find_mark(up, "-- migrate:down") : NULL;
    if (!up || !down)
        return migration_say(file->path, "has no `-- migrate:up` and `-- migrate:down` behind it");
    const size_t options = strcspn(up, "\n");
    const char *option = strstr(up, "transaction:false");
    char *sql = arena_copy(arena, up, (size_t)(down - up) - strlen("-- migrate:down"));
    *migration = (struct migration){
        .file = file,
        .version = arena_copy(arena, name, strspn(name, "0123456789")),
        .sql = sql,
        .line = 1,
        .transaction = !option || option >= up + options,
    };
    if (!migration->version || !sql)
        return migration_say(file->path, "out of memory");
    for (const char *at = file->bytes; at < up; at++)
        migration->line += *at == '\n';
    memset(sql, ' ', options); /* they are no SQL */
    return true;
}

static bool is_numbered(const struct embedded *file)
{
    const size_t folder = strlen(FOLDER);
    return strncmp(file->path, FOLDER, folder) == 0 && !strchr(file->path + folder, '/') &&
           strspn(file->path + folder, "0123456789") > 0;
}

static bool is_function_file(const struct embedded *file)
{
    return strncmp(file->path, FUNCTIONS, strlen(FUNCTIONS)) == 0;
}

/* What the program holds. */
static bool plan_read_files(struct plan *plan)
{
    plan->migrations = arena_array(&plan->arena, EMBEDDED_COUNT, sizeof *plan->migrations);
    if (!plan->migrations)
        return plan_say_database(&(struct plan){0});
    for (const struct embedded *file = EMBEDDED; file < EMBEDDED + EMBEDDED_COUNT; file++)
        if (is_numbered(file) && !migration_parse(&plan->migrations[plan->count++], file, &plan->arena))
            return false;
    schema_functions_hash(plan->functions);
    return true;
}

static struct migration *plan_find(const struct plan *plan, const char *version)
{
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->migrations[i].version, version) == 0)
            return &plan->migrations[i];
    return NULL;
}

/* Marks what the database has; refuses a database that has more than the program knows. */
static bool plan_read_database(struct plan *plan)
{
    PGresult *versions = NULL, *functions = NULL;
    bool done = database_do(plan->db, "CREATE TABLE IF NOT EXISTS public.schema_migrations (version varchar PRIMARY KEY);"
                                      "CREATE TABLE IF NOT EXISTS public.schema_functions (hash text PRIMARY KEY)") &&
                (versions = database_query(plan->db, "SELECT version FROM public.schema_migrations ORDER BY version", 0, NULL)) &&
                (functions = database_query(plan->db, "SELECT hash FROM public.schema_functions", 0, NULL));
    if (!done)
        plan_say_database(plan);
    plan->pending = plan->count;
    for (int i = 0; done && i < PQntuples(versions); i++) {
        struct migration *migration = plan_find(plan, PQgetvalue(versions, i, 0));
        if (migration) {
            migration->applied = true;
            plan->pending--;
        } else {
            fprintf(stderr, "welcomed migrate: the database has migration %s, which this program does not know: "
                            "it belongs to a newer program\n", PQgetvalue(versions, i, 0));
            done = false;
        }
    }
    plan->functions_current = done && PQntuples(functions) == 1 && strcmp(PQgetvalue(functions, 0, 0), plan->functions) == 0;
    PQclear(functions);
    PQclear(versions);
    return done;
}

/* Tries and sleeps: waiting inside the server would hold a snapshot and deadlock with CREATE INDEX CONCURRENTLY. */
static bool plan_lock(const struct plan *plan)
{
    static const char sql[] = "SELECT pg_try_advisory_lock(hashtextextended('welcomed migrate', 0))";
    const struct timespec pause = {.tv_nsec = 1000000000 / LOCK_TRIES_PER_SECOND};
    for (int tries = 0; tries < LOCK_SECONDS * LOCK_TRIES_PER_SECOND; tries++) {
        PGresult *result = database_query(plan->db, sql, 0, NULL);
        if (!result)
            return plan_say_database(plan);
        const bool locked = *PQgetvalue(result, 0, 0) == 't';
        PQclear(result);
        if (locked)
            return true;
        nanosleep(&pause, NULL);
    }
    fprintf(stderr, "welcomed migrate: another one has been at work for %d seconds\n", LOCK_SECONDS);
    return false;
}

static bool migration_apply(struct plan *plan, const struct migration *migration)
{
    const char *path = migration->file->path;
    if (migration->transaction && !migration_run(plan, path, "BEGIN", migration->line))
        return false;
    if (!migration_run(plan, path, migration->sql, migration->line))
        return false;
    PGresult *noted = database_query(plan->db, "INSERT INTO public.schema_migrations (version) VALUES ($1)", 1, &migration->version);
    PQclear(noted);
    if (!noted)
        return migration_say(path, PQerrorMessage(plan->db));
    if (migration->transaction && !migration_run(plan, path, "COMMIT", migration->line))
        return false;
    printf("applied %s\n", path);
    return true;
}

/* All function files in one transaction, in the order of their names. */
static bool functions_load(struct plan *plan, const struct migration *none)
{
    (void)none;
    if (!migration_run(plan, FUNCTIONS, "BEGIN", 0))
        return false;
    for (const struct embedded *file = EMBEDDED; file < EMBEDDED + EMBEDDED_COUNT; file++)
        if (is_function_file(file) && !migration_run(plan, file->path, file->bytes, 1))
            return false;
    const char *hash = plan->functions;
    PGresult *noted = database_do(plan->db, "DELETE FROM public.schema_functions")
                          ? database_query(plan->db, "INSERT INTO public.schema_functions (hash) VALUES ($1)", 1, &hash)
                          : NULL;
    PQclear(noted);
    if (!noted)
        return plan_say_database(plan);
    if (!migration_run(plan, FUNCTIONS, "COMMIT", 0))
        return false;
    puts("loaded " FUNCTIONS);
    return true;
}

/* Daemons that are at work lock tables and views in their own order. What a deadlock has rolled back whole begins anew; requests do too. */
static bool run_again(struct plan *plan, bool (*step)(struct plan *, const struct migration *), const struct migration *migration)
{
    const struct timespec pause = {.tv_nsec = 1000000000 / LOCK_TRIES_PER_SECOND};
    for (int deadlocks = 0;; deadlocks++) {
        plan->patient = deadlocks < DEADLOCKS_MAX && (!migration || migration->transaction);
        plan->deadlock = false;
        if (step(plan, migration))
            return true;
        if (!plan->deadlock || !plan->patient || !database_do(plan->db, "ROLLBACK"))
            return false;
        nanosleep(&pause, NULL);
    }
}

/* Functions are loaded when one of them or the tables below them changed: on a busy database anew costs every plan. */
static bool plan_apply(struct plan *plan, bool reload)
{
    for (size_t i = 0; i < plan->count; i++)
        if (!plan->migrations[i].applied && !run_again(plan, migration_apply, &plan->migrations[i]))
            return false;
    if ((plan->pending > 0 || !plan->functions_current || reload) && !run_again(plan, functions_load, NULL))
        return false;
    if (plan->pending == 0 && plan->functions_current && !reload)
        puts("The database is up to date.");
    return true;
}

static bool plan_print(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        printf("%s  %s\n", plan->migrations[i].applied ? "applied" : "pending", plan->migrations[i].file->path);
    printf("%s  " FUNCTIONS "\n", plan->functions_current ? "applied" : "pending");
    return plan->pending == 0 && plan->functions_current;
}

int command_migrate(const struct config *config, int argc, char **argv)
{
    const bool status = argc == 2 && strcmp(argv[1], "--status") == 0;
    const bool reload = argc == 2 && strcmp(argv[1], "--reload") == 0;
    const bool patient = argc == 2 && strcmp(argv[1], "--wait") == 0;
    if (argc > 1 && !status && !reload && !patient) {
        fprintf(stderr, "usage: welcomed %s [--status | --reload | --wait]\n"
                        "  --status  tell what is applied and what is pending (exit status 1); changes nothing else\n"
                        "  --reload  load the functions even if they have not changed\n"
                        "  --wait    wait WELCOME_START_SECONDS for a database that cannot be reached, as serve does\n", argv[0]);
        return COMMAND_USAGE;
    }
    struct plan plan = {.db = patient ? database_wait(database_connect_owner, config) : database_connect_owner(config)};
    arena_init(&plan.arena, 64 * 1024);
    bool done = (plan.db && PQstatus(plan.db) == CONNECTION_OK) || plan_say_database(&plan);
    done = done && plan_lock(&plan) && plan_read_files(&plan) && plan_read_database(&plan) &&
           (status ? plan_print(&plan) : plan_apply(&plan, reload));
    PQfinish(plan.db); /* releases the lock, rolls back what failed */
    arena_release(&plan.arena);
    return done ? COMMAND_OK : COMMAND_FAILED;
}
