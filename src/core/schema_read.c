/* SPDX-License-Identifier: EUPL-1.2
 * The list of faults, and the texts of parameters read as the values their schemas speak of. */
#include "schema.h"

#include "json_text.h"

#include <string.h>

#include "banned.h"

void faults_init(struct faults *faults, struct arena *arena)
{
    *faults = (struct faults){.arena = arena};
}

void faults_add(struct faults *faults, struct fault fault)
{
    if (faults->count >= FAULTS_MAX)
        return;
    if (faults->count == faults->capacity) {
        const size_t capacity = faults->capacity ? faults->capacity * 2 : 8;
        struct fault *items = arena_array(faults->arena, capacity, sizeof *items);
        if (!items) {
            faults->failed = true;
            return;
        }
        if (faults->count)
            memcpy(items, faults->items, faults->count * sizeof *items);
        faults->items = items;
        faults->capacity = capacity;
    }
    faults->items[faults->count++] = fault;
}

static json_t *read_fault(struct faults *faults, const char *parameter, const char *code, const char *limit)
{
    faults_add(faults, (struct fault){.parameter = parameter, .code = code, .limit = limit});
    return NULL;
}

static json_t *read_failed(struct faults *faults)
{
    faults->failed = true;
    return NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* jansson's own grammar of numbers, without the white space it would skip. */
static json_t *read_number(const char *text, size_t length, bool integer, const char *parameter, struct faults *faults)
{
    json_error_t error;
    const bool numeric = length > 0 && (*text == '-' || is_digit(*text)) && is_digit(text[length - 1]);
    json_t *value = numeric ? json_parse(text, length, JSON_DECODE_ANY, &error) : NULL;
    if (numeric && !value && json_error_code(&error) == json_error_out_of_memory)
        return read_failed(faults);
    if (numeric && !value && json_error_code(&error) == json_error_numeric_overflow)
        return *text == '-' ? read_fault(faults, parameter, "too_small", "-9223372036854775808")
                            : read_fault(faults, parameter, "too_large", "9223372036854775807");
    if (value && (!integer || json_is_integer(value)))
        return value;
    json_decref(value);
    return read_fault(faults, parameter, "type", integer ? "integer" : "number");
}

static json_t *read_boolean(const char *text, size_t length, const char *parameter, struct faults *faults)
{
    if (length == 4 && memcmp(text, "true", 4) == 0)
        return json_true();
    if (length == 5 && memcmp(text, "false", 5) == 0)
        return json_false();
    return read_fault(faults, parameter, "type", "boolean");
}

static json_t *read_scalar(unsigned types, const char *text, size_t length, const char *parameter, struct faults *faults)
{
    if (types == 0 || (types & SCHEMA_STRING)) {
        json_t *value = json_stringn(text, length);
        return value ? value : read_failed(faults);
    }
    if (types & (SCHEMA_INTEGER | SCHEMA_NUMBER))
        return read_number(text, length, !(types & SCHEMA_NUMBER), parameter, faults);
    if (types & SCHEMA_BOOLEAN)
        return read_boolean(text, length, parameter, faults);
    return read_fault(faults, parameter, "type", "none"); /* objects have no text */
}

/* Elements between commas; an empty text holds none. */
static json_t *read_array(unsigned types, const char *text, const char *parameter, struct faults *faults)
{
    json_t *array = json_array();
    if (!array)
        return read_failed(faults);
    for (const char *at = text; *text; at++) {
        const size_t length = strcspn(at, ",");
        json_t *item = read_scalar(types, at, length, parameter, faults);
        if (!item || json_array_append_new(array, item) != 0) {
            json_decref(array);
            return item ? read_failed(faults) : NULL;
        }
        at += length;
        if (!*at)
            break;
    }
    return array;
}

json_t *schema_read(const struct schema *schema, const char *text, const char *parameter, struct faults *faults)
{
    if (schema->types == SCHEMA_ARRAY)
        return read_array(schema->items ? schema->items->types : 0, text, parameter, faults);
    return read_scalar(schema->types, text, strlen(text), parameter, faults);
}
