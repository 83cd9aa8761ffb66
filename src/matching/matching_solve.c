/* SPDX-License-Identifier: EUPL-1.2
 * A round: the snapshot's parts become graphs, the graphs are solved, the solution is told in the snapshot's terms and certified. */
#include "matching.h"
#include "matching_path.h"

#include <stdlib.h>

#include "banned.h"

static const struct matching_settings DEFAULTS = {.whole_max = 5000, .cut_above = 2000, .cut_to = 64};

static struct matching_settings settings_complete(const struct matching_settings *given)
{
    struct matching_settings settings = given ? *given : DEFAULTS;
    settings.whole_max = settings.whole_max ? settings.whole_max : DEFAULTS.whole_max;
    settings.cut_above = settings.cut_above ? settings.cut_above : DEFAULTS.cut_above;
    settings.cut_to = settings.cut_to ? settings.cut_to : DEFAULTS.cut_to;
    return settings;
}

/* With n requests at most 20,000 and scores within 200,000: S <= 2.1e7, an edge costs below 4.2e12, W below 8.3e16, 4 W below 2^59. */
struct matching_scale matching_scale(const struct matching_instance *instance)
{
    int64_t lowest = MATCHING_SCORE_MAX, highest = -MATCHING_SCORE_MAX;
    for (uint32_t i = 0; i < instance->edge_count; i++) {
        const int32_t score = instance->edges[i].score;
        lowest = score < lowest ? score : lowest;
        highest = score > highest ? score : highest;
    }
    if (lowest > highest)
        lowest = highest = 0;
    const int64_t requests = instance->request_count, point = 1024 * (requests + 1);
    return (struct matching_scale){
        .point = point,
        .highest = highest,
        .leave = requests * ((highest - lowest) * point + 1023) + 1,
    };
}

int64_t matching_edge_cost(const struct matching_instance *instance, const struct matching_scale *scale, const struct matching_edge *edge)
{
    return (scale->highest - edge->score) * scale->point + matching_tie(instance, edge->request, edge->guide);
}

int64_t matching_drop_cost(const struct matching_scale *scale, const struct matching_request *request)
{
    return scale->leave * (request->band + 1);
}

/* What the parts have in common. */
struct round {
    const struct matching_instance *instance;
    struct matching_result *result;
    struct matching_scale scale;
    int32_t *places; /* by guide, left before the part */
    uint32_t *order; /* requests, part by part */
};

/* Whether the solver may use the edge; pinned ones are settled before. */
static bool is_open(const struct matching_edge *edge)
{
    return !edge->forbidden && !edge->cut;
}

static bool is_settled(const struct round *round, uint32_t request)
{
    return round->result->guide_of[request] != MATCHING_NONE;
}

/* The graph of the requests order[0..count): those not pinned. members gets their indexes; all of it in the arena. */
static bool graph_build(const struct round *round, const uint32_t *order, uint32_t count, struct arena *arena, uint32_t **members,
                        struct matching_graph *graph)
{
    const struct matching_instance *instance = round->instance;
    size_t arc_count = 0;
    for (uint32_t i = 0; i < count; i++)
        arc_count += matching_last_edge(instance, order[i]) - instance->requests[order[i]].first_edge;
    uint32_t *first = arena_array(arena, (size_t)count + 1, sizeof *first), *member = arena_array(arena, count, sizeof *member);
    struct matching_arc *arcs = arena_array(arena, arc_count, sizeof *arcs);
    int64_t *drop = arena_array(arena, count, sizeof *drop);
    if (!first || !member || !arcs || !drop)
        return false;
    uint32_t n = 0, m = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t r = order[i], end = matching_last_edge(instance, r);
        if (is_settled(round, r))
            continue;
        for (uint32_t k = instance->requests[r].first_edge; k < end; k++) {
            const struct matching_edge *edge = &instance->edges[k];
            if (is_open(edge))
                arcs[m++] = (struct matching_arc){.guide = edge->guide & 0xffffff,
                                                  .less = (uint32_t)(round->scale.highest - edge->score) & 0xffffff,
                                                  .tie = matching_tie(instance, r, edge->guide) & 0xffff};
        }
        drop[n] = matching_drop_cost(&round->scale, &instance->requests[r]);
        member[n++] = r;
        first[n] = m;
    }
    *members = member;
    *graph = (struct matching_graph){n, instance->guide_count, first, arcs, round->scale.point, drop, round->places};
    return true;
}

/* Notes where a request went; the guide is known. */
static void request_settle(const struct round *round, uint32_t request, int32_t guide)
{
    struct matching_result *result = round->result;
    result->guide_of[request] = guide;
    if (guide == MATCHING_NONE)
        return;
    round->places[guide]--;
    result->used[guide]++;
    for (uint32_t i = round->instance->requests[request].first_edge; result->edge_of[request] == MATCHING_NONE; i++)
        if (round->instance->edges[i].guide == (uint32_t)guide)
            result->edge_of[request] = i;
}

