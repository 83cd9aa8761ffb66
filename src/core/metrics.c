/* SPDX-License-Identifier: EUPL-1.2
 * Counters of the way of a request: relaxed atomics written by one thread each, summed up when Prometheus asks. */
#include "metrics.h"

#include "contract.h"
#include "histogram.h"
#include "text.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

/* Statuses that are counted by themselves; any other counts as `other`. */
static const int STATUSES[] = {200, 201, 202, 204, 304, 308, 400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 414, 415, 422, 428, 429, 431, 500, 503};
#define STATUS_COUNT (sizeof STATUSES / sizeof *STATUSES)

struct operation_figures {
    atomic_uint_fast64_t statuses[STATUS_COUNT + 1];
    struct histogram durations;
};

struct metrics_shard {
    struct operation_figures *operations;
    atomic_uint_fast64_t *problems; /* by the catalogue's order */
    atomic_uint_fast64_t accepted; /* connections */
};

struct metrics {
    const struct contract *contract;
    size_t problem_count;
    size_t count;
    struct metrics_shard shards[];
};

struct metrics *metrics_new(const struct contract *contract, size_t shards)
{
    struct metrics *metrics = calloc(1, sizeof *metrics + shards * sizeof *metrics->shards);
    if (!metrics)
        return NULL;
    metrics->contract = contract;
    metrics->count = shards;
    metrics->problem_count = text_problem_count();
    for (size_t i = 0; i < shards; i++) {
        metrics->shards[i].operations = calloc(contract->count + 1, sizeof *metrics->shards[i].operations);
        metrics->shards[i].problems = calloc(metrics->problem_count + 1, sizeof *metrics->shards[i].problems);
        if (!metrics->shards[i].operations || !metrics->shards[i].problems) {
            metrics_free(metrics);
            return NULL;
        }
    }
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    for (size_t i = 0; metrics && i < metrics->count; i++) {
        free(metrics->shards[i].operations);
        free(metrics->shards[i].problems);
    }
    free(metrics);
}

struct metrics_shard *metrics_shard(struct metrics *metrics, size_t number)
{
    return &metrics->shards[number];
}

static void figure_add(atomic_uint_fast64_t *figure, uint64_t amount)
{
    atomic_fetch_add_explicit(figure, amount, memory_order_relaxed);
}

void metrics_count(struct metrics_shard *shard, size_t operation, int status, const char *problem, int64_t microseconds)
{
    struct operation_figures *figures = &shard->operations[operation];
    size_t which = 0;
    while (which < STATUS_COUNT && STATUSES[which] != status)
        which++;
    figure_add(&figures->statuses[which], 1);
    histogram_add(&figures->durations, microseconds);
    if (problem)
        figure_add(&shard->problems[text_problem_number(problem)], 1);
}

void metrics_connection(struct metrics_shard *shard)
{
    figure_add(&shard->accepted, 1);
}

static uint64_t statuses_sum(const struct metrics *metrics, size_t operation, size_t status)
{
    uint64_t total = 0;
    for (size_t i = 0; i < metrics->count; i++)
        total += atomic_load_explicit(&metrics->shards[i].operations[operation].statuses[status], memory_order_relaxed);
    return total;
}

static const char *operation_name(const struct metrics *metrics, size_t operation)
{
    return operation < metrics->contract->count ? metrics->contract->operations[operation].id : "none";
}

static void statuses_write(const struct metrics *metrics, size_t operation, struct buffer *out)
{
    for (size_t i = 0; i <= STATUS_COUNT; i++) {
        const uint64_t count = statuses_sum(metrics, operation, i);
        if (count == 0)
            continue;
        buffer_printf(out, "welcome_requests_total{operation=\"%s\",status=\"", operation_name(metrics, operation));
        if (i < STATUS_COUNT)
            buffer_printf(out, "%d\"} %llu\n", STATUSES[i], (unsigned long long)count);
        else
            buffer_printf(out, "other\"} %llu\n", (unsigned long long)count);
    }
}

static void durations_write(const struct metrics *metrics, size_t operation, struct buffer *out)
{
    struct histogram_sum sum = {.microseconds = 0};
    for (size_t i = 0; i < metrics->count; i++)
        histogram_gather(&sum, &metrics->shards[i].operations[operation].durations);
    if (histogram_count(&sum) > 0)
        histogram_write(out, "welcome_request_seconds", "operation", operation_name(metrics, operation), &sum);
}

static void problems_write(const struct metrics *metrics, struct buffer *out)
{
    buffer_puts(out, "# HELP welcome_problems_total Requests answered with a problem, by its code.\n"
                     "# TYPE welcome_problems_total counter\n");
    for (size_t k = 0; k <= metrics->problem_count; k++) {
        unsigned long long total = 0;
        for (size_t i = 0; i < metrics->count; i++)
            total += atomic_load_explicit(&metrics->shards[i].problems[k], memory_order_relaxed);
        if (total > 0)
            buffer_printf(out, "welcome_problems_total{code=\"%s\"} %llu\n", text_problem_code(k), total);
    }
}

static void connections_write(const struct metrics *metrics, struct buffer *out)
{
    unsigned long long accepted = 0;
    for (size_t i = 0; i < metrics->count; i++)
        accepted += atomic_load_explicit(&metrics->shards[i].accepted, memory_order_relaxed);
    buffer_printf(out, "# HELP welcome_connections_total Connections accepted.\n"
                       "# TYPE welcome_connections_total counter\nwelcome_connections_total %llu\n",
                  accepted);
}

void metrics_write(const struct metrics *metrics, struct buffer *out)
{
    buffer_puts(out, "# HELP welcome_requests_total Requests answered, by operation and status.\n"
                     "# TYPE welcome_requests_total counter\n");
    for (size_t i = 0; i <= metrics->contract->count; i++)
        statuses_write(metrics, i, out);
    buffer_puts(out, "# HELP welcome_request_seconds Time from the request's first line to its answer.\n"
                     "# TYPE welcome_request_seconds histogram\n");
    for (size_t i = 0; i <= metrics->contract->count; i++)
        durations_write(metrics, i, out);
    problems_write(metrics, out);
    connections_write(metrics, out);
}
