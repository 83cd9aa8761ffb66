/* SPDX-License-Identifier: EUPL-1.2
 * Reading content files and writing rows, with messages that name file and line. */
#include "import.h"

#include "database.h"
#include "json_text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

enum { FILE_BYTES_MAX = 4 * 1024 * 1024, CSV_COLUMNS_MAX = 64, CSV_ROWS_MAX = 100000 };

bool import_refuse(const char *path, unsigned line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, line ? "%s:%u: " : "%s: ", path, line);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return false;
}

const char *import_path(struct import *import, const char *name)
{
    return arena_printf(&import->arena, "%s/%s", import->folder, name);
}

const char *import_text(struct import *import, const char *path, size_t *length)
{
    FILE *file = fopen(path, "re");
    char *chunk = file ? malloc(FILE_BYTES_MAX) : NULL;
    *length = chunk ? fread(chunk, 1, FILE_BYTES_MAX, file) : 0;
    const bool fits = *length < FILE_BYTES_MAX && !(chunk && memchr(chunk, '\0', *length));
    const char *text = chunk && fits && !ferror(file) ? arena_copy(&import->arena, chunk, *length) : NULL;
    if (!text)
        import_refuse(path, 0, "%s", fits ? strerror(errno) : "is no text of less than 4 MiB");
    free(chunk);
    if (file)
        fclose(file);
    return text;
}

const struct node *import_tree(struct import *import, const char *path)
{
    struct tree_error error = {0};
    size_t length;
    const char *text = import_text(import, path, &length);
    const struct node *tree = text ? tree_parse(text, length, &import->arena, &error) : NULL;
    if (text && !tree)
        import_refuse(path, error.line, "%s", error.message);
    return tree;
}

/* One CSV record from *at on; a quoted field may hold commas, line ends and doubled quotes. Returns the number of fields, -1 when
 * the record is faulty. */
static int csv_record(char **at, unsigned *line, char *fields[CSV_COLUMNS_MAX])
{
    char *from = *at, *to = *at;
    for (int count = 0; count < CSV_COLUMNS_MAX;) {
        const bool quoted = *from == '"';
        fields[count++] = to;
        for (from += quoted; *from && (quoted || !strchr(",\r\n", *from)); from++) {
            if (quoted && *from == '"' && *++from != '"')
                break;
            *line += *from == '\n';
            *to++ = *from;
        }
        if (!strchr(",\r\n", *from))
            return -1; /* text behind a closing quote */
        const char end = *from;
        from += end == '\r' && from[1] == '\n' ? 2 : end != '\0';
        *to++ = '\0';
        if (end != ',') {
            *line += end != '\0';
            *at = from;
            return count;
        }
    }
    return -1;
}

static struct node *csv_row(struct arena *arena, char *const *names, char *const *fields, int count, unsigned line)
{
    struct node *row = arena_alloc(arena, sizeof *row);
    struct node *cells = arena_array(arena, (size_t)count, sizeof *cells);
    struct node **items = arena_array(arena, (size_t)count, sizeof *items);
    if (!row || !cells || !items)
        return NULL;
    for (int i = 0; i < count; i++) {
        cells[i] = (struct node){.kind = NODE_TEXT, .line = line, .text = fields[i]};
        items[i] = &cells[i];
    }
    *row = (struct node){.kind = NODE_MAPPING, .line = line, .count = (size_t)count, .items = items, .keys = (const char **)names};
    return row;
}

/* Reads the records behind the header into rows; false when one is faulty (line says where). */
static bool csv_rows(struct import *import, char *at, struct node *rows, unsigned *line)
{
    char *names[CSV_COLUMNS_MAX], *fields[CSV_COLUMNS_MAX];
    const int columns = csv_record(&at, line, names);
    char **kept = columns > 0 ? arena_array(&import->arena, (size_t)columns, sizeof *kept) : NULL;
    rows->items = arena_array(&import->arena, CSV_ROWS_MAX, sizeof *rows->items);
    if (!kept || !rows->items)
        return false;
    memcpy(kept, names, (size_t)columns * sizeof *kept);
    while (*at) {
        const unsigned start = *line;
        struct node *row = NULL;
        if (rows->count < CSV_ROWS_MAX && csv_record(&at, line, fields) == columns)
            row = csv_row(&import->arena, kept, fields, columns, start);
        *line = row ? *line : start;
        if (!row)
            return false;
        rows->items[rows->count++] = row;
    }
    return true;
}

const struct node *import_csv(struct import *import, const char *path)
{
    size_t length;
    unsigned line = 1;
    const char *text = import_text(import, path, &length);
    char *copy = text ? arena_text(&import->arena, text) : NULL;
    struct node *rows = arena_alloc(&import->arena, sizeof *rows);
    if (!copy || !rows)
        return NULL;
    *rows = (struct node){.kind = NODE_SEQUENCE, .line = 1};
    if (csv_rows(import, copy, rows, &line))
        return rows;
    import_refuse(path, line, "the record does not have the fields of the first line");
    return NULL;
}

const char *import_json(struct import *import, const struct node *node)
{
    json_t *value = node ? node_json(node) : json_array();
    char *text = value ? json_format(value, JSON_COMPACT) : NULL;
    const char *kept = text ? arena_text(&import->arena, text) : NULL;
    free(text);
    json_decref(value);
    return kept;
}

bool import_write(struct import *import, const char *path, unsigned line, const char *sql, int count, const char *const *values)
{
    char error[256];
    PGresult *result = database_query(import->db, sql, count, values);
    if (!result) {
        import->broken = true;
        database_error(import->db, error, sizeof error);
        return import_refuse(path, line, "%s", error);
    }
    const char *told = PQntuples(result) > 0 ? database_value(result, 0, 0) : NULL;
    import->changes += told && (*told == 't' || strtol(told, NULL, 10) > 0);
    PQclear(result);
    return true;
}
