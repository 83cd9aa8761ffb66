/* SPDX-License-Identifier: EUPL-1.2
 * Checks values against compiled schemas and tells every fault, with an effort bounded whatever was sent. */
#include "schema.h"

#include "buffer.h"
#include "schema_detail.h"

#include <string.h>

#include "banned.h"

#define DEPTH_MAX 512        /* calls of check() inside each other */
#define EFFORT_MAX 1000000UL /* values looked at and compared in one schema_check() */

/* The way from the root to a value, on the stack. */
struct path {
    const struct path *parent; /* NULL: this is the root */
    const char *key;           /* NULL: an element */
    size_t index;
};

struct check {
    const char *pointer;
    const char *parameter;
    struct faults *faults; /* NULL: only whether there are any */
    unsigned long effort;
    unsigned depth;
    bool failed;    /* out of memory */
    bool overdrawn; /* effort or depth did not suffice: what was found means nothing */
};

static bool check_value(struct check *check, const struct schema *schema, const json_t *value, const struct path *path);

static void write_pointer(struct buffer *buffer, const struct path *path)
{
    if (!path->parent)
        return;
    write_pointer(buffer, path->parent);
    buffer_putc(buffer, '/');
    if (!path->key)
        buffer_printf(buffer, "%zu", path->index);
    for (const char *at = path->key; at && *at; at++) {
        if (*at == '~' || *at == '/')
            buffer_puts(buffer, *at == '~' ? "~0" : "~1");
        else
            buffer_putc(buffer, *at);
    }
}

/* Adds the fault, or only says that there is one; always false. */
static bool fail(struct check *check, const struct path *path, const char *code, const char *limit)
{
    struct faults *faults = check->faults;
    if (!faults || faults->count >= FAULTS_MAX)
        return false;
    struct fault fault = {.parameter = check->parameter, .code = code, .limit = limit};
    if (!check->parameter) {
        struct buffer pointer;
        buffer_init(&pointer);
        buffer_puts(&pointer, check->pointer);
        write_pointer(&pointer, path);
        const char *text = buffer_text(&pointer);
        fault.pointer = text ? arena_text(faults->arena, text) : NULL;
        faults->failed = faults->failed || !fault.pointer;
        buffer_release(&pointer);
    }
    faults_add(faults, fault);
    return false;
}

/* Takes one unit of effort; false when it is used up. */
static bool spend(struct check *check)
{
    check->overdrawn = check->overdrawn || check->effort == 0;
    if (!check->overdrawn)
        check->effort--;
    return !check->overdrawn;
}

static long double number_of(const json_t *value)
{
    return json_is_integer(value) ? (long double)json_integer_value(value) : (long double)json_real_value(value);
}

/* Beyond 64 bits a double has no room for a fraction. */
static bool is_whole(long double number)
{
    return number >= 0x1p63L || number < -0x1p63L || (long double)(long long)number == number;
}

/* Long division in binary; every step is exact. */
static bool is_multiple(long double number, long double of)
{
    long double rest = number < 0 ? -number : number, part = of;
    while (part <= rest / 2)
        part *= 2;
    for (; part >= of; part /= 2)
        rest -= rest >= part ? part : 0;
    return rest == 0;
}

static unsigned types_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return SCHEMA_OBJECT;
    case JSON_ARRAY:
        return SCHEMA_ARRAY;
    case JSON_STRING:
        return SCHEMA_STRING;
    case JSON_INTEGER:
        return SCHEMA_INTEGER | SCHEMA_NUMBER;
    case JSON_REAL:
        return is_whole(number_of(value)) ? SCHEMA_INTEGER | SCHEMA_NUMBER : SCHEMA_NUMBER;
    case JSON_TRUE:
    case JSON_FALSE:
        return SCHEMA_BOOLEAN;
    case JSON_NULL:
        break;
    }
    return SCHEMA_NULL;
}

/* Equal as JSON Schema says: 1 and 1.0 are. */
static bool values_equal(struct check *check, const json_t *a, const json_t *b)
{
    if (!spend(check))
        return false;
    if (json_is_number(a) && json_is_number(b))
        return number_of(a) == number_of(b);
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_array(a)) {
        bool equal = json_array_size(a) == json_array_size(b);
        for (size_t i = 0; equal && i < json_array_size(a); i++)
            equal = values_equal(check, json_array_get(a, i), json_array_get(b, i));
        return equal;
    }
    if (json_is_object(a)) {
        bool equal = json_object_size(a) == json_object_size(b);
        const char *key;
        json_t *member;
        json_object_foreach((json_t *)a, key, member) {
            const json_t *other = equal ? json_object_get(b, key) : NULL;
            equal = other && values_equal(check, member, other);
        }
        return equal;
    }
    return json_equal(a, b);
}

