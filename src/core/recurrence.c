/* SPDX-License-Identifier: EUPL-1.2
 * When an event takes place. Rules are expanded day by day: of each period (a day, week, month or year) those days are taken that every
 * part of the rule allows. libical's iterator was tried first: it looks for rules that never happen for as long as a second, and takes
 * BYSETPOS of days and weeks for something else than RFC 5545 does. */
#include "recurrence.h"
#include "recurrence_rule.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unicode/ucal.h>

#include "banned.h"

enum { FIRST_YEAR = 2000, LAST_YEAR = 2199, DAYS_LONGEST = 366, EXDATES_MAX = 500, PERIOD_TIMES_MAX = 366 * 8 };

struct expansion {
    const struct rule *rule; /* NULL: happens once */
    int64_t starts;          /* minutes, as all times here */
    int64_t first, last;     /* what is kept: from the midnight on, before the midnight after */
    int64_t exdates[EXDATES_MAX];
    bool met[EXDATES_MAX]; /* exdates that are occurrences */
    size_t exdate_count;
    int64_t last_exdate;
    int64_t met_first; /* the first by the rule; -1: none yet */
    int counted;
    bool remains; /* one is not left out */
    bool beyond;  /* one comes after what is kept */
    bool over;    /* COUNT or UNTIL ended it */
    struct arena *arena;
    struct occurrences *found;
    size_t capacity;
    int64_t times[PERIOD_TIMES_MAX]; /* of the period looked at */
    size_t time_count;
    bool failed;
};

static bool refuse(struct faults *faults, const char *pointer, const char *code, const char *limit)
{
    faults_add(faults, (struct fault){.pointer = pointer, .code = code, .limit = limit});
    return false;
}

static const char *wall_text(int64_t wall, struct arena *arena)
{
    const struct day day = day_of(wall / 1440);
    return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d", day.year, day.month, day.day, (int)(wall / 60 % 24), (int)(wall % 60));
}

/* Which one of so many this is, counted from both ends. */
static bool is_nth(const struct numbers *numbers, int index, int count)
{
    return numbers_have(numbers, index) || numbers_have(numbers, index - count - 1);
}

/* The first day of the week-year that a day is in: its first week has at least four days in the year (RFC 5545 §3.3.10). */
static int64_t week_year_begin(int year, int week_start)
{
    const int64_t fourth = day_number(year, 1, 4);
    return fourth - (weekday_of(fourth) - week_start + 7) % 7;
}

static bool week_fits(const struct rule *rule, int64_t number, int year)
{
    const int64_t next = week_year_begin(year + 1, rule->week_start);
    int64_t begin = week_year_begin(year, rule->week_start), end = next;
    if (number >= next) {
        begin = next;
        end = week_year_begin(year + 2, rule->week_start);
    } else if (number < begin) {
        end = begin;
        begin = week_year_begin(year - 1, rule->week_start);
    }
    return is_nth(&rule->weeks, (int)((number - begin) / 7) + 1, (int)((end - begin) / 7));
}

/* Whether the n-th such weekday is meant: of the month, or of the year where no month is named. */
static bool weekday_fits(const struct rule *rule, int64_t number, const struct day *day, int year_day)
{
    const int weekday = weekday_of(number);
    const bool of_month = rule->frequency == FREQUENCY_MONTHLY || rule_has(rule, RULE_BYMONTH);
    const int at = of_month ? day->day : year_day, length = of_month ? days_of_month(day->year, day->month) : 365 + is_leap_year(day->year);
    return rule->weekdays >> weekday & 1 || numbers_have(&rule->nth[weekday], (at - 1) / 7 + 1) ||
           numbers_have(&rule->nth[weekday], -((length - at) / 7 + 1));
}

static bool day_fits(const struct rule *rule, int64_t number)
{
    const struct day day = day_of(number);
    const int year_day = (int)(number - day_number(day.year, 1, 1)) + 1;
    return (!rule_has(rule, RULE_BYMONTH) || numbers_have(&rule->months, day.month)) &&
           (!rule_has(rule, RULE_BYMONTHDAY) || is_nth(&rule->month_days, day.day, days_of_month(day.year, day.month))) &&
           (!rule_has(rule, RULE_BYYEARDAY) || is_nth(&rule->year_days, year_day, 365 + is_leap_year(day.year))) &&
           (!rule_has(rule, RULE_BYWEEKNO) || week_fits(rule, number, day.year)) &&
           (!rule_has(rule, RULE_BYDAY) || weekday_fits(rule, number, &day, year_day));
}

