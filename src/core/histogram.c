/* SPDX-License-Identifier: EUPL-1.2
 * Durations counted in buckets. */
#include "histogram.h"

#include "banned.h"

/* Upper bounds in microseconds; the last bucket has none. */
static const int64_t BOUNDS[HISTOGRAM_BUCKETS - 1] = {250,   500,   1000,   2500,   5000,    10000,
                                                      25000, 50000, 100000, 250000, 1000000, 5000000};

void histogram_add(struct histogram *histogram, int64_t microseconds)
{
    size_t bucket = 0;
    while (bucket < HISTOGRAM_BUCKETS - 1 && microseconds > BOUNDS[bucket])
        bucket++;
    atomic_fetch_add_explicit(&histogram->buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->microseconds, microseconds > 0 ? (uint64_t)microseconds : 0, memory_order_relaxed);
}

void histogram_gather(struct histogram_sum *sum, const struct histogram *histogram)
{
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        sum->buckets[i] += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
    sum->microseconds += atomic_load_explicit(&histogram->microseconds, memory_order_relaxed);
}

uint64_t histogram_count(const struct histogram_sum *sum)
{
    uint64_t all = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        all += sum->buckets[i];
    return all;
}

void histogram_write(struct buffer *out, const char *name, const char *label, const char *value, const struct histogram_sum *sum)
{
    const unsigned long long all = histogram_count(sum);
    unsigned long long below = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
        below += sum->buckets[i];
        buffer_printf(out, "%s_bucket{%s=\"%s\",le=\"%g\"} %llu\n", name, label, value, (double)BOUNDS[i] / 1e6, below);
    }
    buffer_printf(out, "%s_bucket{%s=\"%s\",le=\"+Inf\"} %llu\n", name, label, value, all);
    buffer_printf(out, "%s_sum{%s=\"%s\"} %.6f\n", name, label, value, (double)sum->microseconds / 1e6);
    buffer_printf(out, "%s_count{%s=\"%s\"} %llu\n", name, label, value, all);
}
