/* SPDX-License-Identifier: EUPL-1.2
 * How a statement's columns become the JSON of an answer: planned once against the schema, then written row by row. */
#ifndef WELCOME_ROW_H
#define WELCOME_ROW_H

#include "arena.h"
#include "buffer.h"
#include "schema.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

/* Writes one column's value, which is never NULL, in the reader's language (a tag) as JSON. False: out of memory or not writable. */
typedef bool (*column_write)(struct buffer *out, const char *value, const char *language);

/* A column an operation writes with C of its own. */
struct column_code {
    const char *column;
    column_write write; /* NULL: as any other; the column need not be a property of the answer */
};

struct field; /* one property of the object being written */

struct row_plan {
    const struct field *fields;
    size_t count;
    int columns; /* what the statement answers with; compared with every result */
    const char *const *names;
    const Oid *types;
    int status, location, revision, cursor, served; /* columns of _status, _location, _revision, _cursor, language.served; -1: none */
};

/* Plans writing rows of these columns as objects of schema. Every property needs a column (a nested object: columns "a.b") of
 * fitting type and every column a property. On a fault returns NULL with a sentence in fault. columns with code of their own
 * (codes, may be NULL, ends with column NULL) need only their name. */
const struct row_plan *row_plan_make(const struct schema *schema, int columns, const char *const *names, const Oid *types,
                                     const struct column_code *codes, struct arena *arena, char fault[256]);

/* Whether the result has exactly the planned columns. */
bool row_plan_fits(const struct row_plan *plan, const PGresult *result);

/* The text form of a column's value, borrowed; NULL: it is NULL, or there is no such row or column. */
const char *row_text(const PGresult *rows, int row, const char *column);

/* Appends the bytes of a bytea column. False: there are none, as above. */
bool row_bytes(const PGresult *rows, int row, const char *column, struct buffer *out);

/* Writes one value as JSON by its type: null when it is NULL or there is no such row. */
void row_value_write(const PGresult *rows, int row, int column, struct buffer *out);

/* Writes one row as an object. */
void row_write(const struct row_plan *plan, const PGresult *result, int row, const char *language, struct buffer *out);

#endif
