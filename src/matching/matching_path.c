/* SPDX-License-Identifier: EUPL-1.2
 * Successive shortest augmenting paths with potentials on a bipartite graph with capacities and a way to leave each request out
 * (Dijkstra on reduced costs: Edmonds and Karp 1972, Tomizawa 1971; by rows as in Jonker and Volgenant 1987). */
#include "matching_path.h"

#include "matching.h"

#include <stdlib.h>

#include "banned.h"

struct search {
    const struct matching_graph *graph;
    struct matching_flow *flow;
    int32_t *first_of; /* by guide: its first request, or -1; the rest follow in next_of */
    int32_t *next_of;  /* by request */
    int32_t *used;     /* by guide */
    int64_t *distance; /* by guide, of this search; INT64_MAX: not reached */
    int32_t *from;     /* by guide: the request it was reached from */
    uint32_t *heap;    /* guides reached and not scanned, the nearest on top */
    uint32_t *place;   /* by guide: where in the heap */
    uint32_t *reached; /* guides, to reset after the search */
    uint32_t *scanned; /* guides in the order they left the heap */
    uint32_t waiting, reached_count, scanned_count;
    int64_t best;       /* length of the shortest way out found so far */
    int32_t best_guide; /* its end: a guide with a place left; -1: a request that is left out */
    int32_t best_drop;  /* that request */
};

static bool search_init(struct search *search, const struct matching_graph *graph, struct matching_flow *flow, struct arena *arena)
{
    const size_t guides = graph->guides;
    *search = (struct search){
        .graph = graph,
        .flow = flow,
        .first_of = arena_array(arena, guides, sizeof(int32_t)),
        .next_of = arena_array(arena, graph->requests, sizeof(int32_t)),
        .used = arena_array(arena, guides, sizeof(int32_t)),
        .distance = arena_array(arena, guides, sizeof(int64_t)),
        .from = arena_array(arena, guides, sizeof(int32_t)),
        .heap = arena_array(arena, guides, sizeof(uint32_t)),
        .place = arena_array(arena, guides, sizeof(uint32_t)),
        .reached = arena_array(arena, guides, sizeof(uint32_t)),
        .scanned = arena_array(arena, guides, sizeof(uint32_t)),
    };
    if (!search->first_of || !search->next_of || !search->used || !search->distance || !search->from || !search->heap ||
        !search->place || !search->reached || !search->scanned)
        return false;
    for (size_t g = 0; g < guides; g++) {
        search->first_of[g] = MATCHING_NONE;
        search->distance[g] = INT64_MAX;
    }
    return true;
}

/* By distance, then by number: the order of equals must not depend on chance. */
static bool is_nearer(const struct search *search, uint32_t a, uint32_t b)
{
    return search->distance[a] != search->distance[b] ? search->distance[a] < search->distance[b] : a < b;
}

static void heap_put(struct search *search, uint32_t at, uint32_t guide)
{
    search->heap[at] = guide;
    search->place[guide] = at;
}