static bool check_listed(struct check *check, const struct schema_values *values, const json_t *value, const struct path *path,
                         const char *code)
{
    if (!values->limit)
        return true;
    for (size_t i = 0; i < values->count; i++)
        if (values_equal(check, values->items[i], value))
            return true;
    return fail(check, path, code, values->limit);
}

static bool check_least(struct check *check, const struct schema_bound *bound, long double figure, const struct path *path,
                        const char *code)
{
    return !bound->limit || figure >= bound->value || fail(check, path, code, bound->limit);
}

static bool check_most(struct check *check, const struct schema_bound *bound, long double figure, const struct path *path,
                       const char *code)
{
    return !bound->limit || figure <= bound->value || fail(check, path, code, bound->limit);
}

static bool check_number(struct check *check, const struct schema_detail *detail, const json_t *value, const struct path *path)
{
    const long double figure = number_of(value);
    const struct schema_bound *above = &detail->exclusive_minimum, *below = &detail->exclusive_maximum;
    const struct schema_bound *step = &detail->multiple_of;
    bool ok = check_least(check, detail->minimum.limit ? &detail->minimum : &detail->least, figure, path, "too_small");
    ok = check_most(check, detail->maximum.limit ? &detail->maximum : &detail->most, figure, path, "too_large") && ok;
    ok = (!above->limit || figure > above->value || fail(check, path, "too_small", above->limit)) && ok;
    ok = (!below->limit || figure < below->value || fail(check, path, "too_large", below->limit)) && ok;
    return (!step->limit || is_multiple(figure, step->value) || fail(check, path, "multiple_of", step->limit)) && ok;
}

static size_t characters_of(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static bool check_string(struct check *check, const struct schema_detail *detail, const json_t *value, const struct path *path)
{
    const char *text = json_string_value(value);
    const size_t length = json_string_length(value);
    const long double characters = (long double)characters_of(text, length);
    const struct format *format = detail->format;
    bool ok = check_least(check, &detail->min_length, characters, path, "too_short");
    ok = check_most(check, &detail->max_length, characters, path, "too_long") && ok;
    bool found = true;
    if (detail->pattern && !pattern_search(detail->pattern, text, length, &found))
        check->failed = true;
    else if (!found)
        ok = fail(check, path, "pattern", detail->pattern_text);
    if (format && !format->check(text, length, format->context))
        ok = fail(check, path, format->code, strcmp(format->code, "format") == 0 ? format->name : NULL);
    return ok;
}

/* Compares all pairs, which is why it is not done for arrays that are too long anyway, and costs effort. */
static bool check_unique(struct check *check, const json_t *array, const struct path *path)
{
    for (size_t i = 1; i < json_array_size(array); i++)
        for (size_t j = 0; j < i && !check->overdrawn; j++)
            if (values_equal(check, json_array_get(array, i), json_array_get(array, j)))
                return fail(check, &(struct path){.parent = path, .index = i}, "not_unique", NULL);
    return true;
}

static bool check_array(struct check *check, const struct schema_detail *detail, const json_t *value, const struct path *path)
{
    const size_t size = json_array_size(value);
    bool ok = check_least(check, &detail->min_items, (long double)size, path, "too_few_items");
    const bool fits = check_most(check, &detail->max_items, (long double)size, path, "too_many_items");
    if (detail->unique && fits)
        ok = check_unique(check, value, path) && ok;
    for (size_t i = 0; detail->items && i < size && !check->overdrawn; i++)
        ok = check_value(check, detail->items, json_array_get(value, i), &(struct path){.parent = path, .index = i}) && ok;
    return ok && fits;
}

/* Whether `properties` names it; what only `required` does is additional. */
static bool is_property(const struct schema_detail *detail, const char *name)
{
    for (size_t i = 0; i < detail->property_count; i++)
        if (detail->properties[i].schema != &schema_any && strcmp(detail->properties[i].name, name) == 0)
            return true;
    return false;
}

static bool check_additional(struct check *check, const struct schema_detail *detail, const json_t *value, const struct path *path)
{
    bool ok = true;
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)value, key, member) {
        const struct path at = {.parent = path, .key = key};
        if (is_property(detail, key))
            continue;
        if (detail->closed)
            ok = fail(check, &at, "unknown_member", NULL);
        else
            ok = check_value(check, detail->additional, member, &at) && ok;
    }
    return ok;
}

static bool check_object(struct check *check, const struct schema_detail *detail, const json_t *value, const struct path *path)
{
    const long double size = (long double)json_object_size(value);
    bool ok = check_least(check, &detail->min_properties, size, path, "too_few_members");
    ok = check_most(check, &detail->max_properties, size, path, "too_many_members") && ok;
    for (size_t i = 0; i < detail->property_count; i++) {
        const struct schema_property *property = &detail->properties[i];
        const struct path at = {.parent = path, .key = property->name};
        const json_t *member = json_object_get(value, property->name);
        if (member)
            ok = check_value(check, property->schema, member, &at) && ok;
        else if (property->required)
            ok = fail(check, &at, "required", NULL);
    }
    if (detail->closed || detail->additional)
        ok = check_additional(check, detail, value, path) && ok;
    return ok;
}

