/* SPDX-License-Identifier: EUPL-1.2
 * Regular expressions of the part that all dialects read alike (docs/contract.md), searched unanchored in UTF-8. */
#ifndef WELCOME_PATTERN_H
#define WELCOME_PATTERN_H

#include "arena.h"
#include "tree.h"

#include <stdbool.h>
#include <stddef.h>

struct pattern; /* immutable; any number of threads may use one */

/* Compiles the text of node; freed with the arena. NULL with error filled when it is faulty or goes beyond that part. */
const struct pattern *pattern_compile(const struct node *node, struct arena *arena, struct tree_error *error);

/* Looks for the pattern in text (valid UTF-8). A search beyond a fixed effort finds nothing. False: out of memory. */
bool pattern_search(const struct pattern *pattern, const char *text, size_t length, bool *found);

#endif
