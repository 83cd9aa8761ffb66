/* SPDX-License-Identifier: EUPL-1.2
 * Reads the keywords of the stated subset, each by one row of a table; everything else is refused. */
#include "buffer.h"
#include "json_text.h"
#include "schema_detail.h"

#include <stdlib.h>
#include <string.h>

#include "banned.h"

#define COUNT_MAX 0x1p53L /* counts a double holds exactly */

/* A keyword met in a schema. */
struct use {
    struct schema_set *set;
    const struct node *node; /* the schema */
    struct schema *schema;
    struct schema_detail *detail; /* of the schema */
    const char *name;             /* the keyword */
    const struct node *value;
    void *member; /* of detail, which the keyword fills */
};

struct keyword {
    const char *name;
    bool (*read)(const struct use *use);
    size_t offset; /* of the member of struct schema_detail, where several keywords share a function */
};

static const struct {
    const char *name;
    unsigned bit;
} type_names[] = {
    {"null", SCHEMA_NULL},     {"boolean", SCHEMA_BOOLEAN}, {"integer", SCHEMA_INTEGER}, {"number", SCHEMA_NUMBER},
    {"string", SCHEMA_STRING}, {"array", SCHEMA_ARRAY},     {"object", SCHEMA_OBJECT},
};

/* Says what the value of the keyword must be; always false. */
static bool refuse(const struct use *use, const char *rule)
{
    return tree_refuse(&use->set->error, use->value->line, "%s %s", use->name, rule);
}

bool schema_refuse_memory(struct schema_set *set)
{
    return tree_refuse(&set->error, 0, "out of memory");
}

static bool subschema(struct schema_set *set, const struct node *node, const struct schema **schema)
{
    struct schema_entry *entry = schema_entry_of(set, node);
    *schema = entry ? &entry->schema : NULL;
    return entry != NULL;
}

static bool read_note(const struct use *use)
{
    (void)use; /* annotations ask for nothing */
    return true;
}

static bool read_type(const struct use *use)
{
    struct buffer limit;
    buffer_init(&limit);
    const bool several = use->value->kind == NODE_SEQUENCE;
    bool known = !several || use->value->count > 0;
    for (size_t i = 0; known && i < (several ? use->value->count : 1); i++) {
        const struct node *name = several ? use->value->items[i] : use->value;
        known = false;
        for (size_t j = 0; name->kind == NODE_TEXT && j < sizeof type_names / sizeof *type_names; j++)
            if (strcmp(name->text, type_names[j].name) == 0) {
                known = !(use->detail->types & type_names[j].bit);
                use->detail->types |= type_names[j].bit;
            }
        buffer_puts(&limit, i ? ", " : "");
        buffer_puts(&limit, known ? name->text : "");
    }
    const char *text = buffer_text(&limit);
    use->detail->type_limit = text ? arena_text(use->set->arena, text) : NULL;
    buffer_release(&limit);
    if (!known)
        return refuse(use, "must name a type ('null' in quotes) or different ones in a sequence");
    return use->detail->type_limit || schema_refuse_memory(use->set);
}

static bool read_bound(const struct use *use)
{
    if (use->value->kind != NODE_INTEGER && use->value->kind != NODE_REAL)
        return refuse(use, "must be a number");
    const bool whole = use->value->kind == NODE_INTEGER;
    const long double figure = whole ? (long double)use->value->integer : (long double)use->value->real;
    *(struct schema_bound *)use->member = (struct schema_bound){.value = figure, .limit = use->value->text};
    return true;
}

/* The limit a reader is told says that the figure itself is excluded. */
static bool read_exclusive(const struct use *use)
{
    struct schema_bound *bound = use->member;
    if (!read_bound(use))
        return false;
    bound->limit = arena_printf(use->set->arena, "%s %s", bound == &use->detail->exclusive_minimum ? ">" : "<", use->value->text);
    return bound->limit || schema_refuse_memory(use->set);
}

static bool read_count(const struct use *use)
{
    if (!read_bound(use))
        return false;
    const long double count = ((const struct schema_bound *)use->member)->value;
    if (count >= 0 && count <= COUNT_MAX && (long double)(long long)count == count)
        return true;
    return refuse(use, "must be a whole number of at least 0");
}

static bool read_multiple(const struct use *use)
{
    if (use->value->kind != NODE_INTEGER || use->value->integer < 1)
        return refuse(use, "must be a whole number of at least 1");
    return read_bound(use);
}

