/* SPDX-License-Identifier: EUPL-1.2
 * Media that exported content shows: the bytes as they are served, and beside them what is said of them. */
#include "content_file.h"
#include "database.h"
#include "export.h"
#include "json_text.h"
#include "media.h"

#include <stdio.h>
#include <string.h>

#include "banned.h"

/* In binary: text would be twice as long. */
static const char MEDIA[] = "SELECT m.hash, m.type, m.bytes, m.entry::text FROM exported_media m";

static bool refuse(const char *message)
{
    fprintf(stderr, "welcomed export: %s\n", message);
    return false;
}

static bool note_write(struct export *export, const struct schema *schema, const PGresult *row, const char *path)
{
    json_error_t error;
    struct buffer note;
    json_t *entry = json_parse(PQgetvalue(row, 0, 3), (size_t)PQgetlength(row, 0, 3), 0, &error);
    if (!entry)
        return refuse(error.text);
    buffer_init(&note);
    content_write(&note, schema, entry);
    json_decref(entry);
    bool done = !buffer_failed(&note) || refuse("out of memory");
    if (done && note.length > 0) /* else nothing is said of it */
        done = export_file(export, path, note.bytes, note.length);
    buffer_release(&note);
    return done;
}

static bool media_write(struct export *export, const struct schema *schema, const PGresult *row)
{
    char bytes[128], note[128];
    const char *hash = PQgetvalue(row, 0, 0), *ending = media_ending(PQgetvalue(row, 0, 1));
    if (!ending)
        return refuse("a type that is no media type");
    snprintf(bytes, sizeof bytes, "media/%s.%s", hash, ending);
    snprintf(note, sizeof note, "media/%s.yaml", hash);
    return export_file(export, bytes, PQgetvalue(row, 0, 2), (size_t)PQgetlength(row, 0, 2)) && note_write(export, schema, row, note);
}

bool export_media(struct export *export)
{
    struct content_files files;
    struct tree_error tree_error = {0};
    char error[256];
    size_t written = 0;
    if (!content_files_load(&files, &export->arena, &tree_error))
        return refuse(tree_error.message);
    bool done = true, answered = PQsendQueryParams(export->db, MEDIA, 0, NULL, NULL, NULL, NULL, 1) == 1 && PQsetSingleRowMode(export->db) == 1;
    for (PGresult *row; (row = PQgetResult(export->db)); PQclear(row)) {
        const ExecStatusType status = PQresultStatus(row);
        done = done && (status != PGRES_SINGLE_TUPLE || media_write(export, files.media, row));
        written += done && status == PGRES_SINGLE_TUPLE;
        answered = answered && (status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK);
    }
    if (!answered) {
        database_error(export->db, error, sizeof error);
        return refuse(error);
    }
    if (done && written > 0)
        printf("%-10s %zu\n", "media", written);
    return done;
}
