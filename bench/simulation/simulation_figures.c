/* SPDX-License-Identifier: EUPL-1.2
 * The figures of a year: shares in per cent, waits in days, of requests that came in the measured year. */
#include "simulation.h"

#include <limits.h>
#include <stdlib.h>

static int numbers_compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static bool is_measured(const struct newcomer *newcomer)
{
    return newcomer->arrives >= WARM_UP && newcomer->arrives < WARM_UP + MEASURED;
}

static bool has_common_language(const struct newcomer *newcomer)
{
    for (int i = 0; i < 3; i++)
        if (newcomer->skills[i].language == GERMAN || newcomer->skills[i].language == ENGLISH)
            return true;
    return false;
}

/* Whether any guide could help at the start, were all free. */
static bool is_reachable(const struct year *year, const struct newcomer *newcomer)
{
    for (int g = 0; g < GUIDES; g++) {
        const struct guide *guide = &year->guides[g];
        if (newcomer->points[g] >= 0 &&
            (guide->city == newcomer->city || (guide->remote && newcomer->remote) ||
             (guide->neighbours && newcomer->neighbours && is_neighbour(newcomer->city, guide->city))))
            return true;
    }
    return false;
}

static void requests_count(const struct year *year, double *waits, double figures[METRICS])
{
    double all = 0, placed = 0, week = 0, plain = 0, plain_placed = 0, asks = 0, reachable = 0;
    for (int r = 0; r < year->newcomer_count; r++) {
        const struct newcomer *newcomer = &year->newcomers[r];
        if (!is_measured(newcomer))
            continue;
        const bool helped = newcomer->placed_at > 0, common = has_common_language(newcomer);
        const double wait = newcomer->placed_at - newcomer->arrives;
        all++;
        asks += newcomer->asks;
        reachable += is_reachable(year, newcomer);
        plain += !common;
        plain_placed += !common && helped;
        week += helped && wait <= 7;
        if (helped)
            waits[(size_t)placed++] = wait;
    }
    qsort(waits, (size_t)placed, sizeof *waits, numbers_compare);
    figures[PLACED] = 100 * placed / all;
    figures[WITHIN_WEEK] = 100 * week / all;
    figures[WITHOUT_COMMON] = plain > 0 ? 100 * plain_placed / plain : 0;
    figures[WAIT_MEDIAN] = placed > 0 ? waits[(size_t)(placed * 0.5)] : 0;
    figures[WAIT_P90] = placed > 0 ? waits[(size_t)(placed * 0.9)] : 0;
    figures[ASKS_PER_PLACEMENT] = placed > 0 ? asks / placed : 0;
    figures[REACHABLE] = 100 * reachable / all;
}

/* Load: days with matches for each place. Idle: nobody placed with them in the year. */
static void guides_count(const struct year *year, double figures[METRICS])
{
    double loads[GUIDES], sum = 0, ranked = 0;
    for (int g = 0; g < GUIDES; g++) {
        const struct guide *guide = &year->guides[g];
        loads[g] = guide->match_days / guide->capacity;
        figures[CROWDED] += 100.0 * guide->crowded / GUIDES;
        figures[IDLE] += 100.0 * (guide->placed == 0) / GUIDES;
    }
    qsort(loads, GUIDES, sizeof *loads, numbers_compare);
    for (int g = 0; g < GUIDES; g++) {
        sum += loads[g];
        ranked += (2 * (g + 1) - GUIDES - 1) * loads[g];
    }
    figures[GINI] = sum > 0 ? ranked / (GUIDES * sum) : 0;
}

void figures_take(const struct year *year, double figures[METRICS])
{
    double *waits = calloc((size_t)year->newcomer_count + 1, sizeof *waits);
    for (int m = 0; m < METRICS; m++)
        figures[m] = 0;
    if (!waits)
        abort();
    requests_count(year, waits, figures);
    guides_count(year, figures);
    free(waits);
}