static bool any_admits(const struct schema_branches *branches, unsigned types)
{
    bool admits = branches->count == 0;
    for (size_t i = 0; !admits && i < branches->count; i++)
        admits = schema_admits(branches->items[i], types);
    return admits;
}

bool schema_admits(const struct schema *schema, unsigned types)
{
    const struct schema_detail *detail = schema->detail;
    bool admits = !detail->never && (detail->types == 0 || (detail->types & types));
    admits = admits && (!detail->reference || schema_admits(detail->reference, types));
    for (size_t i = 0; admits && i < detail->all_of.count; i++)
        admits = schema_admits(detail->all_of.items[i], types);
    if (admits && detail->or_null && types != SCHEMA_NULL)
        admits = schema_admits(detail->or_null, types);
    return admits && any_admits(&detail->any_of, types) && any_admits(&detail->one_of, types);
}

/* Whether value keeps schema, telling nobody. */
static bool keeps(struct check *check, const struct schema *schema, const json_t *value, const struct path *path)
{
    struct faults *faults = check->faults;
    check->faults = NULL;
    const bool ok = check_value(check, schema, value, path);
    check->faults = faults;
    return ok;
}

/* Says why no branch fits: as the only one that admits values of this kind would say it, or in general. */
static bool fail_branches(struct check *check, const struct schema_branches *branches, const json_t *value, const struct path *path,
                          const char *code)
{
    const struct schema *meant = NULL;
    size_t count = 0;
    for (size_t i = 0; i < branches->count; i++)
        if (schema_admits(branches->items[i], types_of(value))) {
            meant = branches->items[i];
            count++;
        }
    return count == 1 && check->faults ? check_value(check, meant, value, path) : fail(check, path, code, NULL);
}

static bool check_branches(struct check *check, const struct schema_branches *branches, const json_t *value,
                           const struct path *path, bool one)
{
    size_t kept = 0;
    for (size_t i = 0; i < branches->count && kept < (one ? 2 : 1); i++)
        kept += keeps(check, branches->items[i], value, path);
    if (kept == 1 || branches->count == 0)
        return true;
    return kept ? fail(check, path, "one_of", NULL) : fail_branches(check, branches, value, path, one ? "one_of" : "any_of");
}

/* `oneOf: [X, null]`: null fits unless it fits X as well, everything else is X's. */
static bool check_nullable(struct check *check, const struct schema_detail *detail, const json_t *value, const struct path *path)
{
    if (!detail->or_null)
        return true;
    if (!json_is_null(value))
        return check_value(check, detail->or_null, value, path);
    return detail->or_null_any || !keeps(check, detail->or_null, value, path) || fail(check, path, "one_of", NULL);
}

static bool check_kind(struct check *check, const struct schema_detail *detail, const json_t *value, const struct path *path)
{
    if (json_is_object(value))
        return check_object(check, detail, value, path);
    if (json_is_array(value))
        return check_array(check, detail, value, path);
    if (json_is_string(value))
        return check_string(check, detail, value, path);
    return !json_is_number(value) || check_number(check, detail, value, path);
}

static bool check_value(struct check *check, const struct schema *schema, const json_t *value, const struct path *path)
{
    const struct schema_detail *detail = schema->detail;
    check->overdrawn = check->overdrawn || check->depth >= DEPTH_MAX;
    if (!spend(check))
        return false;
    if (detail->never || (detail->types && !(detail->types & types_of(value))))
        return fail(check, path, "type", detail->never ? "none" : detail->type_limit); /* nothing else could be said of use */
    check->depth++;
    bool ok = check_listed(check, &detail->enumeration, value, path, "enum");
    ok = check_listed(check, &detail->constant, value, path, "const") && ok;
    ok = check_kind(check, detail, value, path) && ok;
    if (detail->reference)
        ok = check_value(check, detail->reference, value, path) && ok;
    for (size_t i = 0; i < detail->all_of.count; i++)
        ok = check_value(check, detail->all_of.items[i], value, path) && ok;
    ok = check_branches(check, &detail->any_of, value, path, false) && ok;
    ok = check_branches(check, &detail->one_of, value, path, true) && ok;
    ok = check_nullable(check, detail, value, path) && ok;
    check->depth--;
    return ok;
}

bool schema_check(const struct schema *schema, const json_t *value, const char *pointer, const char *parameter,
                  struct faults *faults)
{
    struct check check = {.pointer = pointer, .parameter = parameter, .faults = faults, .effort = EFFORT_MAX};
    const struct path root = {0};
    const size_t before = faults->count;
    const bool ok = check_value(&check, schema, value, &root);
    faults->failed = faults->failed || check.failed;
    if (!check.overdrawn)
        return ok;
    faults->count = before;
    return fail(&check, &root, "too_complex", NULL);
}
