/* SPDX-License-Identifier: EUPL-1.2
 * A YAML document as a tree that remembers its lines. */
#ifndef WELCOME_TREE_H
#define WELCOME_TREE_H

#include "arena.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum node_kind { NODE_NULL, NODE_BOOLEAN, NODE_INTEGER, NODE_REAL, NODE_TEXT, NODE_SEQUENCE, NODE_MAPPING };

struct node {
    enum node_kind kind;
    unsigned line;    /* 1-based, where the value starts */
    const char *text; /* of any scalar, as written (quotes removed) */
    bool boolean;
    long long integer;
    double real;      /* of integers, too */
    size_t count;        /* elements of a sequence, members of a mapping */
    struct node **items; /* values, in document order */
    const char **keys;   /* of a mapping, in document order */
    unsigned *key_lines;
};

struct tree_error {
    unsigned line;     /* 0 when no line applies (out of memory) */
    char message[256]; /* one sentence without the line */
};

/* Parses one YAML document into the arena. null, true, false and numbers as in JSON are typed, other plain scalars are text.
 * Anchors, aliases, tags, directives, merge keys, duplicate keys, keys that are not text, several documents, empty plain scalars
 * and those that YAML 1.1, YAML 1.2 and JSON read differently (yes, no, on, off, 0777, 12:30, 2026-01-01, ~ ...) are refused, as
 * are U+0000 and nesting over 64. Returns NULL and fills error on any fault. */
struct node *tree_parse(const char *text, size_t length, struct arena *arena, struct tree_error *error);

/* Fills error with the line and a message of the printf kind, cut between characters where too long. Always returns NULL. */
void *tree_refuse(struct tree_error *error, unsigned line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The member of that name, or NULL (also when mapping is NULL or no mapping). */
const struct node *node_get(const struct node *mapping, const char *key);

/* The text of that member when it is a NODE_TEXT, else NULL. */
const char *node_text(const struct node *mapping, const char *key);

/* What a local reference "#/components/schemas/x" (RFC 6901, ~0 ~1 and percent-encoding decoded) points at, or NULL. */
const struct node *tree_resolve(const struct node *root, const char *reference);

/* A new reference to the same value as JSON; NULL when out of memory. */
json_t *node_json(const struct node *node);

#endif
