/* SPDX-License-Identifier: EUPL-1.2
 * What a policy does after an event: the greedy one asks for one request after the other, the exact one solves a snapshot. */
#include "simulation.h"

#include "matching.h"
#include "matching_prices.h"

#include <limits.h>
#include <stdio.h>

enum { ASKS_MOST = 3, WORTH = 500 };
#define ASKS_FOR 30.0
#define SECOND_ASK_AFTER 1.5
#define ENGAGEMENT 90.0

static int asks_since(const struct guide *guide, double since)
{
    int count = 0;
    while (count < guide->asked && count < ASKS_KEPT && guide->asks[(guide->asked - 1 - count) % ASKS_KEPT] > since)
        count++;
    return count;
}

/* 300, 150 or 100 points; 0: out of reach. */
static int reach_points(const struct newcomer *newcomer, const struct guide *guide)
{
    if (guide->city == newcomer->city)
        return 300;
    if (guide->neighbours && (newcomer->neighbours || newcomer->widened) && is_neighbour(newcomer->city, guide->city))
        return 150;
    return guide->remote && (newcomer->remote || newcomer->widened) ? 100 : 0;
}

static bool has_place(const struct year *year, const struct guide *guide)
{
    return guide->active && guide->matches + guide->open < guide->capacity &&
           (!year->policy->rules || asks_since(guide, year->now - ASKS_FOR) < ASKS_MOST);
}

int points_of(const struct year *year, int request, int g)
{
    const struct newcomer *newcomer = &year->newcomers[request];
    const struct guide *guide = &year->guides[g];
    const int reach = newcomer->points[g] < 0 ? 0 : reach_points(newcomer, guide);
    if (!reach || newcomer->refused[g] == 1 || (newcomer->refused[g] == 2 && year->now < (double)newcomer->again[g]) ||
        newcomer->proposals[0].guide == g || newcomer->proposals[1].guide == g)
        return INT_MIN;
    int points = newcomer->points[g] + reach;
    if (year->policy->spread)
        points -= 150 * (guide->matches + guide->open) / guide->capacity + 30 * asks_since(guide, year->now - ASKS_FOR);
    return points + matching_price_term(year->policy->prices == PRICES_NONE ? 0 : guide->price);
}

/* Waits for a first ask, or, in the second pass, for one beside an ask that has been silent for long. */
static bool is_waiting(const struct year *year, int request, bool second)
{
    const struct newcomer *newcomer = &year->newcomers[request];
    const struct proposal *a = &newcomer->proposals[0], *b = &newcomer->proposals[1];
    if (!newcomer->here || newcomer->gone || newcomer->placed_at > 0 || (a->guide != NOBODY && b->guide != NOBODY))
        return false;
    if (!second)
        return a->guide == NOBODY && b->guide == NOBODY;
    const struct proposal *open = a->guide != NOBODY ? a : b;
    return open->guide != NOBODY && year->now - open->asked_at >= SECOND_ASK_AFTER - 1e-9;
}

static void greedy_run(struct year *year, bool second)
{
    for (int r = 0; r < year->arrived; r++) {
        int best = NOBODY, most = INT_MIN;
        if (!is_waiting(year, r, second))
            continue;
        for (int g = 0; g < GUIDES; g++) {
            const int points = has_place(year, &year->guides[g]) ? points_of(year, r, g) : INT_MIN;
            if (points > most) {
                most = points;
                best = g;
            }
        }
        if (best != NOBODY)
            ask(year, r, best);
    }
}

static bool guides_add(const struct year *year, struct matching_instance *instance, struct matching_fault *fault)
{
    char id[16];
    for (int g = 0; g < GUIDES; g++) {
        const struct guide *guide = &year->guides[g];
        const int asks = year->policy->rules ? ASKS_MOST - asks_since(guide, year->now - ASKS_FOR) : INT_MAX;
        const int left = guide->capacity - guide->matches - guide->open;
        snprintf(id, sizeof id, "%d", g);
        if (has_place(year, guide) && !matching_add_guide(instance, id, left < asks ? left : asks, guide->price, fault))
            return false;
    }
    return true;
}

static bool requests_add(const struct year *year, struct matching_instance *instance, bool second, struct matching_fault *fault)
{
    char id[16];
    for (int r = 0; r < year->arrived; r++) {
        snprintf(id, sizeof id, "%d", r);
        if (is_waiting(year, r, second) &&
            !matching_add_request(instance, id, "", (int64_t)(year->newcomers[r].arrives * 86400), NULL, fault))
            return false;
    }
    return true;
}

static int number_of(const char *id)
{
    int number = 0;
    for (; *id; id++)
        number = number * 10 + (*id - '0');
    return number;
}

static bool edges_add(const struct year *year, struct matching_instance *instance, struct matching_fault *fault)
{
    for (uint32_t r = 0; r < instance->request_count; r++)
        for (uint32_t g = 0; g < instance->guide_count; g++) {
            const int points = points_of(year, number_of(instance->requests[r].id), number_of(instance->guides[g].id));
            if (points != INT_MIN && !matching_add_edge(instance, r, g, points, MATCHING_FREE, NULL, fault))
                return false;
        }
    return true;
}

