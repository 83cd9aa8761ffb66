/* SPDX-License-Identifier: EUPL-1.2
 * Times of events: what is refused and why, in bounded time. With the argument `expand` it answers each line of JSON with what comes of
 * it, for test_recurrence.py, which knows better. */
#include "unit.h"

#include "recurrence.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "banned.h"

/* "/rrule rule_never -" of the first fault; "" when there is none. */
static const char *fault_of(const char *json)
{
    struct faults faults;
    struct occurrences found;
    json_error_t error;
    json_t *event = json_loads(json, 0, &error);
    if (!event)
        fail_msg("%s: %s", json, error.text);
    faults_init(&faults, &arena);
    const bool fine = recurrence_expand(event, "2020-01-01", "2029-01-01", &arena, &found, &faults);
    json_decref(event);
    assert_false(faults.failed);
    assert_int_equal(fine, faults.count == 0);
    const struct fault *first = faults.items;
    return fine ? "" : arena_printf(&arena, "%s %s %s", first->pointer, first->code, first->limit ? first->limit : "-");
}

static const char *fault_of_rule(const char *rule)
{
    return fault_of(arena_printf(&arena, "{\"starts\":\"2027-01-01T18:00\",\"ends\":\"2027-01-01T20:00\",\"rrule\":\"%s\"}", rule));
}

static void test_rules_that_cannot_be_read_are_told_by_their_part(void **state)
{
    static const char *const rules[][2] = {
        {"FREQ=WEEKLY", ""},
        {"FREQ=MONTHLY;BYDAY=1FR;COUNT=3", ""},
        {"FREQ=YEARLY;UNTIL=20300101T170000Z;WKST=SU", ""},
        {"WEEKLY", "/rrule rule_malformed WEEKLY"},
        {"FREQ=WEEKLY;", "/rrule rule_malformed "},
        {"FREQ=weekly", "/rrule rule_malformed FREQ=weekly"},
        {"INTERVAL=2", "/rrule rule_malformed FREQ"},
        {"FREQ=WEEKLY;FREQ=DAILY", "/rrule rule_malformed FREQ=DAILY"},
        {"FREQ=WEEKLY;BYDAY=XX", "/rrule rule_malformed BYDAY=XX"},
        {"FREQ=WEEKLY;BYDAY=MO,", "/rrule rule_malformed BYDAY=MO,"},
        {"FREQ=WEEKLY;INTERVAL=0", "/rrule rule_malformed INTERVAL=0"},
        {"FREQ=WEEKLY;INTERVAL=1001", "/rrule rule_malformed INTERVAL=1001"},
        {"FREQ=WEEKLY;COUNT=99999999999999999999", "/rrule rule_malformed COUNT=99999999999999999999"},
        {"FREQ=YEARLY;BYMONTH=13", "/rrule rule_malformed BYMONTH=13"},
        {"FREQ=YEARLY;BYMONTHDAY=0", "/rrule rule_malformed BYMONTHDAY=0"},
        {"FREQ=YEARLY;BYYEARDAY=367", "/rrule rule_malformed BYYEARDAY=367"},
        {"FREQ=DAILY;UNTIL=20270230", "/rrule rule_malformed UNTIL=20270230"},
        {"FREQ=DAILY;X-OWN=1", "/rrule rule_malformed X-OWN=1"},
        {"FREQ=SECONDLY", "/rrule rule_unsupported FREQ=SECONDLY"},
        {"FREQ=MINUTELY", "/rrule rule_unsupported FREQ=MINUTELY"},
        {"FREQ=HOURLY;INTERVAL=24", "/rrule rule_unsupported FREQ=HOURLY"},
        {"FREQ=DAILY;BYSECOND=1", "/rrule rule_unsupported BYSECOND=1"},
        {"FREQ=YEARLY;RSCALE=CHINESE", "/rrule rule_unsupported RSCALE=CHINESE"},
        {"FREQ=DAILY;COUNT=3;UNTIL=20280101T000000Z", "/rrule count_and_until -"},
        {"FREQ=DAILY;UNTIL=20280101", "/rrule until_form UNTIL=20270131T170000Z"},
        {"FREQ=DAILY;UNTIL=20270101T165959Z", "/rrule until_before_start -"},
        {"FREQ=DAILY;UNTIL=20270101T170000Z", ""},
        {"FREQ=DAILY;BYWEEKNO=1;BYDAY=FR", "/rrule rule_combination BYWEEKNO"},
        {"FREQ=YEARLY;BYWEEKNO=1", "/rrule rule_combination BYWEEKNO"},
        {"FREQ=MONTHLY;BYYEARDAY=1", "/rrule rule_combination BYYEARDAY"},
        {"FREQ=WEEKLY;BYMONTHDAY=1", "/rrule rule_combination BYMONTHDAY"},
        {"FREQ=WEEKLY;BYDAY=1FR", "/rrule rule_combination BYDAY"},
        {"FREQ=MONTHLY;BYSETPOS=1", "/rrule rule_combination BYSETPOS"},
        {"FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,18", "/rrule rule_too_often 8"},
        {"FREQ=DAILY;BYHOUR=1,2,18;BYMINUTE=0,20,40", "/rrule rule_too_often 8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        assert_string_equal(fault_of_rule(rules[i][0]), rules[i][1]);
}

static void test_rules_that_never_happen_are_refused_at_once(void **state)
{
    static const char *const rules[] = {
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=4",
        "FREQ=DAILY;BYDAY=MO;BYSETPOS=2", "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=3", "FREQ=MONTHLY;BYDAY=6MO", "FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1",
        "FREQ=YEARLY;BYWEEKNO=30;BYDAY=MO;BYMONTH=1;BYHOUR=1,2,3,4,5,6,7,8", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=-366",
    };
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const clock_t begin = clock();
        assert_string_equal(fault_of_rule(rules[i]), "/rrule rule_never -");
        assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 0.5); /* sanitized, on whatever machine */
    }
}

