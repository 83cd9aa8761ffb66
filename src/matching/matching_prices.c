/* SPDX-License-Identifier: EUPL-1.2
 * Prices of guides: duals of matchings of samples of the past, or scarcity of languages while there is no past. */
#include "matching_prices.h"

#include "matching_path.h"

#include <string.h>

#include "banned.h"

/* What the samples have in common, and room for one. */
struct lesson {
    const struct matching_instance *history;
    const struct matching_price_settings *settings;
    int64_t highest; /* score */
    int32_t *places;
    int64_t *sum; /* of prices, by guide */
    uint32_t *members;
    uint32_t *first;
    int64_t *drop;
    struct matching_flow flow;
};

static bool lesson_init(struct lesson *lesson, struct arena *arena)
{
    const struct matching_instance *history = lesson->history;
    const size_t guides = history->guide_count, draw = lesson->settings->draw;
    lesson->places = arena_array(arena, guides, sizeof *lesson->places);
    lesson->sum = arena_array(arena, guides, sizeof *lesson->sum);
    lesson->members = arena_array(arena, draw, sizeof *lesson->members);
    lesson->first = arena_array(arena, draw + 1, sizeof *lesson->first);
    lesson->drop = arena_array(arena, draw, sizeof *lesson->drop);
    lesson->flow.guide_of = arena_array(arena, draw, sizeof *lesson->flow.guide_of);
    lesson->flow.request_potential = arena_array(arena, draw, sizeof *lesson->flow.request_potential);
    lesson->flow.guide_potential = arena_array(arena, guides, sizeof *lesson->flow.guide_potential);
    if (!lesson->places || !lesson->sum || !lesson->members || !lesson->first || !lesson->drop || !lesson->flow.guide_of ||
        !lesson->flow.request_potential || !lesson->flow.guide_potential)
        return false;
    lesson->highest = -MATCHING_SCORE_MAX;
    for (uint32_t i = 0; i < history->edge_count; i++)
        if (history->edges[i].score > lesson->highest)
            lesson->highest = history->edges[i].score;
    for (size_t g = 0; g < guides; g++)
        lesson->places[g] = history->guides[g].places;
    const int64_t worth = lesson->settings->worth + lesson->highest;
    for (size_t i = 0; i < draw; i++)
        lesson->drop[i] = worth > 0 ? worth : 0;
    return true;
}

/* A number below limit, by hashing its place in the night: the same for the same seed. */
static uint32_t number_draw(const struct lesson *lesson, uint32_t sample, uint32_t at, uint32_t limit)
{
    const uint64_t place = ((uint64_t)sample << 32 | at) + 1;
    return (uint32_t)(matching_hash("", lesson->settings->seed ^ matching_hash("", place)) % limit);
}

/* The graph of one sample: a request may be in it several times. */
static bool sample_draw(struct lesson *lesson, uint32_t sample, struct arena *arena, struct matching_graph *graph)
{
    const struct matching_instance *history = lesson->history;
    const uint32_t draw = lesson->settings->draw;
    size_t count = 0;
    for (uint32_t i = 0; i < draw; i++) {
        const uint32_t r = lesson->members[i] = number_draw(lesson, sample, i, history->request_count);
        count += matching_last_edge(history, r) - history->requests[r].first_edge;
    }
    struct matching_arc *arcs = count <= UINT32_MAX ? arena_array(arena, count, sizeof *arcs) : NULL;
    uint32_t n = 0;
    for (uint32_t i = 0; arcs && i < draw; i++) {
        const uint32_t r = lesson->members[i], end = matching_last_edge(history, r);
        lesson->first[i] = n;
        for (uint32_t k = history->requests[r].first_edge; k < end; k++)
            if (!history->edges[k].forbidden)
                arcs[n++] = (struct matching_arc){.guide = history->edges[k].guide & 0xffffff,
                                                  .less = (uint32_t)(lesson->highest - history->edges[k].score) & 0xffffff};
        lesson->first[i + 1] = n;
    }
    *graph = (struct matching_graph){draw, history->guide_count, lesson->first, arcs, 1, lesson->drop, lesson->places};
    return arcs != NULL;
}

