/* SPDX-License-Identifier: EUPL-1.2
 * Recurrence rules read strictly: what programs read differently is refused, so that all phones show what we do. */
#include "recurrence_rule.h"

#include <stdlib.h>
#include <string.h>

#include "banned.h"

enum { RULE_LONGEST = 500, TIMES_A_DAY = 8, INTERVAL_MAX = 1000, COUNT_MAX = 10000 };

static const char DAYS[7][3] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};

static const struct part {
    const char *name;
    int largest;     /* of the numbers in a list; 0: no list of numbers */
    bool from_end;   /* they may be negative, and are not 0 */
    int smallest;
} PARTS[RULE_PARTS] = {
    [RULE_FREQ] = {"FREQ", 0, false, 0},           [RULE_INTERVAL] = {"INTERVAL", 0, false, 0},
    [RULE_COUNT] = {"COUNT", 0, false, 0},         [RULE_UNTIL] = {"UNTIL", 0, false, 0},
    [RULE_WKST] = {"WKST", 0, false, 0},           [RULE_BYMONTH] = {"BYMONTH", 12, false, 1},
    [RULE_BYMONTHDAY] = {"BYMONTHDAY", 31, true, 1}, [RULE_BYYEARDAY] = {"BYYEARDAY", 366, true, 1},
    [RULE_BYWEEKNO] = {"BYWEEKNO", 53, true, 1},   [RULE_BYDAY] = {"BYDAY", 0, false, 0},
    [RULE_BYHOUR] = {"BYHOUR", 23, false, 0},      [RULE_BYMINUTE] = {"BYMINUTE", 59, false, 0},
    [RULE_BYSETPOS] = {"BYSETPOS", 366, true, 1},
};

static bool refuse(struct faults *faults, const char *code, const char *limit)
{
    faults_add(faults, (struct fault){.pointer = "/rrule", .code = code, .limit = limit});
    return false;
}

/* The part of the rule that is the matter. */
static bool refuse_part(struct faults *faults, const char *code, const char *part, size_t length)
{
    const char *limit = arena_copy(faults->arena, part, length);
    faults->failed = faults->failed || !limit;
    return refuse(faults, code, limit);
}

bool is_leap_year(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap_year(year));
}

int64_t day_number(int year, int month, int day)
{
    const int64_t before = year - 1;
    int64_t number = before * 365 + before / 4 - before / 100 + before / 400 - 719162 + day - 1;
    for (int m = 1; m < month; m++)
        number += days_of_month(year, m);
    return number;
}

struct day day_of(int64_t number)
{
    struct day found = {.year = (int)((number + 719162) * 400 / 146097) + 1, .month = 1};
    while (day_number(found.year, 1, 1) > number)
        found.year--;
    while (day_number(found.year + 1, 1, 1) <= number)
        found.year++;
    int left = (int)(number - day_number(found.year, 1, 1));
    for (; left >= days_of_month(found.year, found.month); found.month++)
        left -= days_of_month(found.year, found.month);
    found.day = left + 1;
    return found;
}

int weekday_of(int64_t number)
{
    return (int)(((number + 3) % 7 + 7) % 7);
}

/* Exactly so many digits; -1 when there are other characters. */
static int digits_read(const char *text, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + text[i] - '0';
    }
    return value;
}

/* Days since 1970 if there is such a day, else INT64_MIN. */
static int64_t day_read(int year, int month, int day)
{
    const bool real = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days_of_month(year, month);
    return real ? day_number(year, month, day) : INT64_MIN;
}

int64_t wall_read(const char *text)
{
    const size_t length = strlen(text);
    if ((length != 10 && length != 16) || text[4] != '-' || text[7] != '-' || (length == 16 && (text[10] != 'T' || text[13] != ':')))
        return -1;
    const int64_t day = day_read(digits_read(text, 4), digits_read(text + 5, 2), digits_read(text + 8, 2));
    const int hour = length == 16 ? digits_read(text + 11, 2) : 0, minute = length == 16 ? digits_read(text + 14, 2) : 0;
    return day < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ? -1 : day * 1440 + hour * 60 + minute;
}

