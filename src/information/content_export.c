/* SPDX-License-Identifier: EUPL-1.2
 * Content of all kinds from rows into files: the database says what stands in them, their description how. */
#include "content_file.h"
#include "database.h"
#include "export.h"
#include "json_text.h"

#include <stdio.h>
#include <string.h>

#include "banned.h"

static const char THINGS[] = "SELECT e.key, e.entry FROM exported_thing e WHERE e.kind = $1";
static const char TEXTS[] = "SELECT t.key, t.language, t.front, t.body FROM exported_text t WHERE t.kind = $1";

struct writing {
    struct export *export;
    struct content_files files;
    enum content_kind kind;
    struct buffer buffer;
};

static bool refuse(const char *message)
{
    fprintf(stderr, "welcomed export: %s\n", message);
    return false;
}

/* Writes what the buffer holds. */
static bool buffer_file(struct writing *writing, const char *folder, const char *key, const char *name, const char *ending)
{
    char path[512];
    const int length = snprintf(path, sizeof path, "%s/%s/%s%s", folder, key, name, ending);
    if (buffer_failed(&writing->buffer) || length < 0 || (size_t)length >= sizeof path)
        return refuse("out of memory");
    return export_file(writing->export, path, writing->buffer.bytes, writing->buffer.length);
}

static bool members_write(struct writing *writing, const struct schema *schema, const PGresult *row, int column)
{
    json_error_t error;
    json_t *value = json_parse(PQgetvalue(row, 0, column), (size_t)PQgetlength(row, 0, column), 0, &error);
    if (!value)
        return refuse(error.text);
    content_write(&writing->buffer, schema, value);
    json_decref(value);
    return true;
}

static bool thing_write(struct writing *writing, const PGresult *row)
{
    const struct content_folder *place = &CONTENT_FOLDERS[writing->kind];
    buffer_clear(&writing->buffer);
    return members_write(writing, writing->files.kinds[writing->kind], row, 1) &&
           buffer_file(writing, place->folder, PQgetvalue(row, 0, 0), place->file, "");
}

static bool text_write(struct writing *writing, const PGresult *row)
{
    buffer_clear(&writing->buffer);
    buffer_puts(&writing->buffer, "---\n");
    if (!members_write(writing, writing->files.text, row, 2))
        return false;
    buffer_puts(&writing->buffer, "---\n\n");
    buffer_append(&writing->buffer, PQgetvalue(row, 0, 3), (size_t)PQgetlength(row, 0, 3));
    return buffer_file(writing, CONTENT_FOLDERS[writing->kind].folder, PQgetvalue(row, 0, 0), PQgetvalue(row, 0, 1), ".md");
}

/* Writes a file for each row of the statement as it comes; says how many. */
static bool rows_write(struct writing *writing, const char *sql, int count, const char *const *values,
                       bool (*write)(struct writing *, const PGresult *), size_t *written)
{
    PGconn *db = writing->export->db;
    char error[256];
    bool done = true, answered = PQsendQueryParams(db, sql, count, NULL, values, NULL, NULL, 0) == 1 && PQsetSingleRowMode(db) == 1;
    for (PGresult *row; (row = PQgetResult(db)); PQclear(row)) {
        const ExecStatusType status = PQresultStatus(row);
        done = done && (status != PGRES_SINGLE_TUPLE || write(writing, row));
        *written += done && status == PGRES_SINGLE_TUPLE;
        answered = answered && (status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK);
    }
    if (answered)
        return done;
    database_error(db, error, sizeof error);
    return refuse(error);
}

static bool kind_write(struct writing *writing)
{
    const struct content_folder *place = &CONTENT_FOLDERS[writing->kind];
    size_t things = 0, texts = 0;
    if (!rows_write(writing, THINGS, 1, &place->kind, thing_write, &things) ||
        !rows_write(writing, TEXTS, 1, &place->kind, text_write, &texts))
        return false;
    printf("%-10s %zu with %zu texts\n", place->folder, things, texts);
    return true;
}

bool export_content(struct export *export)
{
    struct writing writing = {.export = export};
    struct tree_error error = {0};
    if (!content_files_load(&writing.files, &export->arena, &error))
        return refuse(error.message);
    buffer_init(&writing.buffer);
    bool done = true;
    for (; writing.kind < CONTENT_KINDS && done; writing.kind++)
        if (CONTENT_FOLDERS[writing.kind].kind)
            done = kind_write(&writing);
    buffer_release(&writing.buffer);
    return done;
}
