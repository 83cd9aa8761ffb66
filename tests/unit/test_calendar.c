/* SPDX-License-Identifier: EUPL-1.2
 * Calendars: escaped and folded as RFC 5545 asks, all-day events, nothing that is no day. */
#include "unit.h"

#include "calendar.h"

#include "banned.h"

static const struct calendar_day EVENT = {.uid = "one", .day = "2027-12-31", .changed_at = "2026-11-24T10:00:00Z", .summary = "Title",
                                          .description = "Text", .language = "en"};

/* The calendar of one event, without its folds. */
static const char *written(const struct calendar_day *event)
{
    struct buffer out;
    struct calendar *calendar = calendar_new("Days");
    buffer_init(&out);
    assert_true(calendar && calendar_add(calendar, event) && calendar_write(calendar, &out));
    char *text = arena_text(&arena, buffer_text(&out)), *to = text;
    for (const char *from = text; *from; from++) {
        while (strncmp(from, "\r\n ", 3) == 0)
            from += 3;
        *to++ = *from;
    }
    *to = '\0';
    buffer_release(&out);
    calendar_free(calendar);
    return text;
}

static void test_a_day_is_an_event_without_times(void **state)
{
    (void)state;
    assert_string_equal(written(&EVENT), "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//welcomed//EN\r\nX-WR-CALNAME:Days\r\nNAME:Days\r\n"
                                         "BEGIN:VEVENT\r\nUID:one\r\nDTSTAMP:20261124T100000Z\r\nDTSTART;VALUE=DATE:20271231\r\n"
                                         "DTEND;VALUE=DATE:20280101\r\nTRANSP:TRANSPARENT\r\nSUMMARY;LANGUAGE=en:Title\r\n"
                                         "DESCRIPTION;LANGUAGE=en:Text\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
}

static void test_what_means_something_is_escaped(void **state)
{
    struct calendar_day event = EVENT;
    (void)state;
    event.summary = "a, b; c: \"d\" \\n e\\";
    event.description = "one\ntwo\r\nEND:VEVENT";
    const char *text = written(&event);
    assert_non_null(strstr(text, "\r\nSUMMARY;LANGUAGE=en:a\\, b\\; c: \"d\" \\\\n e\\\\\r\n"));
    assert_non_null(strstr(text, "\r\nDESCRIPTION;LANGUAGE=en:one\\ntwo\\nEND:VEVENT\r\n"));
}

static void test_what_is_no_day_is_no_event(void **state)
{
    static const char *const wrong[] = {"", "tomorrow", "2027", "2027-01-15T10:00:00Z", "2027-01-15 10:00:00+00"};
    (void)state;
    struct calendar *calendar = calendar_new("Days");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct calendar_day event = EVENT;
        event.day = wrong[i];
        assert_false(calendar_add(calendar, &event));
    }
    struct calendar_day event = EVENT;
    event.changed_at = "2026-11-24";
    assert_false(calendar_add(calendar, &event));
    calendar_free(calendar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_day_is_an_event_without_times),
        cmocka_unit_test(test_what_means_something_is_escaped),
        cmocka_unit_test(test_what_is_no_day_is_no_event),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
