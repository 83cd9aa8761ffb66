/* SPDX-License-Identifier: EUPL-1.2
 * Counters of the way of a request, one shard a loop, summed up when asked. */
#ifndef WELCOME_METRICS_H
#define WELCOME_METRICS_H

#include "buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct metrics;
struct metrics_shard;
struct contract;

/* Room for every operation of the contract plus one row for requests that met none. NULL when out of memory. */
struct metrics *metrics_new(const struct contract *contract, size_t shards);
void metrics_free(struct metrics *metrics);

/* The shard of that number; only one thread may write to it. */
struct metrics_shard *metrics_shard(struct metrics *metrics, size_t number);

/* Counts one answered request; operation = contract->count for one that met none, problem its code or NULL. */
void metrics_count(struct metrics_shard *shard, size_t operation, int status, const char *problem, int64_t microseconds);

/* Counts a connection that was accepted. */
void metrics_connection(struct metrics_shard *shard);

/* Writes them in Prometheus' text format 0.0.4. Any thread. */
void metrics_write(const struct metrics *metrics, struct buffer *out);

#endif
