/* SPDX-License-Identifier: EUPL-1.2
 * How much of something one client may have in a span of time: GCRA in a table of fixed size, which any thread uses without a lock. */
#ifndef WELCOME_LIMIT_H
#define WELCOME_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limit_table;

struct limit {
    int64_t quota;  /* how many; at least 1 */
    int64_t window; /* in so many µs, at most LIMIT_WINDOW_MAX and at least one for each */
};

#define LIMIT_WINDOW_MAX INT64_C(3600000000) /* an hour */

struct limit_verdict {
    bool allowed;
    int64_t remaining; /* how many more at once */
    int64_t whole;     /* µs until the whole quota is there again */
    int64_t wait;      /* µs until one more is allowed; 0: now */
};

/* Room for eight times as many clients as rows, a power of two. When a row is full the client is forgotten who has used the least: who
 * brings many addresses along makes others free, never the reverse. NULL: out of memory. */
struct limit_table *limit_table_new(size_t rows);
void limit_table_free(struct limit_table *table);

/* Takes one for the client of that keyed hash at the moment now (µs of any clock that does not go back). What is refused costs the
 * client nothing. */
struct limit_verdict limit_take(struct limit_table *table, uint64_t client, const struct limit *limit, int64_t now);

/* What limit_take() would find, taking nothing: whether there is one more, and what remains now. */
struct limit_verdict limit_look(const struct limit_table *table, uint64_t client, const struct limit *limit, int64_t now);

#endif