/* Moves a guide that came nearer, or a new one from the end, up to its place. */
static void heap_raise(struct search *search, uint32_t at, uint32_t guide)
{
    while (at > 0 && is_nearer(search, guide, search->heap[(at - 1) / 2])) {
        heap_put(search, at, search->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_put(search, at, guide);
}

static uint32_t heap_take(struct search *search)
{
    const uint32_t top = search->heap[0], last = search->heap[--search->waiting];
    uint32_t at = 0;
    for (uint32_t child = 1; child < search->waiting; child = 2 * at + 1) {
        if (child + 1 < search->waiting && is_nearer(search, search->heap[child + 1], search->heap[child]))
            child++;
        if (!is_nearer(search, search->heap[child], last))
            break;
        heap_put(search, at, search->heap[child]);
        at = child;
    }
    if (search->waiting)
        heap_put(search, at, last);
    return top;
}

/* Looks along all pairs of a request that stands at base - u from the source. */
static void request_scan(struct search *search, uint32_t request, int64_t base)
{
    const struct matching_graph *graph = search->graph;
    for (uint32_t i = graph->first[request]; i < graph->first[request + 1]; i++) {
        const struct matching_arc *arc = &graph->arcs[i];
        const uint32_t guide = arc->guide;
        const int64_t cost = (int64_t)arc->less * graph->point + arc->tie;
        const int64_t distance = base + cost + search->flow->guide_potential[guide];
        const int64_t before = search->distance[guide];
        if (distance >= search->best || distance >= before)
            continue;
        search->distance[guide] = distance;
        search->from[guide] = (int32_t)request;
        if (search->used[guide] < graph->places[guide]) { /* no way can be shorter through here */
            search->best = distance;
            search->best_guide = (int32_t)guide;
        }
        if (before == INT64_MAX) {
            search->reached[search->reached_count++] = guide;
            heap_raise(search, search->waiting++, guide);
        } else {
            heap_raise(search, search->place[guide], guide);
        }
    }
}

/* Goes on from a full guide: one of its requests may be left out or go to another guide. */
static void guide_scan(struct search *search, uint32_t guide)
{
    const int64_t distance = search->distance[guide];
    search->scanned[search->scanned_count++] = guide;
    for (int32_t r = search->first_of[guide]; r >= 0; r = search->next_of[r]) {
        const int64_t base = distance - search->flow->request_potential[r];
        if (base + search->graph->drop[r] < search->best) {
            search->best = base + search->graph->drop[r];
            search->best_guide = MATCHING_NONE;
            search->best_drop = r;
        }
        request_scan(search, (uint32_t)r, base);
    }
}

static void guide_give_up(struct search *search, uint32_t guide, int32_t request)
{
    int32_t *link = &search->first_of[guide];
    while (*link != request)
        link = &search->next_of[*link];
    *link = search->next_of[request];
    search->used[guide]--;
    search->flow->guide_of[request] = MATCHING_NONE;
}

static void guide_take(struct search *search, uint32_t guide, int32_t request)
{
    search->next_of[request] = search->first_of[guide];
    search->first_of[guide] = request;
    search->used[guide]++;
    search->flow->guide_of[request] = (int32_t)guide;
}

/* Keeps reduced costs from getting negative, and makes those along the path zero. */
static void potentials_raise(struct search *search, uint32_t source)
{
    search->flow->request_potential[source] = search->best;
    for (uint32_t i = 0; i < search->scanned_count; i++) {
        const uint32_t guide = search->scanned[i];
        const int64_t raise = search->best - search->distance[guide];
        search->flow->guide_potential[guide] += raise;
        for (int32_t r = search->first_of[guide]; r >= 0; r = search->next_of[r])
            search->flow->request_potential[r] += raise;
    }
}

/* From the path's end back to its source each request moves on to the guide it reached. */
static void path_augment(struct search *search, int32_t source)
{
    int32_t guide = search->best_guide;
    if (guide < 0) {
        if (search->best_drop == source)
            return;
        guide = search->flow->guide_of[search->best_drop];
        guide_give_up(search, (uint32_t)guide, search->best_drop);
    }
    for (int32_t request = MATCHING_NONE; request != source;) {
        request = search->from[guide];
        const int32_t before = search->flow->guide_of[request];
        if (before >= 0)
            guide_give_up(search, (uint32_t)before, request);
        guide_take(search, (uint32_t)guide, request);
        guide = before;
    }
}

static void request_enter(struct search *search, uint32_t request)
{
    search->best = search->graph->drop[request];
    search->best_guide = MATCHING_NONE;
    search->best_drop = (int32_t)request;
    search->flow->guide_of[request] = MATCHING_NONE;
    search->waiting = search->reached_count = search->scanned_count = 0;
    request_scan(search, request, 0);
    while (search->waiting && search->distance[search->heap[0]] < search->best)
        guide_scan(search, heap_take(search));
    potentials_raise(search, request);
    path_augment(search, (int32_t)request);
    for (uint32_t i = 0; i < search->reached_count; i++)
        search->distance[search->reached[i]] = INT64_MAX;
}

bool matching_path_solve(const struct matching_graph *graph, struct matching_flow *flow)
{
    struct search search;
    struct arena arena;
    arena_init(&arena, 0);
    const bool ready = search_init(&search, graph, flow, &arena);
    for (uint32_t r = 0; ready && r < graph->requests; r++)
        request_enter(&search, r);
    arena_release(&arena);
    return ready;
}
