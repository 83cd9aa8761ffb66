/* SPDX-License-Identifier: EUPL-1.2
 * Durations counted in buckets: written by one thread with relaxed atomics, read by any. */
#ifndef WELCOME_HISTOGRAM_H
#define WELCOME_HISTOGRAM_H

#include "buffer.h"

#include <stdatomic.h>
#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 13 };

struct histogram {
    atomic_uint_fast64_t buckets[HISTOGRAM_BUCKETS]; /* not cumulative */
    atomic_uint_fast64_t microseconds;
};

/* Several of them, added up. */
struct histogram_sum {
    uint64_t buckets[HISTOGRAM_BUCKETS], microseconds;
};

void histogram_add(struct histogram *histogram, int64_t microseconds);
void histogram_gather(struct histogram_sum *sum, const struct histogram *histogram);
uint64_t histogram_count(const struct histogram_sum *sum);

/* Writes <name>_bucket, _sum and _count in Prometheus' text format, in seconds, with one label. */
void histogram_write(struct buffer *out, const char *name, const char *label, const char *value, const struct histogram_sum *sum);

#endif