/* What the rule leaves open comes from the first start (RFC 5545 §3.3.10). */
static void rule_complete(struct rule *rule, int64_t starts)
{
    const struct day day = day_of(starts / 1440);
    const bool says_day = rule_has(rule, RULE_BYMONTHDAY) || rule_has(rule, RULE_BYDAY) || rule_has(rule, RULE_BYYEARDAY);
    if (rule->frequency == FREQUENCY_YEARLY && !says_day && !rule_has(rule, RULE_BYMONTH)) {
        rule->given |= 1u << RULE_BYMONTH;
        rule->months.positive[0] = (uint64_t)1 << day.month;
    }
    if (rule->frequency >= FREQUENCY_MONTHLY && !says_day) {
        rule->given |= 1u << RULE_BYMONTHDAY;
        rule->month_days.positive[0] = (uint64_t)1 << day.day;
    }
    if (rule->frequency == FREQUENCY_WEEKLY && !rule_has(rule, RULE_BYDAY)) {
        rule->given |= 1u << RULE_BYDAY;
        rule->weekdays = 1u << weekday_of(starts / 1440);
    }
    if (!rule_has(rule, RULE_BYHOUR))
        rule->hours.positive[0] = (uint64_t)1 << starts / 60 % 24;
    if (!rule_has(rule, RULE_BYMINUTE))
        rule->minutes.positive[0] = (uint64_t)1 << starts % 60;
}

/* A local time as a moment in seconds: of an hour that comes twice the first, of one that is left out as if it were not, as in_berlin()
 * has it. False: out of memory. */
static bool moment_of(int64_t wall, int64_t *moment)
{
    UErrorCode status = U_ZERO_ERROR;
    const struct day day = day_of(wall / 1440);
    UCalendar *calendar = ucal_open(u"Europe/Berlin", -1, "en", UCAL_GREGORIAN, &status);
    if (U_FAILURE(status))
        return false;
    ucal_setAttribute(calendar, UCAL_REPEATED_WALL_TIME, UCAL_WALLTIME_FIRST);
    ucal_setAttribute(calendar, UCAL_SKIPPED_WALL_TIME, UCAL_WALLTIME_LAST);
    ucal_clear(calendar);
    ucal_setDateTime(calendar, day.year, day.month - 1, day.day, (int)(wall / 60 % 24), (int)(wall % 60), 0, &status);
    const double milliseconds = ucal_getMillis(calendar, &status);
    ucal_close(calendar);
    *moment = (int64_t)(milliseconds / 1000);
    return U_SUCCESS(status);
}

/* Clocks are one or two hours ahead of UTC; only near the end the exact moment matters. */
static bool is_before_until(struct expansion *expansion, int64_t wall)
{
    const struct rule *rule = expansion->rule;
    int64_t moment = wall * 60;
    if (!rule->has_until || (!rule->day_only && moment - 3600 <= rule->until))
        return true;
    if (rule->day_only)
        return moment <= rule->until;
    if (moment - 7200 > rule->until)
        return false;
    expansion->failed = expansion->failed || !moment_of(wall, &moment);
    return moment <= rule->until;
}

static bool is_left_out(struct expansion *expansion, int64_t wall)
{
    bool left_out = false;
    for (size_t i = 0; i < expansion->exdate_count; i++)
        if (expansion->exdates[i] == wall)
            left_out = expansion->met[i] = true;
    return left_out;
}

static void keep(struct expansion *expansion, int64_t wall)
{
    struct occurrences *found = expansion->found;
    if (found->count == expansion->capacity) {
        const size_t capacity = expansion->capacity ? 2 * expansion->capacity : 64;
        const char **grown = arena_array(expansion->arena, capacity, sizeof *grown);
        expansion->failed = expansion->failed || !grown;
        if (!grown)
            return;
        if (found->count)
            memcpy(grown, found->starts, found->count * sizeof *grown);
        found->starts = grown;
        expansion->capacity = capacity;
    }
    found->starts[found->count] = wall_text(wall, expansion->arena);
    expansion->failed = expansion->failed || !found->starts[found->count];
    found->count++;
}

/* The next occurrence by the rule. */
static void meet(struct expansion *expansion, int64_t wall)
{
    if (wall < expansion->starts)
        return;
    expansion->met_first = expansion->met_first < 0 ? wall : expansion->met_first;
    expansion->counted++;
    const struct rule *rule = expansion->rule;
    expansion->over = rule && rule->count && expansion->counted >= rule->count;
    if (is_left_out(expansion, wall))
        return;
    expansion->remains = true;
    expansion->beyond = expansion->beyond || wall >= expansion->last;
    if (!rule || (wall >= expansion->first && wall < expansion->last))
        keep(expansion, wall);
}

