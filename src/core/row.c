/* SPDX-License-Identifier: EUPL-1.2
 * Rows written as JSON objects by column name and type, from PostgreSQL's text format. */
#include "row.h"

#include "sql_type.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "banned.h"

enum form { FORM_TEXT, FORM_PLAIN, FORM_BOOLEAN, FORM_REAL, FORM_TIME, FORM_TEXT_ARRAY, FORM_PLAIN_ARRAY, FORM_CODE, FORM_OBJECT };

struct field {
    const char *key; /* with quotes and colon: "title": */
    size_t key_length;
    enum form form;
    int column; /* -1 for an object */
    column_write write;
    const struct field *fields; /* of an object */
    size_t count;
    bool nullable; /* an object that is null when all its columns are */
};

struct planner {
    int columns;
    const char *const *names;
    const Oid *types;
    const struct column_code *codes;
    bool *used;
    struct arena *arena;
    char *fault;
};

static bool plan_fault(struct planner *planner, const char *what, const char *name, const char *detail)
{
    snprintf(planner->fault, 256, "%s %s%s", what, name, detail);
    return false;
}

static int column_find(const struct planner *planner, const char *name)
{
    for (int i = 0; i < planner->columns; i++)
        if (strcmp(planner->names[i], name) == 0)
            return i;
    return -1;
}

static enum form form_of(Oid type)
{
    switch (type) {
    case SQL_BOOL:
        return FORM_BOOLEAN;
    case SQL_FLOAT4:
    case SQL_FLOAT8:
    case SQL_NUMERIC:
        return FORM_REAL;
    case SQL_INT2:
    case SQL_INT4:
    case SQL_INT8:
    case SQL_JSON:
    case SQL_JSONB:
        return FORM_PLAIN;
    case SQL_TIMESTAMPTZ:
        return FORM_TIME;
    case SQL_TEXT_ARRAY:
    case SQL_UUID_ARRAY:
        return FORM_TEXT_ARRAY;
    case SQL_INT4_ARRAY:
        return FORM_PLAIN_ARRAY;
    default:
        return FORM_TEXT;
    }
}

static bool fields_plan(struct planner *planner, const struct schema *schema, const char *prefix, const struct field **fields,
                        size_t *count);

static bool column_plan(struct planner *planner, const struct schema *schema, int column, struct field *field)
{
    const char *name = planner->names[column];
    planner->used[column] = true;
    field->column = column;
    field->form = form_of(planner->types[column]);
    for (const struct column_code *code = planner->codes; code && code->column; code++)
        if (code->write && strcmp(code->column, name) == 0) {
            field->form = FORM_CODE;
            field->write = code->write;
            return true;
        }
    if (schema && sql_type_fits(schema, planner->types[column]))
        return true;
    char detail[96];
    snprintf(detail, sizeof detail, " of type %s does not fit its property", sql_type_name(planner->types[column]));
    return plan_fault(planner, "column", name, detail);
}

static bool field_plan(struct planner *planner, const struct schema_property *property, const char *prefix, struct field *field)
{
    const char *full = arena_printf(planner->arena, "%s%s", prefix, property->name);
    field->key = arena_printf(planner->arena, "\"%s\":", property->name);
    if (!full || !field->key)
        return plan_fault(planner, "out of memory", "", "");
    field->key_length = strlen(field->key);
    const int column = column_find(planner, full);
    if (column >= 0)
        return column_plan(planner, property->schema, column, field);
    if (!property->schema || property->schema->property_count == 0)
        return plan_fault(planner, "no column for property", full, "");
    const char *below = arena_printf(planner->arena, "%s.", full);
    field->column = -1;
    field->form = FORM_OBJECT;
    field->nullable = property->schema->nullable;
    return below ? fields_plan(planner, property->schema, below, &field->fields, &field->count)
                 : plan_fault(planner, "out of memory", "", "");
}

static bool fields_plan(struct planner *planner, const struct schema *schema, const char *prefix, const struct field **fields,
                        size_t *count)
{
    struct field *planned = arena_array(planner->arena, schema->property_count + 1, sizeof *planned);
    if (!planned)
        return plan_fault(planner, "out of memory", "", "");
    for (size_t i = 0; i < schema->property_count; i++)
        if (!field_plan(planner, &schema->properties[i], prefix, &planned[i]))
            return false;
    *fields = planned;
    *count = schema->property_count;
    return true;
}

