/* SPDX-License-Identifier: EUPL-1.2
 * When an event takes place: its times checked, and its rule (RFC 5545 §3.3.10) expanded. Local times of the region, whole minutes. */
#ifndef WELCOME_RECURRENCE_H
#define WELCOME_RECURRENCE_H

#include "arena.h"
#include "schema.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* How far ahead of today occurrences stand, and how many whole years of a series' past do. */
#define RECURRENCE_MONTHS_AHEAD 24
#define RECURRENCE_YEARS_BACK 5

struct occurrences {
    const char **starts; /* "2026-12-01T18:00", in order */
    size_t count;
    bool ended; /* there are no more after the last day */
};

/* Checks the members starts, ends, all_day, rrule and exdates of an event (as the contract has them; null counts as absent) and gives
 * the starts from first_day to last_day ("2026-12-01"), those left out by exdates left out; of an event without a rule its one start,
 * whenever it is. Everything is in the arena. False: faults says what is wrong, with pointers, or failed for want of memory.
 *
 * The first start must be one by the rule: what a start beside it means is not defined. The work is bounded: days are looked at one by
 * one, from the first start to the last day asked for or, where a rule gives none by then, to the end of 2199. */
bool recurrence_expand(const json_t *event, const char *first_day, const char *last_day, struct arena *arena,
                       struct occurrences *occurrences, struct faults *faults);

/* The days from which and up to which occurrences are kept, by the system's clock; in the arena. False: out of memory. */
struct recurrence_window {
    const char *first_day, *last_day;
};
bool recurrence_window(struct recurrence_window *window, struct arena *arena);

#endif
