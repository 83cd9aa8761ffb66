/* SPDX-License-Identifier: EUPL-1.2
 * The request target: path segments and query pairs, decoded strictly. */
#ifndef WELCOME_TARGET_H
#define WELCOME_TARGET_H

#include "arena.h"
#include "router.h"

#include <stdbool.h>
#include <stddef.h>

#define TARGET_MAX 4096 /* bytes of a request target */
#define QUERY_MAX 32    /* parameters in a query */

struct query_pair {
    const char *name;
    const char *value;
};

struct target {
    const char *segments[ROUTE_SEGMENTS_MAX + 1];
    size_t segment_count; /* one more than ROUTE_SEGMENTS_MAX: longer than any path of ours */
    struct query_pair query[QUERY_MAX];
    size_t query_count;
};

/* Reads an origin-form target (RFC 9112 §3.2.1). Percent-encoding must be whole and must decode to valid UTF-8 without control
 * characters; "+" in a query is a space. Returns NULL, or the fault code of what is wrong; what was read before it is there. */
const char *target_parse(struct target *target, const char *raw, struct arena *arena);

/* Whether text is valid UTF-8 (RFC 3629). */
bool utf8_valid(const char *text, size_t length);

#endif
