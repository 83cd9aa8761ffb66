/* SPDX-License-Identifier: EUPL-1.2
 * `welcomed check [FOLDER]`: proves that contract, operation files and the migrated database agree. With a folder (a source tree)
 * its openapi.yaml and src/<module>/<operation>.sql stand in for the embedded ones: for work on them without building. */
#include "command.h"
#include "database.h"
#include "embed.h"
#include "schema_version.h"
#include "service.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

#define FILE_MAX (4L << 20)

struct folder {
    struct arena arena;
    struct embedded *files;
    size_t count;
};

static bool file_read(struct folder *folder, const char *path, const char *name)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        fprintf(stderr, "welcomed: %s cannot be read\n", path);
        if (file)
            fclose(file);
        return false;
    }
    const long length = ftell(file);
    rewind(file);
    char *bytes = length >= 0 && length <= FILE_MAX ? arena_alloc(&folder->arena, (size_t)length + 1) : NULL;
    const bool read = bytes && fread(bytes, 1, (size_t)length, file) == (size_t)length;
    fclose(file);
    char *kept = read ? arena_text(&folder->arena, name) : NULL;
    if (!kept) {
        fprintf(stderr, "welcomed: %s cannot be read\n", path);
        return false;
    }
    folder->files[folder->count++] = (struct embedded){.path = kept, .bytes = bytes, .length = (size_t)length};
    return true;
}

static bool folder_read(struct folder *folder, const char *path)
{
    glob_t found = {0};
    arena_init(&folder->arena, 64 << 10);
    char *contract = arena_printf(&folder->arena, "%s/openapi.yaml", path);
    char *pattern = arena_printf(&folder->arena, "%s/src/*/*.sql", path);
    bool read = contract && pattern;
    if (read && glob(pattern, 0, NULL, &found) == GLOB_NOSPACE)
        read = false;
    folder->files = read ? arena_array(&folder->arena, found.gl_pathc + 1, sizeof *folder->files) : NULL;
    read = folder->files && file_read(folder, contract, "openapi.yaml");
    for (size_t i = 0; read && i < found.gl_pathc; i++)
        read = file_read(folder, found.gl_pathv[i], found.gl_pathv[i] + strlen(path) + 1);
    globfree(&found);
    return read;
}

/* Says whose schema it is where it is another program's, and whether this program may work with it: if nothing is missing. */
static bool schema_fits(PGconn *db)
{
    struct schema_version version;
    if (!schema_version_read(db, &version))
        return true; /* what follows says why */
    const bool older = version.empty || version.missing > 0;
    if (older)
        fputs("the database's schema is older than this program: run `welcomed migrate`\n", stderr);
    else if (version.unknown > 0)
        fprintf(stderr, "the database's schema is newer than this program, which does not know its migration %s\n", version.last_unknown);
    return !older;
}

static int check_files(const struct config *config, PGconn *db, const struct embedded *files, size_t count)
{
    struct service service = {.metrics = NULL};
    struct buffer report;
    buffer_init(&report);
    const bool agreed = service_load(&service, config, db, files, count, &report);
    const char *text = buffer_text(&report);
    if (agreed)
        printf("%zu operations and %zu statements agree with the contract and the database\n", service.contract.count,
               service.endpoints.statements);
    else
        fputs(text ? text : "out of memory\n", stderr);
    buffer_release(&report);
    service_release(&service);
    return agreed ? COMMAND_OK : COMMAND_FAILED;
}

int command_check(const struct config *config, int argc, char **argv)
{
    struct folder folder = {0};
    if (argc > 2) {
        fputs("usage: welcomed check [FOLDER]\n", stderr);
        return COMMAND_USAGE;
    }
    PGconn *db = database_connect_daemon(config);
    int status = COMMAND_FAILED;
    if (PQstatus(db) != CONNECTION_OK)
        fprintf(stderr, "welcomed: the database cannot be reached: %s", PQerrorMessage(db));
    else if (argc == 1) {
        const bool fits = schema_fits(db);
        status = check_files(config, db, EMBEDDED, EMBEDDED_COUNT);
        status = fits ? status : COMMAND_FAILED;
    } else if (folder_read(&folder, argv[1]))
        status = check_files(config, db, folder.files, folder.count);
    arena_release(&folder.arena);
    PQfinish(db);
    return status;
}