/* Whether the potentials prove the sample's matching; left gets each guide's free places. */
static bool sample_prove(const struct matching_graph *graph, const struct matching_flow *flow, int32_t *left)
{
    bool sound = true;
    memcpy(left, graph->places, graph->guides * sizeof *left);
    for (uint32_t r = 0; r < graph->requests; r++) {
        const int32_t guide = flow->guide_of[r];
        const int64_t u = flow->request_potential[r];
        int taken = 0;
        for (uint32_t i = graph->first[r]; i < graph->first[r + 1]; i++) {
            const int64_t slack = graph->arcs[i].less + flow->guide_potential[graph->arcs[i].guide] - u;
            const bool own = guide == (int32_t)graph->arcs[i].guide;
            sound = sound && slack >= 0 && (!own || slack == 0);
            taken += own;
        }
        sound = sound && u <= graph->drop[r] && (guide >= 0 ? taken == 1 : u == graph->drop[r]);
        if (guide >= 0)
            left[guide]--;
    }
    for (uint32_t g = 0; g < graph->guides; g++) {
        const int64_t v = flow->guide_potential[g];
        sound = sound && v >= 0 && left[g] >= 0 && (v == 0 || left[g] == 0);
    }
    return sound;
}

static bool sample_learn(struct lesson *lesson, uint32_t sample)
{
    struct matching_graph graph;
    struct arena arena;
    arena_init(&arena, 0);
    memset(lesson->flow.guide_potential, 0, lesson->history->guide_count * sizeof *lesson->flow.guide_potential);
    int32_t *left = arena_array(&arena, lesson->history->guide_count, sizeof *left);
    const bool done = left && sample_draw(lesson, sample, &arena, &graph) && matching_path_solve(&graph, &lesson->flow) &&
                      sample_prove(&graph, &lesson->flow, left);
    for (uint32_t g = 0; done && g < lesson->history->guide_count; g++)
        lesson->sum[g] += lesson->flow.guide_potential[g];
    arena_release(&arena);
    return done;
}

bool matching_learn_prices(const struct matching_instance *history, const struct matching_price_settings *settings, int32_t *prices)
{
    struct lesson lesson = {.history = history, .settings = settings};
    struct arena arena;
    if (history->state != MATCHING_CLOSED || settings->draw < 1 || settings->draw > MATCHING_REQUESTS_MAX || settings->worth < 0 ||
        settings->worth > MATCHING_SCORE_MAX)
        return false;
    arena_init(&arena, 0);
    bool done = lesson_init(&lesson, &arena);
    for (uint32_t sample = 0; done && sample < MATCHING_SAMPLES; sample++)
        done = sample_learn(&lesson, sample);
    for (uint32_t g = 0; done && g < history->guide_count; g++) {
        const int64_t price = lesson.sum[g] / MATCHING_SAMPLES;
        prices[g] = price < MATCHING_PRICE_MAX ? (int32_t)price : MATCHING_PRICE_MAX;
    }
    arena_release(&arena);
    return done;
}

/* How much of what will be asked for in a language lacks: demand and places in units of 1 / total of a request, below 2^63. */
static int32_t language_price(uint64_t wanted, uint64_t places, uint64_t total)
{
    const uint64_t there = places > INT64_MAX / total ? INT64_MAX : places * total;
    return wanted > there ? (int32_t)(MATCHING_PRICE_COLD * (wanted - there) / wanted) : 0;
}

bool matching_cold_prices(const struct matching_scarcity *scarcity, int32_t *prices)
{
    struct arena arena;
    uint64_t total = 0;
    arena_init(&arena, 0);
    uint64_t *places = scarcity->draw <= MATCHING_REQUESTS_MAX ? arena_array(&arena, scarcity->languages, sizeof *places) : NULL;
    for (size_t l = 0; l < scarcity->languages; l++)
        total += scarcity->demand[l];
    for (size_t i = 0; places && i < scarcity->speaker_count; i++)
        places[scarcity->speakers[i].language] += (uint64_t)scarcity->places[scarcity->speakers[i].guide];
    for (size_t g = 0; places && g < scarcity->guides; g++)
        prices[g] = 0;
    for (size_t i = 0; places && total && i < scarcity->speaker_count; i++) {
        const struct matching_speaker *speaker = &scarcity->speakers[i];
        const uint64_t wanted = (uint64_t)scarcity->demand[speaker->language] * scarcity->draw;
        const int32_t price = language_price(wanted, places[speaker->language], total);
        if (price > prices[speaker->guide])
            prices[speaker->guide] = price;
    }
    arena_release(&arena);
    return places != NULL;
}
