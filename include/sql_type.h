/* SPDX-License-Identifier: EUPL-1.2
 * The PostgreSQL types the contract can ask for and answer with (fixed OIDs of pg_type.dat). */
#ifndef WELCOME_SQL_TYPE_H
#define WELCOME_SQL_TYPE_H

#include "arena.h"
#include "schema.h"

#include <jansson.h>
#include <libpq-fe.h>

enum sql_type {
    SQL_BOOL = 16,
    SQL_BYTEA = 17,
    SQL_INT8 = 20,
    SQL_INT2 = 21,
    SQL_INT4 = 23,
    SQL_TEXT = 25,
    SQL_JSON = 114,
    SQL_FLOAT4 = 700,
    SQL_FLOAT8 = 701,
    SQL_INT4_ARRAY = 1007,
    SQL_TEXT_ARRAY = 1009,
    SQL_VARCHAR = 1043,
    SQL_DATE = 1082,
    SQL_TIMESTAMPTZ = 1184,
    SQL_NUMERIC = 1700,
    SQL_UUID = 2950,
    SQL_UUID_ARRAY = 2951,
    SQL_JSONB = 3802,
};

/* "timestamptz"; "another type" for one not listed above. */
const char *sql_type_name(Oid type);

/* The type a parameter or body member of this schema is bound as: string text, by format uuid, date or timestamptz; integer int4
 * (format int64: int8), number float8, boolean bool, array of strings text[] (of uuids uuid[]), everything else jsonb. */
Oid sql_type_of(const struct schema *schema);

/* Whether an answer's property of this schema can be written from a column of that type. */
bool sql_type_fits(const struct schema *schema, Oid type);

/* The text form of a value for a parameter of that type, in the arena or borrowed from value; NULL for JSON null and absence
 * (value NULL), and with *failed set when out of memory. */
const char *sql_text(const json_t *value, Oid type, struct arena *arena, bool *failed);

/* '{"a","b"}' of plain texts; NULL when out of memory. */
const char *sql_text_array(const char *const *items, size_t count, struct arena *arena);

/* bytea's hex form ("\x..."), in the arena; NULL when out of memory. */
const char *sql_bytes_text(const void *bytes, size_t length, struct arena *arena);

#endif
