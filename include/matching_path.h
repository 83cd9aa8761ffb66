/* SPDX-License-Identifier: EUPL-1.2
 * The heart of the solver: requests enter one after the other, each along the shortest augmenting path. Knows numbers only. */
#ifndef WELCOME_MATCHING_PATH_H
#define WELCOME_MATCHING_PATH_H

#include <stdbool.h>
#include <stdint.h>

/* One pair in eight bytes: ten thousand guides and a million pairs should stay in the cache. */
struct matching_arc {
    uint64_t guide : 24;
    uint64_t less : 24; /* points below the highest score of the snapshot */
    uint64_t tie : 16;
};

/* A bipartite graph; costs are less * point + tie for an arc, drop for leaving a request out, all of them >= 0. Bounds: drop and
 * every arc's cost below 2^60, so that no sum of the algorithm (at most cost + two potentials, none above the largest drop) overflows. */
struct matching_graph {
    uint32_t requests, guides;
    const uint32_t *first;             /* by request, and one more: its arcs begin there */
    const struct matching_arc *arcs;
    int64_t point;
    const int64_t *drop;               /* by request */
    const int32_t *places;             /* by guide, >= 0 */
};

/* By request: guide or -1, potential u. By guide: potential v >= 0. The caller's arrays; guide_potential must be zero before. */
struct matching_flow {
    int32_t *guide_of;
    int64_t *request_potential;
    int64_t *guide_potential;
};

/* Fills flow with a matching of least cost and potentials that prove it: u - v <= cost for every arc, with equality where matched;
 * u <= drop, with equality where left out; v = 0 where a place is left. Time: a Dijkstra search for each request, at worst
 * O(requests * arcs * log guides); mostly far less, for a search ends with the first place found. False: out of memory. */
bool matching_path_solve(const struct matching_graph *graph, struct matching_flow *flow);

#endif
