/* SPDX-License-Identifier: EUPL-1.2
 * From method and path to an operation: a tree of path segments. */
#include "router.h"

#include <string.h>

#include "banned.h"

struct route_node {
    const char *literal;           /* NULL: stands for any segment */
    struct route_node *sibling;    /* next literal below the same parent */
    struct route_node *children;   /* literals */
    struct route_node *any;        /* the parameter below this node */
    const struct operation *operations[METHOD_COUNT];
};

struct router {
    struct arena *arena;
    struct route_node root;
};

static const char *const METHOD_NAMES[METHOD_COUNT] = {
    [METHOD_GET] = "GET",     [METHOD_HEAD] = "HEAD",     [METHOD_POST] = "POST",       [METHOD_PUT] = "PUT",
    [METHOD_PATCH] = "PATCH", [METHOD_DELETE] = "DELETE", [METHOD_OPTIONS] = "OPTIONS",
};

enum method method_parse(const char *name)
{
    for (enum method method = 0; method < METHOD_COUNT; method++)
        if (strcmp(METHOD_NAMES[method], name) == 0)
            return method;
    return METHOD_COUNT;
}

const char *method_name(enum method method)
{
    return METHOD_NAMES[method];
}

struct router *router_new(struct arena *arena)
{
    struct router *router = arena_alloc(arena, sizeof *router);
    if (router)
        router->arena = arena;
    return router;
}

/* The child for a template's segment, made when it is not there yet. */
static struct route_node *route_child(struct router *router, struct route_node *parent, const char *segment, size_t length)
{
    const bool any = segment[0] == '{' && segment[length - 1] == '}';
    if (any && parent->any)
        return parent->any;
    if (!any)
        for (struct route_node *child = parent->children; child; child = child->sibling)
            if (strncmp(child->literal, segment, length) == 0 && child->literal[length] == '\0')
                return child;
    struct route_node *child = arena_alloc(router->arena, sizeof *child);
    if (!child)
        return NULL;
    if (any) {
        parent->any = child;
        return child;
    }
    child->literal = arena_copy(router->arena, segment, length);
    child->sibling = parent->children;
    parent->children = child;
    return child->literal ? child : NULL;
}

bool router_add(struct router *router, enum method method, const char *template, const struct operation *operation)
{
    struct route_node *node = &router->root;
    size_t depth = 0;
    for (const char *at = template; *at; depth++) {
        const size_t length = *at == '/' ? strcspn(at + 1, "/") : 0;
        if (length == 0 || depth == ROUTE_SEGMENTS_MAX)
            return false;
        node = route_child(router, node, at + 1, length);
        if (!node)
            return false;
        at += 1 + length;
    }
    if (depth == 0 || node->operations[method])
        return false;
    node->operations[method] = operation;
    return true;
}

static bool route_answers(const struct route_node *node)
{
    for (enum method method = 0; method < METHOD_COUNT; method++)
        if (node->operations[method])
            return true;
    return false;
}

/* Depth first, literals before parameters; the depth is bounded by ROUTE_SEGMENTS_MAX. */
static const struct route_node *route_walk(const struct route_node *node, const char *const *segments, size_t count, size_t depth,
                                           struct route *route)
{
    if (depth == count)
        return route_answers(node) ? node : NULL;
    for (const struct route_node *child = node->children; child; child = child->sibling) {
        const struct route_node *found =
            strcmp(child->literal, segments[depth]) == 0 ? route_walk(child, segments, count, depth + 1, route) : NULL;
        if (found)
            return found;
    }
    if (!node->any || segments[depth][0] == '\0')
        return NULL;
    const size_t captured = route->count;
    route->captured[route->count++] = depth;
    const struct route_node *found = route_walk(node->any, segments, count, depth + 1, route);
    if (!found)
        route->count = captured;
    return found;
}

struct route router_find(const struct router *router, enum method method, const char *const *segments, size_t count)
{
    struct route route = {0};
    const struct route_node *node =
        count == 0 || count > ROUTE_SEGMENTS_MAX ? NULL : route_walk(&router->root, segments, count, 0, &route);
    if (!node)
        return route;
    for (enum method known = 0; known < METHOD_COUNT; known++)
        if (node->operations[known])
            route.methods |= 1u << known;
    if (route.methods & 1u << METHOD_GET)
        route.methods |= 1u << METHOD_HEAD;
    if (method < METHOD_COUNT)
        route.operation = node->operations[method == METHOD_HEAD ? METHOD_GET : method];
    return route;
}
