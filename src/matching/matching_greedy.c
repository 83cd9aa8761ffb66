/* SPDX-License-Identifier: EUPL-1.2
 * The matching without a view of the whole, to compare with; and why a request got none. */
#include "matching.h"

#include <stdlib.h>

#include "banned.h"

struct queue {
    int64_t since;
    uint32_t request;
};

static int oldest_first(const void *a, const void *b)
{
    const struct queue *x = a, *y = b;
    if (x->since != y->since)
        return x->since < y->since ? -1 : 1;
    return x->request < y->request ? -1 : 1;
}

/* The better of two edges of one request; best may be MATCHING_NONE. */
static bool is_better(const struct matching_instance *instance, uint32_t edge, int64_t best)
{
    const struct matching_edge *a = &instance->edges[edge];
    if (best == MATCHING_NONE)
        return true;
    const struct matching_edge *b = &instance->edges[best];
    if (a->score != b->score)
        return a->score > b->score;
    return matching_tie(instance, a->request, a->guide) < matching_tie(instance, b->request, b->guide);
}

static void edge_take(const struct matching_instance *instance, struct matching_result *result, uint32_t request, int64_t edge)
{
    const enum matching_band band = instance->requests[request].band;
    result->waiting_of[band]++;
    if (edge == MATCHING_NONE)
        return;
    result->edge_of[request] = edge;
    result->guide_of[request] = (int32_t)instance->edges[edge].guide;
    result->used[instance->edges[edge].guide]++;
    result->placed++;
    result->placed_of[band]++;
    result->pinned += instance->edges[edge].pinned;
    result->score += instance->edges[edge].score;
}

/* Pins first: they must not find their place taken. */
static void request_place(const struct matching_instance *instance, struct matching_result *result, uint32_t request, bool pins)
{
    const uint32_t end = matching_last_edge(instance, request);
    int64_t best = MATCHING_NONE;
    bool pinned = false;
    for (uint32_t i = instance->requests[request].first_edge; i < end; i++) {
        const struct matching_edge *edge = &instance->edges[i];
        const bool room = result->used[edge->guide] < instance->guides[edge->guide].places;
        pinned = pinned || edge->pinned;
        if (pins ? edge->pinned : room && !edge->forbidden && is_better(instance, i, best))
            best = i;
    }
    if (pins == pinned)
        edge_take(instance, result, request, best);
}

bool matching_greedy(const struct matching_instance *instance, struct matching_result *result)
{
    const uint32_t requests = instance->request_count;
    *result = (struct matching_result){.parts = 1};
    arena_init(&result->arena, 0);
    struct queue *queue = arena_array(&result->arena, requests, sizeof *queue);
    result->guide_of = arena_array(&result->arena, requests, sizeof *result->guide_of);
    result->edge_of = arena_array(&result->arena, requests, sizeof *result->edge_of);
    result->used = arena_array(&result->arena, instance->guide_count, sizeof *result->used);
    if (instance->state != MATCHING_CLOSED || !queue || !result->guide_of || !result->edge_of || !result->used) {
        matching_result_release(result);
        return false;
    }
    for (uint32_t r = 0; r < requests; r++) {
        queue[r] = (struct queue){instance->requests[r].waiting_since, r};
        result->guide_of[r] = MATCHING_NONE;
        result->edge_of[r] = MATCHING_NONE;
    }
    qsort(queue, requests, sizeof *queue, oldest_first);
    for (int pins = 1; pins >= 0; pins--)
        for (uint32_t i = 0; i < requests; i++)
            request_place(instance, result, queue[i].request, pins == 1);
    return true;
}

struct matching_why matching_why(const struct matching_instance *instance, const struct matching_result *result, uint32_t request)
{
    const struct matching_request *about = &instance->requests[request];
    const uint32_t end = matching_last_edge(instance, request);
    struct matching_why why = {.language = about->language, .speakers = about->speakers};
    for (size_t i = 0; i < MATCHING_REASONS; i++)
        why.reasons[i] = about->reasons[i];
    for (uint32_t i = about->first_edge; i < end; i++) {
        const struct matching_edge *edge = &instance->edges[i];
        if (edge->forbidden)
            why.forbidden++;
        else if (result->used[edge->guide] >= instance->guides[edge->guide].places)
            why.taken++;
    }
    return why;
}
