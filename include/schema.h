/* SPDX-License-Identifier: EUPL-1.2
 * The stated subset of JSON Schema 2020-12 (docs/contract.md), compiled once, then used to check values. */
#ifndef WELCOME_SCHEMA_H
#define WELCOME_SCHEMA_H

#include "arena.h"
#include "format.h"
#include "tree.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum schema_type { /* bits */
    SCHEMA_NULL = 1,
    SCHEMA_BOOLEAN = 2,
    SCHEMA_INTEGER = 4,
    SCHEMA_NUMBER = 8,
    SCHEMA_STRING = 16,
    SCHEMA_ARRAY = 32,
    SCHEMA_OBJECT = 64,
};

struct schema_property {
    const char *name;
    const struct schema *schema;
    bool required;
};

/* Compiled and immutable; any number of threads may use one. Readers outside schema*.c use these members to derive SQL types
 * and to compare answers with columns; they tell what the schema says together with its $ref and allOf, the schema's own words
 * first. Everything else is reached through schema_check(). */
struct schema {
    unsigned types;     /* OR of schema_type; 0 = any; without SCHEMA_NULL when nullable */
    const char *format; /* NULL when none */
    bool nullable;      /* oneOf or anyOf [X, {type: 'null'}], or type [x, 'null']: the other members describe X */
    const struct schema_property *properties; /* in document order; required ones without a schema of their own included */
    size_t property_count;
    const struct schema *items;        /* of an array; NULL when any */
    const struct schema *additional;   /* of members that properties does not name; NULL when any or none */
    const struct node *default_value;  /* NULL when none */
    const struct schema_detail *detail; /* the rest, private to schema*.c */
    unsigned line;
};

/* Everything compiled from one document; needed while $refs are still being resolved. */
struct schema_set;

/* Prepares compiling schemas out of document into arena; both must outlive the schemas. Patterns compiled by the set are
 * freed with the arena. NULL when out of memory. */
struct schema_set *schema_set_new(const struct node *document, struct arena *arena);

/* Compiles the schema at node. Unknown keywords, unknown formats, unresolvable or foreign references, schemas that apply to
 * themselves for the same value, faulty patterns and patterns with what dialects read differently (\d \w \s \b ...) are
 * refused: NULL, error filled, as in every later call. The same node gives the same pointer. */
const struct schema *schema_compile(struct schema_set *set, const struct node *node, struct tree_error *error);

/* One thing wrong with a value. Codes and what limit then is:
 *   required, unknown_member, not_unique, one_of, any_of                NULL
 *   type, enum, const                                                   the types ("none") or values allowed, "open, matched"
 *   too_short, too_long, too_few_items, too_many_items, too_few_members, too_many_members, too_small, too_large, multiple_of
 *                                                                       the figure, "200"; "> 0" where it is itself excluded
 *   pattern, format                                                     the pattern; the name of the format
 *   too_complex    alone: checking would take too long or nest too deep NULL
 *   what format_register() was given                                    NULL */
struct fault {
    const char *pointer;   /* RFC 6901, or NULL */
    const char *parameter; /* name of a path, query or header parameter, or NULL */
    const char *code;      /* required, too_long, ...: static */
    const char *limit;     /* the rule's figure or the allowed values ("200", "open, matched"), or NULL */
};

struct faults {
    struct arena *arena; /* owns the faults */
    struct fault *items;
    size_t count;
    size_t capacity;
    bool failed; /* out of memory: the list is not whole */
};

#define FAULTS_MAX 100 /* more are counted out: a list of a hundred is long enough for a reader */

void faults_init(struct faults *faults, struct arena *arena);
void faults_add(struct faults *faults, struct fault fault);

/* Checks value and adds every fault with pointers starting at pointer ("" for the whole body). For a member that is missing the
 * pointer names it as if it were there. With parameter not NULL the faults carry that name instead of pointers. Returns
 * whether there was none. value is only borrowed. */
bool schema_check(const struct schema *schema, const json_t *value, const char *pointer, const char *parameter,
                  struct faults *faults);

/* Reads a parameter's text (valid UTF-8) as the schema's type says: integers and numbers strictly as in JSON, true or false,
 * arrays split at commas, an empty text being an empty array. Returns a new reference, or NULL with a fault added (or
 * faults->failed). Does not check the rest: schema_check() does. */
json_t *schema_read(const struct schema *schema, const char *text, const char *parameter, struct faults *faults);

#endif
