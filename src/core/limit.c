/* SPDX-License-Identifier: EUPL-1.2
 * GCRA (ITU-T I.371): of each client one moment is kept, until which its quota is used up piece by piece. */
#include "limit.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "banned.h"

/* A row is a cache line. A word is the client's tag (24 bits, never 0) and the moment (40 bits of µs, wrapping every 12 days); a
 * moment that has passed, or lies farther ahead than any window, is as good as none. */
enum { ROW_WORDS = 8, TRIES_MAX = 64 };

#define MOMENT_BITS 40
#define MOMENT_MASK ((UINT64_C(1) << MOMENT_BITS) - 1)

struct row {
    _Alignas(64) _Atomic uint64_t words[ROW_WORDS];
};

struct limit_table {
    struct row *rows;
    uint64_t mask;
};

struct limit_table *limit_table_new(size_t rows)
{
    struct limit_table *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    table->mask = rows - 1;
    table->rows = aligned_alloc(_Alignof(struct row), rows * sizeof *table->rows);
    if (!table->rows) {
        free(table);
        return NULL;
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < ROW_WORDS; k++)
            atomic_init(&table->rows[i].words[k], 0);
    return table;
}

void limit_table_free(struct limit_table *table)
{
    if (table)
        free(table->rows);
    free(table);
}

/* µs from now until the moment in a word. */
static int64_t debt_of(uint64_t word, int64_t now)
{
    const int64_t debt = (int64_t)((word - (uint64_t)now) & MOMENT_MASK);
    return word == 0 || debt > LIMIT_WINDOW_MAX ? 0 : debt;
}

static uint64_t tag_of(uint64_t client)
{
    return (client >> MOMENT_BITS | 1) << MOMENT_BITS;
}

/* The place of the client's word in its row, else of the word with the least debt; *word is what stands there. */
static size_t word_find(const struct row *row, uint64_t tag, int64_t now, uint64_t *word)
{
    size_t least = 0;
    int64_t least_debt = INT64_MAX;
    for (size_t i = 0; i < ROW_WORDS; i++) {
        const uint64_t seen = atomic_load_explicit(&row->words[i], memory_order_relaxed);
        if ((seen & ~MOMENT_MASK) == tag) {
            *word = seen;
            return i;
        }
        const int64_t debt = debt_of(seen, now);
        if (debt < least_debt) {
            least = i;
            least_debt = debt;
            *word = seen;
        }
    }
    return least;
}

/* What is left when so many µs of debt are there; *step is what one more costs. */
static struct limit_verdict verdict_of(const struct limit *limit, int64_t debt, int64_t *step)
{
    *step = limit->window / limit->quota;
    const int64_t room = *step * limit->quota - debt;
    return (struct limit_verdict){.allowed = room >= *step,
                                  .remaining = room > 0 ? room / *step : 0,
                                  .whole = debt,
                                  .wait = room >= *step ? 0 : *step - room};
}

struct limit_verdict limit_look(const struct limit_table *table, uint64_t client, const struct limit *limit, int64_t now)
{
    uint64_t word = 0;
    int64_t step;
    word_find(&table->rows[client & table->mask], tag_of(client), now, &word);
    return verdict_of(limit, (word & ~MOMENT_MASK) == tag_of(client) ? debt_of(word, now) : 0, &step);
}

struct limit_verdict limit_take(struct limit_table *table, uint64_t client, const struct limit *limit, int64_t now)
{
    struct row *row = &table->rows[client & table->mask];
    const uint64_t tag = tag_of(client);
    struct limit_verdict verdict = {.allowed = true};
    for (int i = 0; i < TRIES_MAX; i++) {
        uint64_t word = 0;
        int64_t step;
        const size_t place = word_find(row, tag, now, &word);
        const int64_t debt = (word & ~MOMENT_MASK) == tag ? debt_of(word, now) : 0;
        verdict = verdict_of(limit, debt, &step);
        if (!verdict.allowed)
            return verdict;
        verdict.remaining--;
        verdict.whole = debt + step;
        const uint64_t taken = tag | ((uint64_t)(now + verdict.whole) & MOMENT_MASK);
        if (atomic_compare_exchange_strong_explicit(&row->words[place], &word, taken, memory_order_relaxed, memory_order_relaxed))
            return verdict;
    }
    return verdict; /* other threads were faster each time: let it pass */
}
