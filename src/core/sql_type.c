/* SPDX-License-Identifier: EUPL-1.2
 * Between JSON values and the text forms of PostgreSQL's types. */
#include "sql_type.h"

#include "buffer.h"
#include "json_text.h"

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

static const struct {
    Oid type;
    const char *name;
    unsigned fits; /* schema types a column of this type can be written as */
} TYPES[] = {
    {SQL_BOOL, "bool", SCHEMA_BOOLEAN},
    {SQL_BYTEA, "bytea", 0},
    {SQL_INT2, "int2", SCHEMA_INTEGER | SCHEMA_NUMBER},
    {SQL_INT4, "int4", SCHEMA_INTEGER | SCHEMA_NUMBER},
    {SQL_INT8, "int8", SCHEMA_INTEGER | SCHEMA_NUMBER},
    {SQL_FLOAT4, "float4", SCHEMA_NUMBER},
    {SQL_FLOAT8, "float8", SCHEMA_NUMBER},
    {SQL_NUMERIC, "numeric", SCHEMA_NUMBER},
    {SQL_TEXT, "text", SCHEMA_STRING},
    {SQL_VARCHAR, "varchar", SCHEMA_STRING},
    {SQL_UUID, "uuid", SCHEMA_STRING},
    {SQL_DATE, "date", SCHEMA_STRING},
    {SQL_TIMESTAMPTZ, "timestamptz", SCHEMA_STRING},
    {SQL_TEXT_ARRAY, "text[]", SCHEMA_ARRAY},
    {SQL_INT4_ARRAY, "int4[]", SCHEMA_ARRAY},
    {SQL_UUID_ARRAY, "uuid[]", SCHEMA_ARRAY},
    {SQL_JSON, "json", SCHEMA_ARRAY | SCHEMA_OBJECT},
    {SQL_JSONB, "jsonb", SCHEMA_ARRAY | SCHEMA_OBJECT},
};

const char *sql_type_name(Oid type)
{
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++)
        if (TYPES[i].type == type)
            return TYPES[i].name;
    return "another type";
}

static bool format_is(const struct schema *schema, const char *format)
{
    return schema && schema->format && strcmp(schema->format, format) == 0;
}

Oid sql_type_of(const struct schema *schema)
{
    const unsigned types = schema->types & ~(unsigned)SCHEMA_NULL;
    if (types == SCHEMA_STRING)
        return format_is(schema, "uuid")        ? SQL_UUID
               : format_is(schema, "date")      ? SQL_DATE
               : format_is(schema, "date-time") ? SQL_TIMESTAMPTZ
                                                : SQL_TEXT;
    if (types == SCHEMA_INTEGER)
        return format_is(schema, "int64") ? SQL_INT8 : SQL_INT4;
    if (types == SCHEMA_NUMBER)
        return SQL_FLOAT8;
    if (types == SCHEMA_BOOLEAN)
        return SQL_BOOL;
    if (types == SCHEMA_ARRAY && schema->items && schema->items->types == SCHEMA_STRING)
        return format_is(schema->items, "uuid") ? SQL_UUID_ARRAY : SQL_TEXT_ARRAY;
    return SQL_JSONB;
}

bool sql_type_fits(const struct schema *schema, Oid type)
{
    const unsigned types = schema->types & ~(unsigned)SCHEMA_NULL;
    if (types == SCHEMA_STRING && format_is(schema, "uuid"))
        return type == SQL_UUID;
    if (types == SCHEMA_STRING && format_is(schema, "date"))
        return type == SQL_DATE;
    if (types == SCHEMA_STRING && format_is(schema, "date-time"))
        return type == SQL_TIMESTAMPTZ;
    if (types == SCHEMA_STRING && (type == SQL_DATE || type == SQL_TIMESTAMPTZ || type == SQL_UUID))
        return false; /* say the format: a reader of the contract wants to know */
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++)
        if (TYPES[i].type == type)
            return types ? (TYPES[i].fits & types) != 0 : type == SQL_JSON || type == SQL_JSONB;
    return false;
}

static void array_item(struct buffer *out, const char *text)
{
    buffer_putc(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buffer_putc(out, '\\');
        buffer_putc(out, *text);
    }
    buffer_putc(out, '"');
}

/* Moves the buffer's text into the arena. */
static const char *arena_take(struct arena *arena, struct buffer *buffer)
{
    const char *text = buffer_text(buffer);
    const char *copy = text ? arena_text(arena, text) : NULL;
    buffer_release(buffer);
    return copy;
}

const char *sql_text_array(const char *const *items, size_t count, struct arena *arena)
{
    struct buffer out;
    buffer_init(&out);
    buffer_putc(&out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i)
            buffer_putc(&out, ',');
        array_item(&out, items[i]);
    }
    buffer_putc(&out, '}');
    return arena_take(arena, &out);
}

static const char *json_array_text(const json_t *array, struct arena *arena)
{
    struct buffer out;
    size_t i;
    json_t *item;
    buffer_init(&out);
    buffer_putc(&out, '{');
    json_array_foreach(array, i, item) {
        if (i)
            buffer_putc(&out, ',');
        array_item(&out, json_string_value(item) ? json_string_value(item) : "");
    }
    buffer_putc(&out, '}');
    return arena_take(arena, &out);
}

static const char *json_text(const json_t *value, struct arena *arena)
{
    char *dump = json_format(value, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *copy = dump ? arena_text(arena, dump) : NULL;
    free(dump);
    return copy;
}

const char *sql_text(const json_t *value, Oid type, struct arena *arena, bool *failed)
{
    const char *text;
    if (!value || json_is_null(value))
        return NULL;
    if (type == SQL_JSONB)
        text = json_text(value, arena);
    else if (json_is_string(value))
        return json_string_value(value);
    else if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    else if (json_is_array(value))
        text = json_array_text(value, arena);
    else if (json_is_real(value) && (type == SQL_INT4 || type == SQL_INT8)) /* 1.0 is an integer to JSON Schema */
        text = arena_printf(arena, "%.0f", json_real_value(value));
    else
        text = json_text(value, arena);
    if (!text)
        *failed = true;
    return text;
}

const char *sql_bytes_text(const void *bytes, size_t length, struct arena *arena)
{
    const size_t size = 2 * length + 1;
    char *text = length < SIZE_MAX / 4 ? arena_alloc(arena, 2 + size) : NULL;
    if (!text)
        return NULL;
    memcpy(text, "\\x", 2);
    sodium_bin2hex(text + 2, size, bytes, length);
    return text;
}
