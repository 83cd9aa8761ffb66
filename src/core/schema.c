/* SPDX-License-Identifier: EUPL-1.2
 * Compiles schemas: finds them by their nodes, has their keywords read, then joins what applies to the same value. */
#define _GNU_SOURCE /* tdestroy() */
#include "schema_detail.h"

#include <search.h>
#include <string.h>

#include "banned.h"

#define NESTING_MAX 64 /* schemas that apply to one value through $ref, allOf, anyOf, oneOf */

static const struct schema_detail any_detail;
const struct schema schema_any = {.detail = &any_detail};

static int entry_compare(const void *a, const void *b)
{
    const struct schema_entry *left = a, *right = b;
    return (left->node > right->node) - (left->node < right->node);
}

static void keep_entry(void *entry)
{
    (void)entry; /* it lives in the arena */
}

static void forget_entries(void *set)
{
    tdestroy(((struct schema_set *)set)->by_node, keep_entry);
}

struct schema_entry *schema_entry_of(struct schema_set *set, const struct node *node)
{
    const struct schema_entry wanted = {.node = node};
    struct schema_entry **known = tfind(&wanted, &set->by_node, entry_compare);
    if (known)
        return *known;
    struct schema_entry *entry = arena_alloc(set->arena, sizeof *entry);
    if (!entry || !tsearch(entry, &set->by_node, entry_compare)) {
        schema_refuse_memory(set);
        return NULL;
    }
    entry->node = node;
    entry->schema.detail = &entry->detail;
    entry->schema.line = node->line;
    *(set->last ? &set->last->next : &set->first) = entry;
    set->last = entry;
    set->unread = set->unread ? set->unread : entry;
    set->unsettled = set->unsettled ? set->unsettled : entry;
    return entry;
}

/* Adds the properties of a part that applies to the same value to those a reader of schema sees. */
static bool merge_properties(struct schema_set *set, struct schema *schema, const struct schema *part)
{
    if (part->property_count == 0)
        return true;
    struct schema_property *merged = arena_array(set->arena, schema->property_count + part->property_count, sizeof *merged);
    if (!merged)
        return schema_refuse_memory(set);
    size_t count = schema->property_count;
    if (count)
        memcpy(merged, schema->properties, count * sizeof *merged);
    for (size_t i = 0; i < part->property_count; i++) {
        size_t same = 0;
        while (same < count && strcmp(merged[same].name, part->properties[i].name) != 0)
            same++;
        if (same == count) {
            merged[count++] = part->properties[i];
            continue;
        }
        merged[same].required = merged[same].required || part->properties[i].required;
        if (merged[same].schema == &schema_any)
            merged[same].schema = part->properties[i].schema;
    }
    schema->properties = merged;
    schema->property_count = count;
    return true;
}

/* Lets what a part that applies to the same value says be seen from outside, where schema itself is silent. */
static bool merge(struct schema_set *set, struct schema *schema, const struct schema *part)
{
    if (schema->types == 0) {
        schema->types = part->types;
        schema->nullable = schema->nullable || part->nullable;
    }
    schema->format = schema->format ? schema->format : part->format;
    schema->items = schema->items ? schema->items : part->items;
    schema->additional = schema->additional ? schema->additional : part->additional;
    schema->default_value = schema->default_value ? schema->default_value : part->default_value;
    return merge_properties(set, schema, part);
}

/* `oneOf: [X, {type: 'null'}]` in either order: takes X out of the branches. */
static void find_nullable(struct schema_detail *detail, struct schema_branches *branches, bool any_may_fit)
{
    if (branches->count != 2 || detail->or_null)
        return;
    for (size_t i = 0; i < 2; i++)
        if (branches->items[i]->types == SCHEMA_NULL && branches->items[1 - i]->types != SCHEMA_NULL && !detail->or_null) {
            detail->or_null = branches->items[1 - i];
            detail->or_null_any = any_may_fit;
        }
    if (detail->or_null)
        branches->count = 0;
}

/* Once its parts are settled: what readers see of the schema. */
static bool show(struct schema_set *set, struct schema_entry *entry)
{
    struct schema *schema = &entry->schema;
    const struct schema_detail *detail = &entry->detail;
    schema->nullable = (detail->types & SCHEMA_NULL) && detail->types != SCHEMA_NULL;
    schema->types = schema->nullable ? detail->types & ~(unsigned)SCHEMA_NULL : detail->types;
    schema->properties = detail->properties;
    schema->property_count = detail->property_count;
    schema->items = detail->items;
    schema->additional = detail->additional;
    if (detail->reference && !merge(set, schema, detail->reference))
        return false;
    for (size_t i = 0; i < detail->all_of.count; i++)
        if (!merge(set, schema, detail->all_of.items[i]))
            return false;
    schema->nullable = schema->nullable || (detail->or_null && schema->types == 0);
    return !detail->or_null || merge(set, schema, detail->or_null);
}

/* Once all keywords are read: refuses schemas that apply to a value in a circle, which would never end. */
static bool settle(struct schema_set *set, struct schema_entry *entry, unsigned depth)
{
    if (entry->state == ENTRY_SETTLED)
        return true;
    if (entry->state == ENTRY_SETTLING || depth > NESTING_MAX)
        return tree_refuse(&set->error, entry->node->line, "applies to itself for the same value, or through too many others");
    entry->state = ENTRY_SETTLING;
    struct schema_detail *detail = &entry->detail;
    const struct schema_branches reference = {.items = &detail->reference, .count = detail->reference ? 1 : 0};
    const struct schema_branches *groups[] = {&reference, &detail->all_of, &detail->any_of, &detail->one_of};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        for (size_t j = 0; j < groups[i]->count; j++)
            if (!settle(set, (struct schema_entry *)groups[i]->items[j], depth + 1))
                return false;
    find_nullable(detail, &detail->one_of, false);
    find_nullable(detail, &detail->any_of, true);
    entry->state = ENTRY_SETTLED;
    return show(set, entry);
}

struct schema_set *schema_set_new(const struct node *document, struct arena *arena)
{
    struct schema_set *set = arena_alloc(arena, sizeof *set);
    if (!set || !arena_defer(arena, forget_entries, set))
        return NULL;
    set->document = document;
    set->arena = arena;
    return set;
}

const struct schema *schema_compile(struct schema_set *set, const struct node *node, struct tree_error *error)
{
    const struct schema_entry *entry = set->failed ? NULL : schema_entry_of(set, node);
    set->failed = !entry;
    for (; !set->failed && set->unread; set->unread = set->unread->next)
        set->failed = !schema_read_keywords(set, set->unread);
    for (; !set->failed && set->unsettled; set->unsettled = set->unsettled->next)
        set->failed = !settle(set, set->unsettled, 0);
    if (!set->failed)
        return &entry->schema;
    *error = set->error; /* what was compiled in part is of no use any more: later calls fail alike */
    return NULL;
}