static void test_the_first_time_is_one_by_the_rule(void **state)
{
    (void)state;
    assert_string_equal(fault_of_rule("FREQ=WEEKLY;BYDAY=MO"), "/starts not_by_rule 2027-01-04T18:00");
    assert_string_equal(fault_of_rule("FREQ=DAILY;BYHOUR=19"), "/starts not_by_rule 2027-01-01T19:00");
}

static void test_times_that_do_not_fit_are_told(void **state)
{
    static const char *const events[][2] = {
        {"{\"ends\":\"2027-01-01T20:00\"}", "/starts required -"},
        {"{\"starts\":\"2027-01-01T18:00\",\"ends\":null}", "/ends required -"},
        {"{\"starts\":\"2027-02-29T18:00\",\"ends\":\"2027-03-01T20:00\"}", "/starts format date"},
        {"{\"starts\":\"1999-12-31T18:00\",\"ends\":\"2000-01-01T20:00\"}", "/starts too_small 2000"},
        {"{\"starts\":\"2200-01-01T18:00\",\"ends\":\"2200-01-01T20:00\"}", "/starts too_large 2199"},
        {"{\"starts\":\"2027-01-01T18:00\",\"ends\":\"2027-01-01T17:59\"}", "/ends ends_before_start -"},
        {"{\"starts\":\"2027-01-01T18:00\",\"ends\":\"2027-01-01T18:00\"}", ""},
        {"{\"starts\":\"2027-01-01T18:00\",\"ends\":\"2028-01-02T18:00\"}", ""},
        {"{\"starts\":\"2027-01-01T18:00\",\"ends\":\"2028-01-02T18:01\"}", "/ends lasts_too_long 366"},
        {"{\"starts\":\"2027-01-01T18:00\",\"ends\":\"2027-01-02T00:00\",\"all_day\":true}", "/starts not_midnight -"},
        {"{\"starts\":\"2027-01-01T00:00\",\"ends\":\"2027-01-02T18:00\",\"all_day\":true}", "/ends not_midnight -"},
        {"{\"starts\":\"2027-01-01T00:00\",\"ends\":\"2027-01-01T00:00\",\"all_day\":true}", "/ends ends_before_start -"},
        {"{\"starts\":\"2027-01-01T00:00\",\"ends\":\"2027-01-02T00:00\",\"all_day\":true,\"rrule\":\"FREQ=DAILY;UNTIL=20270131T170000Z\"}",
         "/rrule until_form UNTIL=20270131"},
        {"{\"starts\":\"2027-01-01T00:00\",\"ends\":\"2027-01-02T00:00\",\"all_day\":true,\"rrule\":\"FREQ=DAILY;BYHOUR=0\"}",
         "/rrule rule_combination BYHOUR"},
        {"{\"starts\":\"2027-01-01T18:00\",\"ends\":\"2027-01-01T18:00\",\"rrule\":\"FREQ=WEEKLY\",\"exdates\":[\"2027-01-08T18:00\","
         "\"2027-01-08T18:01\"]}", "/exdates/1 not_an_occurrence -"},
        {"{\"starts\":\"2027-01-01T18:00\",\"ends\":\"2027-01-01T18:00\",\"rrule\":\"FREQ=WEEKLY\",\"exdates\":[\"2190-01-08T18:00\"]}", ""},
        {"{\"starts\":\"2027-01-01T18:00\",\"ends\":\"2027-01-01T18:00\",\"rrule\":\"FREQ=WEEKLY;COUNT=2\",\"exdates\":["
         "\"2027-01-01T18:00\",\"2027-01-08T18:00\"]}", "/exdates nothing_left -"},
        {"{\"starts\":\"2027-01-01T18:00\",\"ends\":\"2027-01-01T18:00\",\"exdates\":[\"2027-01-01T18:00\"]}", "/exdates nothing_left -"},
        {"{\"starts\":\"2027-01-01T18:00\",\"ends\":\"2027-01-01T18:00\",\"exdates\":[\"2027-13-01T18:00\"]}", "/exdates/0 format date"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        assert_string_equal(fault_of(events[i][0]), events[i][1]);
}

static json_t *answer(const json_t *asked)
{
    struct faults faults;
    struct occurrences found;
    struct arena memory;
    arena_init(&memory, 0);
    faults_init(&faults, &memory);
    json_t *list = json_array();
    const bool fine = recurrence_expand(json_object_get(asked, "event"), json_string_value(json_object_get(asked, "first")),
                                        json_string_value(json_object_get(asked, "last")), &memory, &found, &faults);
    for (size_t i = 0; fine && i < found.count; i++)
        json_array_append_new(list, json_string(found.starts[i]));
    for (size_t i = 0; i < faults.count; i++)
        json_array_append_new(list, json_pack("[sss?]", faults.items[i].pointer, faults.items[i].code, faults.items[i].limit));
    arena_release(&memory);
    return json_pack("{sosb}", fine ? "starts" : "faults", list, "ended", fine && found.ended);
}

static int expand_lines(void)
{
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        json_t *asked = json_loads(line, 0, NULL), *told = answer(asked);
        json_dumpf(told, stdout, JSON_COMPACT);
        (void)puts("");
        (void)fflush(stdout);
        json_decref(asked);
        json_decref(told);
    }
    free(line);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_that_cannot_be_read_are_told_by_their_part),
        cmocka_unit_test(test_rules_that_never_happen_are_refused_at_once),
        cmocka_unit_test(test_the_first_time_is_one_by_the_rule),
        cmocka_unit_test(test_times_that_do_not_fit_are_told),
    };
    if (argc == 2 && strcmp(argv[1], "expand") == 0)
        return expand_lines();
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
