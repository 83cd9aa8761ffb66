/* SPDX-License-Identifier: EUPL-1.2
 * `welcomed import`: everything or nothing, and nothing when nothing changed. */
#include "import.h"

#include "command.h"
#include "database.h"
#include "text.h"
#include "vocabulary.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "banned.h"

static bool database_fail(PGconn *db)
{
    char error[256];
    database_error(db, error, sizeof error);
    fprintf(stderr, "welcomed import: %s\n", error);
    return false;
}

void import_tell(const char *part, size_t changes)
{
    if (changes > 0)
        printf("%-10s %zu new or changed\n", part, changes);
    else
        printf("%-10s unchanged\n", part);
}

/* What there is to import; a folder need not have all of it. */
static const struct part {
    const char *name;
    const char *folder;
    bool (*run)(struct import *import);
    bool tells;  /* itself what it did */
    bool demo;   /* only when asked for */
    bool inside; /* takes the part's folder for the whole */
} PARTS[] = {
    {.name = "reference", .folder = "reference", .run = import_reference},
    {.name = "legal", .folder = "legal", .run = import_legal},
    {.name = "services", .folder = "services", .run = import_services},
    {.name = "media", .folder = "media", .run = import_media},
    {.name = "content", .folder = ".", .run = import_content, .tells = true},
    {.name = "checklist", .folder = "checklist", .run = import_checklist},
    {.name = "demo content", .folder = "demo", .run = import_content, .tells = true, .demo = true, .inside = true},
    {.name = "demo", .folder = ".", .run = import_demo, .demo = true},
    {.name = "requests", .folder = ".", .run = import_demo_services, .demo = true},
};

/* Runs one part and says what it did. */
static bool part_run(struct import *import, const struct part *part)
{
    const char *folder = import_path(import, part->folder);
    if (!folder || access(folder, F_OK) != 0)
        return folder != NULL;
    const char *whole = import->folder;
    import->changes = 0;
    import->found = import->found || !part->tells;
    import->folder = part->inside ? folder : whole;
    const bool done = part->run(import);
    import->folder = whole;
    if (!done)
        return false;
    if (!part->tells)
        import_tell(part->name, import->changes);
    return true;
}

static bool import_run(struct import *import, bool demo)
{
    if (!import->db || PQstatus(import->db) != CONNECTION_OK || !database_do(import->db, "BEGIN"))
        return database_fail(import->db);
    /* Two at once would both find a row missing: one after the other. */
    if (!database_do(import->db, "SELECT pg_advisory_xact_lock(hashtextextended('welcomed import', 0))"))
        return database_fail(import->db);
    bool done = true;
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS && done; i++)
        done = (PARTS[i].demo && !demo) || part_run(import, &PARTS[i]);
    if (done && !import->found)
        return import_refuse(import->folder, 0, "holds nothing to import");
    return done && (database_do(import->db, "COMMIT") || database_fail(import->db));
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
    const bool done = texts_load() && vocabulary_register() && import_run(&import, demo);
    if (!done)
        fputs("Nothing was imported.\n", stderr);
    PQfinish(import.db); /* rolls back what was not committed */
    arena_release(&import.arena);
    vocabulary_release();
    texts_release();
    return done ? COMMAND_OK : COMMAND_FAILED;
}
