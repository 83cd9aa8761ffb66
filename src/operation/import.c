/* SPDX-License-Identifier: EUPL-1.2
 * `welcomed import`: everything or nothing, and nothing when nothing changed. */
#include "import.h"

#include "command.h"
#include "database.h"

#include <stdio.h>
#include <string.h>

#include "banned.h"

static bool database_fail(PGconn *db)
{
    char error[256];
    database_error(db, error, sizeof error);
    fprintf(stderr, "welcomed import: %s\n", error);
    return false;
}

/* Runs one part and says what it did. */
static bool part_run(struct import *import, const char *name, bool (*part)(struct import *))
{
    const size_t before = import->changes;
    if (!part(import))
        return false;
    if (import->changes > before)
        printf("%-10s %zu new or changed\n", name, import->changes - before);
    else
        printf("%-10s unchanged\n", name);
    return true;
}

static bool import_run(struct import *import, bool demo)
{
    if (!import->db || PQstatus(import->db) != CONNECTION_OK || !database_do(import->db, "BEGIN"))
        return database_fail(import->db);
    /* Two at once would both find a row missing: one after the other. */
    if (!database_do(import->db, "SELECT pg_advisory_xact_lock(hashtextextended('welcomed import', 0))"))
        return database_fail(import->db);
    return part_run(import, "reference", import_reference) &&
           part_run(import, "articles", import_articles) &&
           part_run(import, "checklist", import_checklist) &&
           (!demo || part_run(import, "demo", import_demo)) &&
           (database_do(import->db, "COMMIT") || database_fail(import->db));
}

int command_import(const struct config *config, int argc, char **argv)
{
    struct import import = {.folder = config->content_directory};
    bool demo = false, understood = true, named = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--demo") == 0)
            demo = true;
        else if (argv[i][0] == '-' || named)
            understood = false;
        else {
            import.folder = argv[i];
            named = true;
        }
    }
    if (!understood) {
        fprintf(stderr, "usage: welcomed %s [FOLDER] [--demo]\n"
                        "  --demo  add invented people; never while mails go to a server\n", argv[0]);
        return COMMAND_USAGE;
    }
    if (demo && config->smtp_url) {
        fputs("welcomed import: invented people are refused while WELCOME_SMTP_URL is set: mails to them would leave the house.\n",
              stderr);
        return COMMAND_FAILED;
    }
    arena_init(&import.arena, 64 * 1024);
    import.db = database_connect_worker(config);
    const bool done = import_run(&import, demo);
    if (!done)
        fputs("Nothing was imported.\n", stderr);
    PQfinish(import.db); /* rolls back what was not committed */
    arena_release(&import.arena);
    return done ? COMMAND_OK : COMMAND_FAILED;
}