/* The times of the days from begin to before end that all parts allow; PERIOD_TIMES_MAX is enough for a year. */
static void period_fill(struct expansion *expansion, int64_t begin, int64_t end)
{
    const struct rule *rule = expansion->rule;
    expansion->time_count = 0;
    for (int64_t day = begin; day < end; day++) {
        if (!day_fits(rule, day))
            continue;
        for (int hour = 0; hour < 24; hour++)
            for (int minute = 0; numbers_have(&rule->hours, hour) && minute < 60; minute++)
                if (numbers_have(&rule->minutes, minute) && expansion->time_count < PERIOD_TIMES_MAX)
                    expansion->times[expansion->time_count++] = day * 1440 + hour * 60 + minute;
    }
}

static void period_meet(struct expansion *expansion, int64_t begin, int64_t end)
{
    const struct rule *rule = expansion->rule;
    period_fill(expansion, begin, end);
    const int count = (int)expansion->time_count;
    for (int i = 0; i < count && !expansion->over; i++) {
        if (rule_has(rule, RULE_BYSETPOS) && !is_nth(&rule->positions, i + 1, count))
            continue;
        if (is_before_until(expansion, expansion->times[i]))
            meet(expansion, expansion->times[i]);
        else
            expansion->over = expansion->times[i] * 60 - 7200 > rule->until; /* in March a later time may be an earlier moment */
    }
}

/* The n-th period after the one of the first start. */
static void period_bounds(const struct expansion *expansion, int n, int64_t *begin, int64_t *end)
{
    const struct rule *rule = expansion->rule;
    const int64_t number = expansion->starts / 1440, step = (int64_t)n * rule->interval;
    const struct day day = day_of(number);
    const int64_t month = day.month - 1 + step, next = month + 1;
    switch (rule->frequency) {
    case FREQUENCY_DAILY:
        *begin = number + step;
        *end = *begin + 1;
        break;
    case FREQUENCY_WEEKLY:
        *begin = number - (weekday_of(number) - rule->week_start + 7) % 7 + 7 * step;
        *end = *begin + 7;
        break;
    case FREQUENCY_MONTHLY:
        *begin = day_number(day.year + (int)(month / 12), (int)(month % 12) + 1, 1);
        *end = day_number(day.year + (int)(next / 12), (int)(next % 12) + 1, 1);
        break;
    case FREQUENCY_YEARLY:
        *begin = day_number(day.year + (int)step, 1, 1);
        *end = day_number(day.year + (int)step + 1, 1, 1);
    }
}

/* Whether nothing is left to be known: what is wanted is there, each exdate was looked for, and something happens at all. */
static bool is_enough(const struct expansion *expansion, int64_t begin)
{
    return begin >= expansion->last && begin > expansion->last_exdate && expansion->remains;
}

static void rule_expand(struct expansion *expansion)
{
    const int64_t limit = day_number(LAST_YEAR + 1, 1, 1);
    int64_t begin = 0, end = 0;
    for (int n = 0; !expansion->over && !expansion->failed; n++) {
        period_bounds(expansion, n, &begin, &end);
        if (begin >= limit || is_enough(expansion, begin * 1440))
            break;
        period_meet(expansion, begin, end);
    }
    expansion->found->ended = (expansion->over || begin >= limit) && !expansion->beyond;
}

/* A time of the event; -1 after adding a fault. */
static int64_t time_of(const json_t *value, const char *pointer, struct faults *faults)
{
    const char *text = json_string_value(value);
    const int64_t wall = text ? wall_read(text) : -1, year = text ? strtol(text, NULL, 10) : 0;
    if (!text)
        refuse(faults, pointer, "required", NULL);
    else if (wall < 0 && year >= FIRST_YEAR && year <= LAST_YEAR)
        refuse(faults, pointer, "format", "date");
    else if (year < FIRST_YEAR || year > LAST_YEAR)
        refuse(faults, pointer, year < FIRST_YEAR ? "too_small" : "too_large", year < FIRST_YEAR ? "2000" : "2199");
    return year < FIRST_YEAR || year > LAST_YEAR ? -1 : wall;
}

static bool span_fits(int64_t starts, int64_t ends, bool all_day, struct faults *faults)
{
    bool fits = true;
    if (all_day && starts % 1440 != 0)
        fits = refuse(faults, "/starts", "not_midnight", NULL);
    if (all_day && ends % 1440 != 0)
        fits = refuse(faults, "/ends", "not_midnight", NULL);
    if (ends < starts || (all_day && ends == starts))
        return refuse(faults, "/ends", "ends_before_start", NULL);
    return ends - starts <= DAYS_LONGEST * 1440 ? fits : refuse(faults, "/ends", "lasts_too_long", "366");
}

