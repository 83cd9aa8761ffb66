/* SPDX-License-Identifier: EUPL-1.2
 * From method and path to an operation: a tree of path segments. */
#ifndef WELCOME_ROUTER_H
#define WELCOME_ROUTER_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>

enum method { METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE, METHOD_OPTIONS, METHOD_COUNT };

#define ROUTE_SEGMENTS_MAX 12 /* segments a path may have; more is no path of ours */

struct operation;
struct router;

/* "GET" and so on, or METHOD_COUNT. */
enum method method_parse(const char *name);
const char *method_name(enum method method);

/* An empty router in the arena; NULL when out of memory. */
struct router *router_new(struct arena *arena);

/* Adds a template such as "/v1/articles/{slug}". False when it is taken, malformed, too long, or memory is out. */
bool router_add(struct router *router, enum method method, const char *template, const struct operation *operation);

struct route {
    const struct operation *operation; /* NULL: no such path, or not with this method */
    unsigned methods;                  /* bits (1 << method) this path answers to; 0: no such path */
    size_t count;
    size_t captured[ROUTE_SEGMENTS_MAX]; /* indexes of the segments that stand for parameters, in order */
};

/* Matches decoded segments; a literal segment is preferred to a parameter. HEAD finds GET. */
struct route router_find(const struct router *router, enum method method, const char *const *segments, size_t count);

#endif
