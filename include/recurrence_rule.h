/* SPDX-License-Identifier: EUPL-1.2
 * A recurrence rule taken apart, and the days of a calendar without clocks. For src/core/recurrence*.c. */
#ifndef WELCOME_RECURRENCE_RULE_H
#define WELCOME_RECURRENCE_RULE_H

#include "arena.h"
#include "schema.h"

#include <stdbool.h>
#include <stdint.h>

enum frequency { FREQUENCY_DAILY, FREQUENCY_WEEKLY, FREQUENCY_MONTHLY, FREQUENCY_YEARLY };

/* Sets of numbers of both signs: bit n of positive for n, of negative for -n. */
struct numbers {
    uint64_t positive[6], negative[6]; /* up to 383 */
};

struct rule {
    enum frequency frequency;
    int interval, count;      /* count 0: none */
    bool has_until, day_only; /* UNTIL is a day, not a moment */
    int64_t until;            /* seconds of UTC since 1970; of a day: its midnight as if it were of UTC */
    int week_start;           /* 0: Monday */
    unsigned given;           /* bits of enum rule_part */
    unsigned weekdays;        /* BYDAY without numbers, bit 0: Monday */
    struct numbers nth[7];    /* BYDAY with numbers, by day of the week */
    struct numbers months, month_days, year_days, weeks, hours, minutes, positions;
};

enum rule_part {
    RULE_FREQ, RULE_INTERVAL, RULE_COUNT, RULE_UNTIL, RULE_WKST, RULE_BYMONTH, RULE_BYMONTHDAY, RULE_BYYEARDAY, RULE_BYWEEKNO, RULE_BYDAY,
    RULE_BYHOUR, RULE_BYMINUTE, RULE_BYSETPOS, RULE_PARTS
};

static inline bool rule_has(const struct rule *rule, enum rule_part part)
{
    return rule->given & 1u << part;
}

static inline bool numbers_have(const struct numbers *numbers, int n)
{
    const unsigned bit = (unsigned)(n < 0 ? -n : n);
    return bit < 384 && (n < 0 ? numbers->negative : numbers->positive)[bit / 64] >> bit % 64 & 1;
}

/* Reads a rule for an event that lasts whole days or not. False after adding a fault at /rrule, or with faults->failed. */
bool rule_read(struct rule *rule, const char *text, bool all_day, struct faults *faults);

struct day {
    int year, month, day;
};

/* Days since 1970-01-01 of a day of the Gregorian calendar from year 1 on, and back. */
int64_t day_number(int year, int month, int day);
struct day day_of(int64_t number);
int days_of_month(int year, int month);
bool is_leap_year(int year);

/* Monday is 0. */
int weekday_of(int64_t number);

/* Minutes since 1970-01-01T00:00 of "2026-12-01T18:00" (or of the midnight of "2026-12-01"); -1: no such time. */
int64_t wall_read(const char *text);

#endif
