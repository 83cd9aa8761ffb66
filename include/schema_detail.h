/* SPDX-License-Identifier: EUPL-1.2
 * The inside of compiled schemas, shared by schema.c, schema_keyword.c and schema_check.c. */
#ifndef WELCOME_SCHEMA_DETAIL_H
#define WELCOME_SCHEMA_DETAIL_H

#include "format.h"
#include "pattern.h"
#include "schema.h"

/* A figure a value is compared with. long double holds every long long and every double exactly. */
struct schema_bound {
    long double value;
    const char *limit; /* the figure as written; NULL: the keyword is absent */
};

struct schema_values {
    json_t **items;
    size_t count;
    const char *limit; /* for readers: "open, matched"; NULL: the keyword is absent */
};

struct schema_branches {
    const struct schema **items;
    size_t count;
};

/* Own keywords only; what a $ref or a branch asks for stands in its own schema. */
struct schema_detail {
    unsigned types; /* 0 = any */
    const char *type_limit;
    bool never; /* the schema `false` */

    const struct schema_property *properties; /* of properties and required, in document order */
    size_t property_count;
    const struct schema *additional; /* NULL when any */
    bool closed;                     /* additionalProperties: false */
    struct schema_bound min_properties, max_properties;

    const struct schema *items;
    struct schema_bound min_items, max_items;
    bool unique;

    struct schema_bound min_length, max_length;
    const struct pattern *pattern;
    const char *pattern_text;
    const struct format *format;

    struct schema_bound minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;
    struct schema_bound least, most; /* of format int32 and int64 */

    struct schema_values enumeration, constant;

    const struct schema *reference;
    struct schema_branches all_of, any_of, one_of;
    const struct schema *or_null; /* X of `oneOf: [X, null]`, then one_of is empty; or of anyOf likewise */
    bool or_null_any;             /* it was anyOf: null may fit X as well */
};

/* One schema of the document, found again by its node. */
struct schema_entry {
    struct schema schema; /* first: the entry of a schema is the same address */
    struct schema_detail detail;
    const struct node *node;
    struct schema_entry *next; /* in the order of their being found */
    enum { ENTRY_FOUND, ENTRY_SETTLING, ENTRY_SETTLED } state;
};

struct schema_set {
    const struct node *document;
    struct arena *arena;
    void *by_node; /* of tsearch() */
    struct schema_entry *first, *last;
    struct schema_entry *unread;    /* its keywords and those of all behind it wait to be read */
    struct schema_entry *unsettled; /* the same for settling */
    bool failed;
    struct tree_error error;
};

/* The entry of a node, queued for compiling when it is new; NULL when out of memory. */
struct schema_entry *schema_entry_of(struct schema_set *set, const struct node *node);

/* Fills the entry's detail from the keywords of its node, queueing the schemas in them; false with set->error filled. */
bool schema_read_keywords(struct schema_set *set, struct schema_entry *entry);

/* Fills set->error; always false. */
bool schema_refuse_memory(struct schema_set *set);

/* The schema of a property that is required but not described. */
extern const struct schema schema_any;

/* Whether some value of these types (schema_type bits) could keep the schema, judged by `type` alone. */
bool schema_admits(const struct schema *schema, unsigned types);

#endif
