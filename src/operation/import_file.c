/* SPDX-License-Identifier: EUPL-1.2
 * Reading content files, what they must look like, and writing rows, with messages that name file and line. */
#include "import.h"

#include "content_file.h"
#include "database.h"
#include "json_text.h"
#include "problem.h"

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

int import_names(struct import *import, const char *path, int (*suits)(const struct dirent *), size_t drop, const char ***names)
{
    struct dirent **entries = NULL;
    const int count = path ? scandir(path, &entries, suits, alphasort) : -1;
    if (count < 0) {
        import_refuse(path ? path : "", 0, "cannot be read");
        return -1;
    }
    *names = arena_array(&import->arena, (size_t)count + 1, sizeof **names);
    bool whole = *names != NULL;
    for (int i = 0; i < count; i++) {
        if (whole)
            (*names)[i] = arena_copy(&import->arena, entries[i]->d_name, strlen(entries[i]->d_name) - drop);
        whole = whole && (*names)[i];
        free(entries[i]);
    }
    free(entries);
    return whole ? count : -1;
}

bool import_members(const char *path, const struct node *mapping, const char *const *names)
{
    bool known = mapping && mapping->kind == NODE_MAPPING;
    if (!known)
        return import_refuse(path, mapping ? mapping->line : 1, "a mapping is expected here");
    for (size_t i = 0; i < mapping->count; i++) {
        size_t k = 0;
        while (names[k] && strcmp(names[k], mapping->keys[i]) != 0)
            k++;
        if (!names[k])
            known = import_refuse(path, mapping->key_lines[i], "there is no member `%s`", mapping->keys[i]);
    }
    return known;
}

bool import_text_fits(const char *path, const struct node *mapping, const char *name, size_t longest)
{
    const char *text = node_text(mapping, name);
    const struct node *member = node_get(mapping, name);
    size_t characters = 0;
    for (const char *c = text ? text : ""; *c; c++)
        characters += ((unsigned char)*c & 0xc0) != 0x80;
    return (characters > 0 && characters <= longest) ||
           import_refuse(path, member ? member->line : mapping->line, "`%s` must be a text of 1 to %zu characters", name, longest);
}

bool import_provenance(const char *path, const struct node *text)
{
    static const char *const members[] = {"method", "source_language", "reviewed_on", NULL};
    const struct node *provenance = node_get(text, "provenance");
    const char *method = node_text(provenance, "method");
    const bool machine = method && strcmp(method, "machine") == 0;
    if (!provenance)
        return import_refuse(path, text->line, "`provenance` is missing");
    if (!import_members(path, provenance, members))
        return false;
    if (!machine && !(method && (strcmp(method, "human") == 0 || strcmp(method, "machine_reviewed") == 0)))
        return import_refuse(path, provenance->line, "`method` must be human, machine or machine_reviewed");
    return import_text_fits(path, provenance, "source_language", 35) &&
           (machine || import_text_fits(path, provenance, "reviewed_on", 10));
}

bool import_words(struct import *import, const char *path, const struct node *mapping, const char *member, const char *unknown)
{
    const struct node *words = node_get(mapping, member);
    const char *json = import_json(import, words);
    if (!words || words->kind != NODE_SEQUENCE || words->count == 0)
        return import_refuse(path, mapping->line, "`%s` must be a list with at least one word", member);
    PGresult *result = json ? PQexecParams(import->db, unknown, 1, NULL, &json, NULL, NULL, 0) : NULL;
    const bool answered = PQresultStatus(result) == PGRES_TUPLES_OK;
    const bool known = answered && PQgetisnull(result, 0, 0);
    if (!known)
        import_refuse(path, words->line, "unknown in `%s`: %s", member,
                      answered ? PQgetvalue(result, 0, 0) : PQerrorMessage(import->db));
    import->broken |= !answered;
    PQclear(result);
    return known;
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

static void changes_count(struct import *import, const PGresult *result)
{
    const char *told = PQntuples(result) > 0 ? database_value(result, 0, 0) : NULL;
    import->changes += told && (*told == 't' || strtol(told, NULL, 10) > 0);
}

static bool database_refuse(struct import *import, const char *path, unsigned line)
{
    char error[256];
    import->broken = true;
    database_error(import->db, error, sizeof error);
    return import_refuse(path, line, "%s", error);
}

bool import_write(struct import *import, const char *path, unsigned line, const char *sql, int count, const char *const *values)
{
    PGresult *result = database_query(import->db, sql, count, values);
    if (!result)
        return database_refuse(import, path, line);
    changes_count(import, result);
    PQclear(result);
    return true;
}

bool import_fault(struct import *import, const char *path, unsigned line, const struct fault *fault)
{
    const char *where = fault->pointer ? fault->pointer : "";
    return import_refuse(path, line, "%s%s%s", where, *where ? ": " : "", fault_sentence(fault, "en", &import->arena));
}

bool import_faults(struct import *import, const char *path, const struct node *root, const struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        import_fault(import, path, content_line(root, faults->items[i].pointer), &faults->items[i]);
    return false;
}

bool import_apply(struct import *import, const char *path, const struct node *root, const char *sql, int count,
                  const char *const *values)
{
    struct faults faults;
    faults_init(&faults, &import->arena);
    PGresult *result = PQexecParams(import->db, sql, count, NULL, values, NULL, NULL, 0);
    const bool answered = PQresultStatus(result) == PGRES_TUPLES_OK;
    if (!answered)
        problem_of_error(result, &faults);
    else if (PQntuples(result) > 0 && PQnfields(result) > 1)
        faults_read(database_value(result, 0, 1), &faults);
    if (answered && faults.count == 0)
        changes_count(import, result);
    PQclear(result);
    import->broken = import->broken || !answered;
    if (faults.count > 0)
        return import_faults(import, path, root, &faults);
    return answered || database_refuse(import, path, root->line);
}