static bool part_solve(const struct round *round, uint32_t part, const uint32_t *order, uint32_t count)
{
    struct matching_graph graph;
    struct arena arena;
    uint32_t *members = NULL;
    arena_init(&arena, 0);
    struct matching_flow flow = {
        .guide_of = arena_array(&arena, count, sizeof *flow.guide_of),
        .request_potential = arena_array(&arena, count, sizeof *flow.request_potential),
        .guide_potential = round->result->guide_potential + (size_t)part * round->instance->guide_count,
    };
    const bool done = flow.guide_of && flow.request_potential && graph_build(round, order, count, &arena, &members, &graph) &&
                      matching_path_solve(&graph, &flow);
    for (uint32_t i = 0; done && i < graph.requests; i++) {
        round->result->request_potential[members[i]] = flow.request_potential[i];
        request_settle(round, members[i], flow.guide_of[i]);
    }
    arena_release(&arena);
    return done;
}

static bool result_init(struct matching_result *result, const struct matching_instance *instance)
{
    const size_t requests = instance->request_count;
    struct arena *arena = &result->arena;
    result->guide_of = arena_array(arena, requests, sizeof *result->guide_of);
    result->edge_of = arena_array(arena, requests, sizeof *result->edge_of);
    result->second = arena_array(arena, requests, sizeof *result->second);
    result->second_known = arena_array(arena, requests, sizeof *result->second_known);
    result->part_of = arena_array(arena, requests, sizeof *result->part_of);
    result->request_potential = arena_array(arena, requests, sizeof *result->request_potential);
    result->used = arena_array(arena, instance->guide_count, sizeof *result->used);
    if (!result->guide_of || !result->edge_of || !result->second || !result->second_known || !result->part_of ||
        !result->request_potential || !result->used)
        return false;
    for (size_t r = 0; r < requests; r++)
        result->guide_of[r] = MATCHING_NONE, result->edge_of[r] = MATCHING_NONE;
    return true;
}

/* Gives pinned pairs their places before anything is solved. */
static void pins_settle(const struct round *round)
{
    const struct matching_instance *instance = round->instance;
    for (uint32_t i = 0; i < instance->edge_count; i++)
        if (instance->edges[i].pinned) {
            request_settle(round, instance->edges[i].request, (int32_t)instance->edges[i].guide);
            round->result->pinned++;
        }
}

/* The score of the best candidate but the one taken, whether or not that one had a place left. */
static void second_find(const struct matching_instance *instance, struct matching_result *result, uint32_t request)
{
    const uint32_t end = matching_last_edge(instance, request);
    for (uint32_t i = instance->requests[request].first_edge; i < end; i++) {
        const struct matching_edge *edge = &instance->edges[i];
        if (edge->forbidden || i == result->edge_of[request])
            continue;
        if (!result->second_known[request] || edge->score > result->second[request])
            result->second[request] = edge->score;
        result->second_known[request] = true;
    }
}

static void result_sum(const struct matching_instance *instance, struct matching_result *result)
{
    for (uint32_t r = 0; r < instance->request_count; r++) {
        const enum matching_band band = instance->requests[r].band;
        result->waiting_of[band]++;
        if (result->guide_of[r] == MATCHING_NONE)
            continue;
        result->placed++;
        result->placed_of[band]++;
        result->score += instance->edges[result->edge_of[r]].score;
        second_find(instance, result, r);
    }
}

static bool round_init(struct round *round, struct matching_instance *instance, struct matching_result *result, struct arena *arena)
{
    const struct matching_settings *settings = &result->settings;
    *round = (struct round){.instance = instance, .result = result, .scale = matching_scale(instance)};
    round->places = arena_array(arena, instance->guide_count, sizeof *round->places);
    round->order = arena_array(arena, instance->request_count, sizeof *round->order);
    if (!round->places || !round->order || !result_init(result, instance) || !matching_cut(instance, settings, &result->cut))
        return false;
    for (uint32_t g = 0; g < instance->guide_count; g++)
        round->places[g] = instance->guides[g].places;
    result->parts = matching_parts(instance, settings, round->order, result->part_of);
    result->guide_potential =
        arena_array(&result->arena, (size_t)result->parts * instance->guide_count, sizeof *result->guide_potential);
    return result->parts && result->guide_potential;
}

bool matching_solve(struct matching_instance *instance, const struct matching_settings *settings, struct matching_result *result)
{
    struct round round;
    struct arena arena;
    *result = (struct matching_result){.settings = settings_complete(settings)};
    arena_init(&arena, 0);
    arena_init(&result->arena, 0);
    bool done = instance->state == MATCHING_CLOSED && round_init(&round, instance, result, &arena);
    if (done)
        pins_settle(&round);
    for (uint32_t part = 0, begin = 0, end = 0; done && part < result->parts; part++, begin = end) {
        while (end < instance->request_count && result->part_of[round.order[end]] == part)
            end++;
        done = part_solve(&round, part, round.order + begin, end - begin);
    }
    arena_release(&arena);
    if (done) {
        result_sum(instance, result);
        matching_certify(instance, result, &result->certificate);
        done = result->certificate.parts == result->parts;
    }
    if (!done)
        matching_result_release(result);
    return done;
}

void matching_result_release(struct matching_result *result)
{
    arena_release(&result->arena);
}