/* A number that takes all of the text: no sign but a wanted one, no leading blanks. */
static bool number_read(const char *text, size_t length, int largest, bool from_end, int *value)
{
    const bool negative = from_end && length > 1 && *text == '-', plus = from_end && length > 1 && *text == '+';
    const int digits = (int)length - (negative || plus);
    if (digits < 1 || digits > 5)
        return false;
    const int read = digits_read(text + (negative || plus), digits);
    *value = negative ? -read : read;
    return read >= 0 && read <= largest && !(from_end && read == 0);
}

static void numbers_add(struct numbers *numbers, int n)
{
    const unsigned bit = (unsigned)(n < 0 ? -n : n);
    (n < 0 ? numbers->negative : numbers->positive)[bit / 64] |= (uint64_t)1 << bit % 64;
}

static int weekday_read(const char *text)
{
    for (int i = 0; i < 7; i++)
        if (strncmp(text, DAYS[i], 2) == 0)
            return i;
    return -1;
}

/* "MO", "2TU", "-1FR" */
static bool weekday_add(struct rule *rule, const char *text, size_t length)
{
    int n = 0;
    const int day = length >= 2 ? weekday_read(text + length - 2) : -1;
    if (day < 0 || (length > 2 && !number_read(text, length - 2, 53, true, &n)))
        return false;
    if (n)
        numbers_add(&rule->nth[day], n);
    else
        rule->weekdays |= 1u << day;
    return true;
}

static struct numbers *numbers_of(struct rule *rule, enum rule_part part)
{
    switch (part) {
    case RULE_BYMONTH: return &rule->months;
    case RULE_BYMONTHDAY: return &rule->month_days;
    case RULE_BYYEARDAY: return &rule->year_days;
    case RULE_BYWEEKNO: return &rule->weeks;
    case RULE_BYHOUR: return &rule->hours;
    case RULE_BYMINUTE: return &rule->minutes;
    default: return &rule->positions;
    }
}

/* The comma-separated values of a BY... part. */
static bool list_read(struct rule *rule, enum rule_part part, const char *text, size_t length)
{
    for (const char *end = text + length; text <= end;) {
        int n;
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const size_t item = (size_t)((comma ? comma : end) - text);
        if (part == RULE_BYDAY) {
            if (!weekday_add(rule, text, item))
                return false;
        } else {
            if (!number_read(text, item, PARTS[part].largest, PARTS[part].from_end, &n) || abs(n) < PARTS[part].smallest)
                return false;
            numbers_add(numbers_of(rule, part), n);
        }
        text += item + 1;
    }
    return true;
}

/* "20270131" or "20270131T170000Z" */
static bool until_read(struct rule *rule, const char *text, size_t length)
{
    if (length != 8 && (length != 16 || text[8] != 'T' || text[15] != 'Z'))
        return false;
    const int64_t day = day_read(digits_read(text, 4), digits_read(text + 4, 2), digits_read(text + 6, 2));
    const int hour = length == 16 ? digits_read(text + 9, 2) : 0, minute = length == 16 ? digits_read(text + 11, 2) : 0;
    const int second = length == 16 ? digits_read(text + 13, 2) : 0;
    if (day == INT64_MIN || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return false;
    rule->has_until = true;
    rule->day_only = length == 8;
    rule->until = day * 86400 + hour * 3600 + minute * 60 + second;
    return true;
}

static bool frequency_read(struct rule *rule, const char *text, size_t length)
{
    static const char *const names[] = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
    for (enum frequency i = FREQUENCY_DAILY; i <= FREQUENCY_YEARLY; i++)
        if (strlen(names[i]) == length && strncmp(text, names[i], length) == 0) {
            rule->frequency = i;
            return true;
        }
    return false;
}

static bool value_read(struct rule *rule, enum rule_part part, const char *text, size_t length)
{
    switch (part) {
    case RULE_FREQ: return frequency_read(rule, text, length);
    case RULE_INTERVAL: return number_read(text, length, INTERVAL_MAX, false, &rule->interval) && rule->interval > 0;
    case RULE_COUNT: return number_read(text, length, COUNT_MAX, false, &rule->count) && rule->count > 0;
    case RULE_UNTIL: return until_read(rule, text, length);
    case RULE_WKST: rule->week_start = length == 2 ? weekday_read(text) : -1; return rule->week_start >= 0;
    default: return list_read(rule, part, text, length);
    }
}

/* Words of the standard that are no mistake, but too often for an event. */
static bool is_unsupported(const char *part, size_t length)
{
    static const char *const words[] = {"FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY", "BYSECOND=", "RSCALE=", "SKIP="};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) <= length && strncmp(part, words[i], strlen(words[i])) == 0)
            return true;
    return false;
}