/* Finds or adds the property; the array has room for all. */
static struct schema_property *property_of(struct schema_detail *detail, const char *name)
{
    struct schema_property *properties = (struct schema_property *)detail->properties;
    for (size_t i = 0; i < detail->property_count; i++)
        if (strcmp(properties[i].name, name) == 0)
            return &properties[i];
    properties[detail->property_count] = (struct schema_property){.name = name, .schema = &schema_any};
    return &properties[detail->property_count++];
}

/* Both keywords at once, when the first of them is met: they fill one list. */
static bool read_properties(const struct use *use)
{
    const struct node *properties = node_get(use->node, "properties"), *required = node_get(use->node, "required");
    if (use->detail->properties)
        return true;
    if (properties && properties->kind != NODE_MAPPING)
        return tree_refuse(&use->set->error, properties->line, "properties must be a mapping");
    if (required && required->kind != NODE_SEQUENCE)
        return tree_refuse(&use->set->error, required->line, "required must be a sequence of names");
    const size_t most = (properties ? properties->count : 0) + (required ? required->count : 0);
    use->detail->properties = arena_array(use->set->arena, most + 1, sizeof *use->detail->properties);
    if (!use->detail->properties)
        return schema_refuse_memory(use->set);
    for (size_t i = 0; properties && i < properties->count; i++)
        if (!subschema(use->set, properties->items[i], &property_of(use->detail, properties->keys[i])->schema))
            return false;
    for (size_t i = 0; required && i < required->count; i++) {
        struct schema_property *property =
            required->items[i]->kind == NODE_TEXT ? property_of(use->detail, required->items[i]->text) : NULL;
        if (!property || property->required)
            return tree_refuse(&use->set->error, required->items[i]->line, "required must be a sequence of different names");
        property->required = true;
    }
    return true;
}

static bool read_additional(const struct use *use)
{
    use->detail->closed = use->value->kind == NODE_BOOLEAN && !use->value->boolean;
    return use->value->kind == NODE_BOOLEAN || subschema(use->set, use->value, &use->detail->additional);
}

static bool read_items(const struct use *use)
{
    return subschema(use->set, use->value, &use->detail->items);
}

static bool read_unique(const struct use *use)
{
    if (use->value->kind != NODE_BOOLEAN)
        return refuse(use, "must be true or false");
    use->detail->unique = use->value->boolean;
    return true;
}

static bool read_pattern(const struct use *use)
{
    use->detail->pattern = pattern_compile(use->value, use->set->arena, &use->set->error);
    use->detail->pattern_text = use->value->text;
    return use->detail->pattern != NULL;
}

static bool read_format(const struct use *use)
{
    if (use->value->kind != NODE_TEXT)
        return refuse(use, "must be text");
    struct schema_detail *detail = use->detail;
    if (strcmp(use->value->text, "int32") == 0) {
        detail->least = (struct schema_bound){.value = -0x1p31L, .limit = "-2147483648"};
        detail->most = (struct schema_bound){.value = 0x1p31L - 1, .limit = "2147483647"};
    } else if (strcmp(use->value->text, "int64") == 0) {
        detail->least = (struct schema_bound){.value = -0x1p63L, .limit = "-9223372036854775808"};
        detail->most = (struct schema_bound){.value = 0x1p63L - 1, .limit = "9223372036854775807"};
    } else if (!(detail->format = format_find(use->value->text))) {
        return tree_refuse(&use->set->error, use->value->line, "unknown format: %s", use->value->text);
    }
    use->schema->format = use->value->text;
    return true;
}

static void free_json(void *value)
{
    json_decref(value);
}

/* What a reader is told of an allowed value: text as it is, everything else as JSON. */
static void describe(struct buffer *limit, const json_t *value)
{
    char *text = json_is_string(value) ? NULL : json_format(value, JSON_ENCODE_ANY | JSON_COMPACT);
    buffer_puts(limit, limit->length ? ", " : "");
    buffer_puts(limit, text ? text : json_is_string(value) ? json_string_value(value) : "");
    limit->failed = limit->failed || (!text && !json_is_string(value));
    free(text);
}

static bool read_values(const struct use *use)
{
    struct schema_values *values = use->member;
    const bool several = values == &use->detail->enumeration;
    if (several && (use->value->kind != NODE_SEQUENCE || use->value->count == 0))
        return refuse(use, "must be a sequence of values");
    const size_t count = several ? use->value->count : 1;
    values->items = arena_array(use->set->arena, count, sizeof *values->items);
    struct buffer limit;
    buffer_init(&limit);
    bool complete = values->items != NULL;
    for (; complete && values->count < count; values->count++) {
        json_t *json = node_json(several ? use->value->items[values->count] : use->value);
        complete = json && arena_defer(use->set->arena, free_json, json);
        if (complete)
            describe(&limit, json);
        values->items[values->count] = json;
    }
    const char *text = buffer_text(&limit);
    values->limit = complete && text ? arena_text(use->set->arena, text) : NULL;
    buffer_release(&limit);
    return values->limit || schema_refuse_memory(use->set);
}