static int reserved_plan(struct planner *planner, const char *name)
{
    const int column = column_find(planner, name);
    if (column >= 0)
        planner->used[column] = true;
    return column;
}

/* The names live as long as the plan. */
static bool columns_keep(struct planner *planner, struct row_plan *plan)
{
    const size_t count = (size_t)planner->columns;
    const char **names = arena_array(planner->arena, count + 1, sizeof *names);
    Oid *types = arena_array(planner->arena, count + 1, sizeof *types);
    planner->used = arena_array(planner->arena, count + 1, sizeof *planner->used);
    if (!names || !types || !planner->used)
        return plan_fault(planner, "out of memory", "", "");
    for (size_t i = 0; i < count; i++) {
        names[i] = arena_text(planner->arena, planner->names[i]);
        types[i] = planner->types[i];
        if (!names[i])
            return plan_fault(planner, "out of memory", "", "");
    }
    plan->columns = planner->columns;
    plan->names = names;
    plan->types = types;
    return true;
}

static bool column_for_code(const struct planner *planner, const char *name)
{
    for (const struct column_code *code = planner->codes; code && code->column; code++)
        if (!code->write && strcmp(code->column, name) == 0)
            return true;
    return false;
}

const struct row_plan *row_plan_make(const struct schema *schema, int columns, const char *const *names, const Oid *types,
                                     const struct column_code *codes, struct arena *arena, char fault[256])
{
    struct planner planner = {columns, names, types, codes, NULL, arena, fault};
    struct row_plan *plan = arena_alloc(arena, sizeof *plan);
    if (!plan || !columns_keep(&planner, plan)) {
        plan_fault(&planner, "out of memory", "", "");
        return NULL;
    }
    plan->status = reserved_plan(&planner, "_status");
    plan->location = reserved_plan(&planner, "_location");
    plan->revision = reserved_plan(&planner, "_revision");
    plan->cursor = reserved_plan(&planner, "_cursor");
    plan->served = column_find(&planner, "language.served");
    if (schema && !fields_plan(&planner, schema, "", &plan->fields, &plan->count))
        return NULL;
    for (int i = 0; schema && i < columns; i++)
        if (!planner.used[i] && !column_for_code(&planner, names[i])) {
            plan_fault(&planner, "column", names[i], " is no property of the answer");
            return NULL;
        }
    return plan;
}

bool row_plan_fits(const struct row_plan *plan, const PGresult *result)
{
    if (PQnfields(result) != plan->columns)
        return false;
    for (int i = 0; i < plan->columns; i++)
        if (PQftype(result, i) != plan->types[i] || strcmp(PQfname(result, i), plan->names[i]) != 0)
            return false;
    return true;
}

/* '2026-11-22 10:00:00.5+00' (TimeZone is UTC) as RFC 3339 in whole seconds; a time no client could read becomes null. */
static void time_write(struct buffer *out, const char *value, size_t length)
{
    char text[] = "\"0000-00-00T00:00:00Z\"";
    if (length < 22 || value[4] != '-' || value[10] != ' ' || strcmp(value + length - 3, "+00") != 0) {
        buffer_puts(out, "null");
        return;
    }
    memcpy(text + 1, value, 10);
    memcpy(text + 12, value + 11, 8);
    buffer_append(out, text, sizeof text - 1);
}

/* One element of an array's text form, from at up to the ',' or '}' behind it, which is returned. */
static const char *element_write(struct buffer *out, struct buffer *item, const char *at, bool quoted_json)
{
    const char *bytes = at;
    size_t length = strcspn(at, ",}");
    if (length == 4 && memcmp(bytes, "NULL", 4) == 0) {
        buffer_append(out, "null", 4);
        return at + length;
    }
    if (*at != '"') {
        at += length;
    } else {
        buffer_clear(item);
        for (at++; *at && *at != '"'; at++) {
            if (*at == '\\' && at[1])
                at++;
            buffer_putc(item, *at);
        }
        at += *at == '"';
        out->failed = out->failed || buffer_failed(item); /* the next element clears it */
        bytes = item->bytes ? item->bytes : "";
        length = item->length;
    }
    if (quoted_json)
        buffer_json(out, bytes, length);
    else
        buffer_append(out, bytes, length);
    return at;
}