static bool part_read(struct rule *rule, const char *text, size_t length, struct faults *faults)
{
    const char *equals = memchr(text, '=', length);
    if (is_unsupported(text, length))
        return refuse_part(faults, "rule_unsupported", text, length);
    for (enum rule_part part = 0; equals && part < RULE_PARTS; part++) {
        const size_t name = strlen(PARTS[part].name);
        if ((size_t)(equals - text) != name || strncmp(text, PARTS[part].name, name) != 0)
            continue;
        const bool fine = !rule_has(rule, part) && value_read(rule, part, equals + 1, length - name - 1);
        rule->given |= 1u << part;
        return fine || refuse_part(faults, "rule_malformed", text, length);
    }
    return refuse_part(faults, "rule_malformed", text, length);
}

static bool has_nth(const struct rule *rule)
{
    static const struct numbers none;
    for (int day = 0; day < 7; day++)
        if (memcmp(&rule->nth[day], &none, sizeof none) != 0)
            return true;
    return false;
}

/* The part that cannot stand in this rule (RFC 5545 §3.3.10), or NULL. A week without its day is read in two ways by programs. */
static const char *part_misplaced(const struct rule *rule)
{
    const bool yearly = rule->frequency == FREQUENCY_YEARLY, monthly = rule->frequency == FREQUENCY_MONTHLY;
    const unsigned others = 1u << RULE_BYMONTH | 1u << RULE_BYMONTHDAY | 1u << RULE_BYYEARDAY | 1u << RULE_BYWEEKNO | 1u << RULE_BYDAY |
                            1u << RULE_BYHOUR | 1u << RULE_BYMINUTE;
    if (rule_has(rule, RULE_BYWEEKNO) && (!yearly || !rule_has(rule, RULE_BYDAY)))
        return "BYWEEKNO";
    if (rule_has(rule, RULE_BYYEARDAY) && !yearly)
        return "BYYEARDAY";
    if (rule_has(rule, RULE_BYMONTHDAY) && rule->frequency == FREQUENCY_WEEKLY)
        return "BYMONTHDAY";
    if (has_nth(rule) && ((!yearly && !monthly) || rule_has(rule, RULE_BYWEEKNO)))
        return "BYDAY";
    return rule_has(rule, RULE_BYSETPOS) && !(rule->given & others) ? "BYSETPOS" : NULL;
}

static int numbers_count(const struct numbers *numbers)
{
    return __builtin_popcountll(numbers->positive[0]);
}

/* What no part tells alone. */
static bool rule_fits(const struct rule *rule, bool all_day, struct faults *faults)
{
    const char *misplaced = part_misplaced(rule);
    const int hours = rule_has(rule, RULE_BYHOUR) ? numbers_count(&rule->hours) : 1;
    const int minutes = rule_has(rule, RULE_BYMINUTE) ? numbers_count(&rule->minutes) : 1;
    if (!rule_has(rule, RULE_FREQ))
        return refuse(faults, "rule_malformed", "FREQ");
    if (rule->count && rule->has_until)
        return refuse(faults, "count_and_until", NULL);
    if (misplaced)
        return refuse(faults, "rule_combination", misplaced);
    if (all_day && (rule_has(rule, RULE_BYHOUR) || rule_has(rule, RULE_BYMINUTE)))
        return refuse(faults, "rule_combination", rule_has(rule, RULE_BYHOUR) ? "BYHOUR" : "BYMINUTE");
    if (rule->has_until && rule->day_only != all_day)
        return refuse(faults, "until_form", all_day ? "UNTIL=20270131" : "UNTIL=20270131T170000Z");
    return hours * minutes <= TIMES_A_DAY || refuse(faults, "rule_too_often", "8");
}

bool rule_read(struct rule *rule, const char *text, bool all_day, struct faults *faults)
{
    *rule = (struct rule){.interval = 1};
    if (strlen(text) > RULE_LONGEST)
        return refuse(faults, "too_long", "500");
    for (const char *at = text;; at++) {
        const size_t length = strcspn(at, ";");
        if (!part_read(rule, at, length, faults))
            return false;
        at += length;
        if (*at == '\0')
            break;
    }
    return rule_fits(rule, all_day, faults);
}
