/* SPDX-License-Identifier: EUPL-1.2
 * Counters of the way of a request: relaxed atomics written by one thread each, summed up when Prometheus asks. */
#include "metrics.h"

#include "contract.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "banned.h"

/* Upper bounds in microseconds; the last bucket has none. */
static const int64_t BOUNDS[] = {250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000, 5000000};
#define BUCKETS (sizeof BOUNDS / sizeof *BOUNDS + 1)

/* Statuses that are counted by themselves; any other counts as the hundred it belongs to. */
static const int STATUSES[] = {200, 201, 202, 204, 304, 308, 400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 414, 415, 422, 428, 429, 431, 500, 503};
#define STATUS_COUNT (sizeof STATUSES / sizeof *STATUSES)

struct operation_figures {
    atomic_uint_fast64_t statuses[STATUS_COUNT + 1];
    atomic_uint_fast64_t buckets[BUCKETS];
    atomic_uint_fast64_t microseconds;
};

struct metrics_shard {
    struct operation_figures *operations;
};

struct metrics {
    const struct contract *contract;
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
    for (size_t i = 0; i < shards; i++) {
        metrics->shards[i].operations = calloc(contract->count + 1, sizeof *metrics->shards[i].operations);
        if (!metrics->shards[i].operations) {
            metrics_free(metrics);
            return NULL;
        }
    }
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    for (size_t i = 0; metrics && i < metrics->count; i++)
        free(metrics->shards[i].operations);
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

void metrics_count(struct metrics_shard *shard, size_t operation, int status, int64_t microseconds)
{
    struct operation_figures *figures = &shard->operations[operation];
    size_t which = 0, bucket = 0;
    while (which < STATUS_COUNT && STATUSES[which] != status)
        which++;
    while (bucket < BUCKETS - 1 && microseconds > BOUNDS[bucket])
        bucket++;
    figure_add(&figures->statuses[which], 1);
    figure_add(&figures->buckets[bucket], 1);
    figure_add(&figures->microseconds, microseconds > 0 ? (uint64_t)microseconds : 0);
}

static uint64_t sum(const struct metrics *metrics, size_t operation, size_t offset)
{
    uint64_t total = 0;
    for (size_t i = 0; i < metrics->count; i++) {
        const char *figures = (const char *)&metrics->shards[i].operations[operation];
        total += atomic_load_explicit((const atomic_uint_fast64_t *)(const void *)(figures + offset), memory_order_relaxed);
    }
    return total;
}

static const char *operation_name(const struct metrics *metrics, size_t operation)
{
    return operation < metrics->contract->count ? metrics->contract->operations[operation].id : "none";
}

static void statuses_write(const struct metrics *metrics, size_t operation, struct buffer *out)
{
    for (size_t i = 0; i <= STATUS_COUNT; i++) {
        const uint64_t count = sum(metrics, operation, offsetof(struct operation_figures, statuses) + i * sizeof(atomic_uint_fast64_t));
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
    const char *name = operation_name(metrics, operation);
    uint64_t below = 0, all = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        all += sum(metrics, operation, offsetof(struct operation_figures, buckets) + i * sizeof(atomic_uint_fast64_t));
    if (all == 0)
        return;
    for (size_t i = 0; i < BUCKETS - 1; i++) {
        below += sum(metrics, operation, offsetof(struct operation_figures, buckets) + i * sizeof(atomic_uint_fast64_t));
        buffer_printf(out, "welcome_request_seconds_bucket{operation=\"%s\",le=\"%g\"} %llu\n", name, (double)BOUNDS[i] / 1e6,
                      (unsigned long long)below);
    }
    buffer_printf(out, "welcome_request_seconds_bucket{operation=\"%s\",le=\"+Inf\"} %llu\n", name, (unsigned long long)all);
    buffer_printf(out, "welcome_request_seconds_sum{operation=\"%s\"} %.6f\n", name,
                  (double)sum(metrics, operation, offsetof(struct operation_figures, microseconds)) / 1e6);
    buffer_printf(out, "welcome_request_seconds_count{operation=\"%s\"} %llu\n", name, (unsigned long long)all);
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
}