static bool snapshot_solve(struct year *year, struct matching_instance *instance)
{
    struct matching_result result;
    if (!matching_solve(instance, NULL, &result))
        return false;
    year->rounds++;
    year->proofs += result.certificate.clean;
    for (uint32_t r = 0; r < instance->request_count && result.certificate.clean; r++)
        if (result.guide_of[r] != MATCHING_NONE)
            ask(year, number_of(instance->requests[r].id), number_of(instance->guides[result.guide_of[r]].id));
    const bool clean = result.certificate.clean;
    matching_result_release(&result);
    return clean;
}

static bool exact_run(struct year *year, bool second)
{
    struct matching_instance instance;
    struct matching_fault fault;
    matching_instance_init(&instance, year->seed ^ (uint64_t)(year->now * 86400), (int64_t)(year->now * 86400));
    bool done = guides_add(year, &instance, &fault) && requests_add(year, &instance, second, &fault);
    if (done && instance.guide_count && instance.request_count)
        done = matching_index(&instance, &fault) && edges_add(year, &instance, &fault) && matching_close(&instance, &fault) &&
               snapshot_solve(year, &instance);
    matching_instance_release(&instance);
    return done;
}

/* A second ask never takes a place from who has none: it comes after the first ones. */
bool year_round(struct year *year)
{
    for (int second = 0; second <= year->policy->rules; second++) {
        if (!year->policy->exact)
            greedy_run(year, second);
        else if (!exact_run(year, second))
            return false;
    }
    return true;
}

static bool prices_cold(struct year *year, uint32_t draw)
{
    struct matching_speaker speakers[GUIDES * 4];
    int32_t places[GUIDES], prices[GUIDES];
    size_t count = 0;
    for (int g = 0; g < GUIDES; g++) {
        places[g] = year->guides[g].capacity;
        for (int i = 0; i < 4 && year->guides[g].skills[i].language != NOBODY; i++)
            speakers[count++] = (struct matching_speaker){(uint32_t)g, (uint32_t)year->guides[g].skills[i].language};
    }
    const struct matching_scarcity scarcity = {places, GUIDES, year->demand, (size_t)year->language_count, speakers, count, draw};
    const bool done = matching_cold_prices(&scarcity, prices);
    for (int g = 0; done && g < GUIDES; g++)
        year->guides[g].price = prices[g];
    return done;
}

/* All pairs of the last year's requests that keep H2 and H3, as those asked for: with what was agreed to by then. */
static bool history_fill(const struct year *year, struct matching_instance *history, int from, struct matching_fault *fault)
{
    char id[16];
    bool done = true;
    for (int g = 0; g < GUIDES && done; g++) {
        snprintf(id, sizeof id, "%d", g);
        done = matching_add_guide(history, id, year->guides[g].capacity, 0, fault);
    }
    for (int r = from; r < year->arrived && done; r++) {
        snprintf(id, sizeof id, "%d", r);
        done = matching_add_request(history, id, "", (int64_t)(year->newcomers[r].arrives * 86400), NULL, fault);
    }
    done = done && matching_index(history, fault);
    for (uint32_t r = 0; done && r < history->request_count; r++) {
        const struct newcomer *newcomer = &year->newcomers[number_of(history->requests[r].id)];
        for (uint32_t g = 0; g < GUIDES && done; g++) {
            const int at = number_of(history->guides[g].id);
            const int reach = newcomer->points[at] < 0 ? 0 : reach_points(newcomer, &year->guides[at]);
            done = !reach || matching_add_edge(history, r, g, newcomer->points[at] + reach, MATCHING_FREE, NULL, fault);
        }
    }
    return done && matching_close(history, fault);
}

/* How many ask for help at one time: what came in the last year, or since there is one, times the mean days of a match. */
bool prices_learn(struct year *year)
{
    int from = 0;
    while (from < year->arrived && year->newcomers[from].arrives < year->now - 365)
        from++;
    const int count = year->arrived - from;
    const double days = year->now < 365 ? year->now : 365;
    if (count < MATCHING_PRICES_LEAST || year->policy->prices == PRICES_COLD)
        return prices_cold(year, (uint32_t)(year->parameters->arrivals * ENGAGEMENT / 365));
    struct matching_instance history;
    struct matching_fault fault;
    int32_t prices[GUIDES];
    const struct matching_price_settings settings = {.seed = year->seed + (uint64_t)year->now,
                                                     .draw = (uint32_t)(count * ENGAGEMENT / days), .worth = WORTH};
    matching_instance_init(&history, year->seed, (int64_t)(year->now * 86400));
    const bool done = history_fill(year, &history, from, &fault) && matching_learn_prices(&history, &settings, prices);
    for (uint32_t g = 0; done && g < GUIDES; g++)
        year->guides[number_of(history.guides[g].id)].price = prices[g];
    matching_instance_release(&history);
    return done;
}
