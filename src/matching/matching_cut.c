/* SPDX-License-Identifier: EUPL-1.2
 * Fewer candidates for large snapshots. The best by score alone would be the same guides for everybody and lose placements; so half
 * of those kept are spread over all others. */
#include "matching.h"

#include <stdlib.h>

#include "banned.h"

/* An edge as the cut sees it. */
struct choice {
    int32_t score;
    uint32_t tie;
    uint32_t edge;
};

static int best_first(const void *a, const void *b)
{
    const struct choice *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    if (x->tie != y->tie)
        return x->tie < y->tie ? -1 : 1;
    return x->edge < y->edge ? -1 : 1;
}

static int by_edge(const void *a, const void *b)
{
    const struct choice *x = a, *y = b;
    return x->edge < y->edge ? -1 : x->edge > y->edge;
}

/* Marks what one request leaves out: of the rest, in the order of guides' ids, every so many-th stays, from a start of its own. */
static uint32_t choices_cut(struct matching_instance *instance, struct choice *choices, uint32_t count, uint32_t keep, uint64_t start)
{
    const uint32_t best = keep - keep / 2, spread = keep / 2, rest = count - best;
    qsort(choices, count, sizeof *choices, best_first);
    qsort(choices + best, rest, sizeof *choices, by_edge);
    for (uint32_t i = 0; i < rest; i++)
        instance->edges[choices[best + i].edge].cut = 1;
    for (uint32_t i = 0; i < spread; i++)
        instance->edges[choices[best + (start + (uint64_t)i * rest / spread) % rest].edge].cut = 0;
    return rest - spread;
}

static uint32_t request_cut(struct matching_instance *instance, uint32_t request, uint32_t keep, struct choice *choices)
{
    const uint32_t end = matching_last_edge(instance, request);
    uint32_t count = 0;
    for (uint32_t i = instance->requests[request].first_edge; i < end; i++) {
        struct matching_edge *edge = &instance->edges[i];
        edge->cut = 0;
        if (!edge->forbidden && !edge->pinned)
            choices[count++] = (struct choice){edge->score, matching_tie(instance, request, edge->guide), i};
    }
    return count > keep ? choices_cut(instance, choices, count, keep, instance->requests[request].hash) : 0;
}

bool matching_cut(struct matching_instance *instance, const struct matching_settings *settings, uint32_t *cut)
{
    const bool large = instance->request_count > settings->cut_above;
    struct choice *choices = reallocarray(NULL, instance->guide_count, sizeof *choices);
    *cut = 0;
    for (uint32_t r = 0; choices && r < instance->request_count; r++)
        *cut += request_cut(instance, r, large ? settings->cut_to : UINT32_MAX, choices);
    free(choices);
    return choices != NULL;
}
