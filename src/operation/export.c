/* SPDX-License-Identifier: EUPL-1.2
 * `welcomed export`: what readers get as a folder of files (content/README.md), which `welcomed import` reads. */
#include "export.h"

#include "command.h"
#include "database.h"
#include "vocabulary.h"

#include <stdio.h>
#include <string.h>

#include "banned.h"

static bool database_fail(PGconn *db)
{
    char error[256];
    database_error(db, error, sizeof error);
    fprintf(stderr, "welcomed export: %s\n", error);
    return false;
}

static bool export_run(struct export *export)
{
    if (PQstatus(export->db) != CONNECTION_OK ||
        !database_do(export->db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0"))
        return database_fail(export->db);
    if (!export_begin(export) || !export_content(export) || !export_media(export))
        return false;
    if (export->files == 0 && !export->empty && !export->force) {
        fprintf(stderr, "welcomed export: there is no content, but some in %s; --force removes it\n", export->folder);
        return false;
    }
    return export_finish(export);
}

int command_export(const struct config *config, int argc, char **argv)
{
    struct export export = {.lock = -1};
    bool understood = true;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--force") == 0)
            export.force = true;
        else if (argv[i][0] == '-' || export.folder)
            understood = false;
        else
            export.folder = argv[i];
    }
    if (!understood || !export.folder) {
        fprintf(stderr, "usage: welcomed %s FOLDER [--force]\n"
                        "  --force  write where other things stand, too: what is in the folders of content goes\n", argv[0]);
        return COMMAND_USAGE;
    }
    arena_init(&export.arena, 64 * 1024);
    export.db = database_connect_worker(config);
    const bool done = vocabulary_register() && export_run(&export);
    if (!done)
        fputs("Nothing was exported.\n", stderr);
    export_release(&export);
    PQfinish(export.db);
    arena_release(&export.arena);
    return done ? COMMAND_OK : COMMAND_FAILED;
}