static bool read_branches(const struct use *use)
{
    struct schema_branches *branches = use->member;
    if (use->value->kind != NODE_SEQUENCE || use->value->count == 0)
        return refuse(use, "must be a sequence of schemas");
    branches->items = arena_array(use->set->arena, use->value->count, sizeof *branches->items);
    if (!branches->items)
        return schema_refuse_memory(use->set);
    for (; branches->count < use->value->count; branches->count++)
        if (!subschema(use->set, use->value->items[branches->count], &branches->items[branches->count]))
            return false;
    return true;
}

static bool read_reference(const struct use *use)
{
    const char *reference = use->value->kind == NODE_TEXT ? use->value->text : "";
    const struct node *target = tree_resolve(use->set->document, reference);
    if (!target)
        return tree_refuse(&use->set->error, use->value->line, "points at nothing in this document: %s", reference);
    return subschema(use->set, target, &use->detail->reference);
}

static bool read_default(const struct use *use)
{
    use->schema->default_value = use->value;
    return true;
}

#define AT(member) offsetof(struct schema_detail, member)

static const struct keyword keywords[] = { /* sorted as strcmp() does */
    {"$ref", read_reference, 0},
    {"additionalProperties", read_additional, 0},
    {"allOf", read_branches, AT(all_of)},
    {"anyOf", read_branches, AT(any_of)},
    {"const", read_values, AT(constant)},
    {"default", read_default, 0},
    {"deprecated", read_note, 0},
    {"description", read_note, 0},
    {"enum", read_values, AT(enumeration)},
    {"example", read_note, 0},
    {"examples", read_note, 0},
    {"exclusiveMaximum", read_exclusive, AT(exclusive_maximum)},
    {"exclusiveMinimum", read_exclusive, AT(exclusive_minimum)},
    {"format", read_format, 0},
    {"items", read_items, 0},
    {"maxItems", read_count, AT(max_items)},
    {"maxLength", read_count, AT(max_length)},
    {"maxProperties", read_count, AT(max_properties)},
    {"maximum", read_bound, AT(maximum)},
    {"minItems", read_count, AT(min_items)},
    {"minLength", read_count, AT(min_length)},
    {"minProperties", read_count, AT(min_properties)},
    {"minimum", read_bound, AT(minimum)},
    {"multipleOf", read_multiple, AT(multiple_of)},
    {"oneOf", read_branches, AT(one_of)},
    {"pattern", read_pattern, 0},
    {"properties", read_properties, 0},
    {"readOnly", read_note, 0},
    {"required", read_properties, 0},
    {"title", read_note, 0},
    {"type", read_type, 0},
    {"uniqueItems", read_unique, 0},
    {"writeOnly", read_note, 0},
};

static int keyword_compare(const void *name, const void *keyword)
{
    return strcmp(name, ((const struct keyword *)keyword)->name);
}

static bool read_keyword(struct schema_set *set, struct schema_entry *entry, size_t index)
{
    struct use use = {.set = set,
                      .node = entry->node,
                      .schema = &entry->schema,
                      .detail = &entry->detail,
                      .name = entry->node->keys[index],
                      .value = entry->node->items[index]};
    const struct keyword *keyword = bsearch(use.name, keywords, sizeof keywords / sizeof *keywords, sizeof *keywords, keyword_compare);
    if (keyword) {
        use.member = (char *)use.detail + keyword->offset;
        return keyword->read(&use);
    }
    if (strncmp(use.name, "x-", 2) == 0)
        return true;
    return tree_refuse(&set->error, entry->node->key_lines[index], "unknown keyword: %s", use.name);
}

bool schema_read_keywords(struct schema_set *set, struct schema_entry *entry)
{
    if (entry->node->kind == NODE_BOOLEAN) {
        entry->detail.never = !entry->node->boolean;
        return true;
    }
    if (entry->node->kind != NODE_MAPPING)
        return tree_refuse(&set->error, entry->node->line, "a schema must be a mapping");
    for (size_t i = 0; i < entry->node->count; i++)
        if (!read_keyword(set, entry, i))
            return false;
    return true;
}
