/* SPDX-License-Identifier: EUPL-1.2
 * `welcomed privacy`: what would go and what goes by the configured periods, and the record of processing activities. */
#include "command.h"
#include "database.h"
#include "retention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

enum { BATCHES_MAX = 1000000 };

static int privacy_usage(void)
{
    fputs("usage: welcomed privacy retention [--dry-run]\n"
          "       welcomed privacy report\n"
          "  retention  delete what was kept for as long as it may be; --dry-run tells how much that is and changes nothing\n"
          "  report     the record of processing activities (GDPR art. 30) as Markdown\n", stderr);
    return COMMAND_USAGE;
}

static int privacy_fail(PGconn *db)
{
    char error[256];
    database_error(db, error, sizeof error);
    fprintf(stderr, "welcomed privacy: %s\n", error);
    return COMMAND_FAILED;
}

static int retention_tell(PGconn *db)
{
    PGresult *told = database_query(db, "SELECT kind, kept, due, oldest FROM retention_told()", 0, NULL);
    if (!told)
        return privacy_fail(db);
    printf("%-18s %-10s %8s  %s\n", "kind", "kept", "due", "oldest");
    for (int i = 0; i < PQntuples(told); i++)
        printf("%-18s %-10s %8s%s%s\n", PQgetvalue(told, i, 0), PQgetvalue(told, i, 1), PQgetvalue(told, i, 2), *PQgetvalue(told, i, 3) ? "  " : "",
               PQgetvalue(told, i, 3));
    PQclear(told);
    return COMMAND_OK;
}

/* All of one kind, batch by batch; -1: refused. */
static long kind_enforce(PGconn *db, const char *kind)
{
    long gone = 0;
    for (int i = 0; i < BATCHES_MAX; i++) {
        PGresult *result = database_query(db, "SELECT enforce_retention($1)", 1, &kind);
        const long batch = result ? strtol(PQgetvalue(result, 0, 0), NULL, 10) : -1;
        PQclear(result);
        if (batch < 0)
            return -1;
        if (batch == 0)
            break;
        gone += batch;
    }
    return gone;
}

/* Matches before what waits for them; the accounts last. */
static int retention_enforce(PGconn *db)
{
    PGresult *kinds = database_query(db, "SELECT kind FROM retention_told() ORDER BY kind <> 'matches', kind = 'accounts'", 0, NULL);
    bool done = kinds != NULL;
    for (int i = 0; done && i < PQntuples(kinds); i++) {
        const long gone = kind_enforce(db, PQgetvalue(kinds, i, 0));
        done = gone >= 0;
        if (gone > 0)
            printf("%-18s %8ld deleted\n", PQgetvalue(kinds, i, 0), gone);
    }
    PQclear(kinds);
    return done ? COMMAND_OK : privacy_fail(db);
}

/* A dry run rolls back the configured periods, too. */
static int retention_run(PGconn *db, const struct config *config, bool dry)
{
    if (dry && !database_do(db, "BEGIN ISOLATION LEVEL REPEATABLE READ"))
        return privacy_fail(db);
    if (!retention_set(db, config))
        return privacy_fail(db);
    return dry ? retention_tell(db) : retention_enforce(db);
}

static void report_section(const PGresult *rows, int row)
{
    printf("\n## `%s`: %s\n\n- People: %s\n- Recipients: %s\n\n| data | columns | legal basis | kept |\n| --- | --- | --- | --- |\n",
           PQgetvalue(rows, row, 0), PQgetvalue(rows, row, 1), PQgetvalue(rows, row, 2), PQgetvalue(rows, row, 3));
}

static int report_print(PGconn *db, const struct config *config)
{
    PGresult *rows = retention_set(db, config)
                         ? database_query(db, "SELECT relation, purpose, people, recipients, data, basis, kept, columns FROM processing_record()", 0, NULL)
                         : NULL;
    if (!rows)
        return privacy_fail(db);
    printf("# Record of processing activities\n\nGDPR art. 30(1), of the newcomer portal of the region %s, written by `welcomed privacy report` from the\n"
           "marks of the database's columns and the configured periods.\n\n- Controller: %s\n- Data protection officer: %s\n"
           "- Transfers to third countries: none by this program\n- Technical and organisational measures: SECURITY.md\n",
           config->region_name, config->operator_name ? config->operator_name : "not told (set WELCOME_OPERATOR)",
           config->privacy_contact ? config->privacy_contact : "not told (set WELCOME_PRIVACY_CONTACT)");
    for (int i = 0; i < PQntuples(rows); i++) {
        if (i == 0 || strcmp(PQgetvalue(rows, i, 0), PQgetvalue(rows, i - 1, 0)) != 0)
            report_section(rows, i);
        printf("| %s | `%s` | %s | %s |\n", PQgetvalue(rows, i, 4), PQgetvalue(rows, i, 7), PQgetvalue(rows, i, 5), PQgetvalue(rows, i, 6));
    }
    PQclear(rows);
    return COMMAND_OK;
}

int command_privacy(const struct config *config, int argc, char **argv)
{
    const bool report = argc == 2 && strcmp(argv[1], "report") == 0;
    const bool dry = argc == 3 && strcmp(argv[2], "--dry-run") == 0;
    if (!report && !((dry || argc == 2) && strcmp(argv[1], "retention") == 0))
        return privacy_usage();
    PGconn *db = database_connect_worker(config);
    int status;
    if (!db || PQstatus(db) != CONNECTION_OK)
        status = privacy_fail(db);
    else if (report)
        status = database_do(db, "BEGIN") ? report_print(db, config) : privacy_fail(db); /* the periods are rolled back */
    else
        status = retention_run(db, config, dry);
    PQfinish(db);
    return fflush(stdout) == 0 ? status : COMMAND_FAILED;
}