/* '{a,"b c",NULL}' (PostgreSQL manual §8.15.6), one dimension. */
static void array_write(struct buffer *out, const char *value, bool quoted)
{
    struct buffer item;
    buffer_init(&item);
    buffer_putc(out, '[');
    const char *at = value + (*value == '{');
    while (*at && *at != '}') {
        at = element_write(out, &item, at, quoted);
        if (*at != ',')
            break;
        buffer_putc(out, ',');
        at++;
    }
    buffer_putc(out, ']');
    buffer_release(&item);
}

static void value_write(const struct field *field, const char *value, size_t length, const char *language, struct buffer *out)
{
    switch (field->form) {
    case FORM_PLAIN:
        buffer_append(out, value, length);
        break;
    case FORM_BOOLEAN:
        buffer_puts(out, *value == 't' ? "true" : "false");
        break;
    case FORM_REAL: /* NaN and infinities have no JSON */
        if (strspn(value, "0123456789.+-eE") == length)
            buffer_append(out, value, length);
        else
            buffer_puts(out, "null");
        break;
    case FORM_TIME:
        time_write(out, value, length);
        break;
    case FORM_TEXT_ARRAY:
        array_write(out, value, true);
        break;
    case FORM_PLAIN_ARRAY:
        array_write(out, value, false);
        break;
    case FORM_CODE:
        if (!field->write(out, value, language))
            out->failed = true;
        break;
    default:
        buffer_json(out, value, length);
    }
}

static bool all_null(const struct field *fields, size_t count, const PGresult *result, int row)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i].column < 0 ? !all_null(fields[i].fields, fields[i].count, result, row)
                                 : !PQgetisnull(result, row, fields[i].column))
            return false;
    return true;
}

static void fields_write(const struct field *fields, size_t count, const PGresult *result, int row, const char *language,
                         struct buffer *out)
{
    buffer_putc(out, '{');
    for (size_t i = 0; i < count; i++) {
        const struct field *field = &fields[i];
        if (i)
            buffer_putc(out, ',');
        buffer_append(out, field->key, field->key_length);
        if (field->column < 0 && field->nullable && all_null(field->fields, field->count, result, row))
            buffer_append(out, "null", 4);
        else if (field->column < 0)
            fields_write(field->fields, field->count, result, row, language, out);
        else if (PQgetisnull(result, row, field->column))
            buffer_append(out, "null", 4);
        else
            value_write(field, PQgetvalue(result, row, field->column), (size_t)PQgetlength(result, row, field->column), language,
                        out);
    }
    buffer_putc(out, '}');
}

void row_write(const struct row_plan *plan, const PGresult *result, int row, const char *language, struct buffer *out)
{
    fields_write(plan->fields, plan->count, result, row, language, out);
}

static int cell_find(const PGresult *rows, int row, const char *column)
{
    const int number = PQfnumber(rows, column);
    return row < 0 || row >= PQntuples(rows) || number < 0 || PQgetisnull(rows, row, number) ? -1 : number;
}

const char *row_text(const PGresult *rows, int row, const char *column)
{
    const int number = cell_find(rows, row, column);
    return number < 0 ? NULL : PQgetvalue(rows, row, number);
}

/* '\x0a1b' (PostgreSQL manual §8.4.1). */
bool row_bytes(const PGresult *rows, int row, const char *column, struct buffer *out)
{
    unsigned char bytes[512];
    const char *text = row_text(rows, row, column);
    if (!text || strncmp(text, "\\x", 2) != 0)
        return false;
    for (text += 2; *text;) {
        const char *end = text;
        size_t length = 0;
        sodium_hex2bin(bytes, sizeof bytes, text, strnlen(text, 2 * sizeof bytes), NULL, &length, &end);
        if (end == text)
            return false;
        buffer_append(out, (const char *)bytes, length);
        text = end;
    }
    return true;
}

void row_value_write(const PGresult *rows, int row, int column, struct buffer *out)
{
    const struct field field = {.form = form_of(PQftype(rows, column))};
    if (row >= PQntuples(rows) || PQgetisnull(rows, row, column))
        buffer_puts(out, "null");
    else
        value_write(&field, PQgetvalue(rows, row, column), (size_t)PQgetlength(rows, row, column), "", out);
}