static bool exdates_read(struct expansion *expansion, const json_t *list, struct faults *faults)
{
    bool fine = true;
    const size_t count = json_array_size(list);
    if (count > EXDATES_MAX)
        return refuse(faults, "/exdates", "too_many_items", "500");
    for (size_t i = 0; i < count; i++) {
        const char *pointer = arena_printf(faults->arena, "/exdates/%zu", i);
        if (!pointer) {
            faults->failed = true;
            return false;
        }
        const int64_t wall = time_of(json_array_get(list, i), pointer, faults);
        fine = fine && wall >= 0;
        expansion->exdates[i] = wall;
        expansion->last_exdate = wall > expansion->last_exdate ? wall : expansion->last_exdate;
    }
    expansion->exdate_count = count;
    return fine;
}

/* UNTIL may not lie before the beginning. */
static bool until_fits(const struct expansion *expansion, struct faults *faults)
{
    const struct rule *rule = expansion->rule;
    int64_t moment = expansion->starts * 60;
    if (rule->has_until && !rule->day_only && !moment_of(expansion->starts, &moment)) {
        faults->failed = true;
        return false;
    }
    return !rule->has_until || moment <= rule->until || refuse(faults, "/rrule", "until_before_start", NULL);
}

/* What only the expansion tells. */
static bool result_fits(struct expansion *expansion, struct faults *faults)
{
    if (expansion->failed) {
        faults->failed = true;
        return false;
    }
    if (expansion->met_first < 0)
        return refuse(faults, "/rrule", "rule_never", NULL);
    if (expansion->met_first != expansion->starts) {
        const char *first = wall_text(expansion->met_first, faults->arena);
        faults->failed = faults->failed || !first;
        return refuse(faults, "/starts", "not_by_rule", first);
    }
    bool fits = true;
    for (size_t i = 0; i < expansion->exdate_count; i++)
        if (!expansion->met[i]) {
            const char *pointer = arena_printf(faults->arena, "/exdates/%zu", i);
            faults->failed = faults->failed || !pointer;
            fits = refuse(faults, pointer, "not_an_occurrence", NULL);
        }
    return expansion->remains ? fits : refuse(faults, "/exdates", "nothing_left", NULL);
}

static bool expand(struct expansion *expansion, const char *text, bool all_day, struct faults *faults)
{
    struct rule rule;
    if (text && !rule_read(&rule, text, all_day, faults))
        return false;
    if (text) {
        expansion->rule = &rule;
        rule_complete(&rule, expansion->starts);
        if (!until_fits(expansion, faults))
            return false;
        rule_expand(expansion);
    } else {
        meet(expansion, expansion->starts);
        expansion->found->ended = true;
    }
    const bool fits = result_fits(expansion, faults);
    expansion->rule = NULL;
    return fits;
}

bool recurrence_expand(const json_t *event, const char *first_day, const char *last_day, struct arena *arena,
                       struct occurrences *occurrences, struct faults *faults)
{
    const char *rule = json_string_value(json_object_get(event, "rrule"));
    const bool all_day = json_is_true(json_object_get(event, "all_day"));
    const int64_t starts = time_of(json_object_get(event, "starts"), "/starts", faults);
    const int64_t ends = time_of(json_object_get(event, "ends"), "/ends", faults);
    struct expansion *expansion = arena_alloc(arena, sizeof *expansion);
    *occurrences = (struct occurrences){0};
    if (!expansion) {
        faults->failed = true;
        return false;
    }
    expansion->starts = starts;
    expansion->first = wall_read(first_day);
    expansion->last = wall_read(last_day) + 1440;
    expansion->met_first = -1;
    expansion->arena = arena;
    expansion->found = occurrences;
    bool fine = exdates_read(expansion, json_object_get(event, "exdates"), faults);
    fine = starts >= 0 && ends >= 0 && span_fits(starts, ends, all_day, faults) && fine;
    return fine && expand(expansion, rule, all_day, faults);
}

bool recurrence_window(struct recurrence_window *window, struct arena *arena)
{
    const struct day today = day_of((int64_t)time(NULL) / 86400);
    const int month = today.month - 1 + RECURRENCE_MONTHS_AHEAD, year = today.year + month / 12, longest = days_of_month(year, month % 12 + 1);
    window->first_day = arena_printf(arena, "%04d-01-01", today.year - RECURRENCE_YEARS_BACK);
    window->last_day = arena_printf(arena, "%04d-%02d-%02d", year, month % 12 + 1, today.day < longest ? today.day : longest);
    return window->first_day && window->last_day;
}
