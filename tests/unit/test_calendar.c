/* SPDX-License-Identifier: EUPL-1.2
 * Calendars: escaped and folded as RFC 5545 asks, all-day events, nothing that is no day. */
#include "unit.h"

#include "calendar.h"
#include "target.h"

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

/* As written: lines of at most 75 bytes, whole letters, that end in CRLF and nowhere else. */
static void assert_lines(const char *text)
{
    for (const char *line = text; *line;) {
        const size_t length = strcspn(line, "\r\n");
        assert_in_range(length, 1, 75);
        assert_memory_equal(line + length, "\r\n", 2);
        assert_true(utf8_valid(line, length));
        line += length + 2;
    }
}

static void test_lines_are_folded_whatever_their_length(void **state)
{
    (void)state;
    for (int letters = 0; letters < 250; letters++) {
        struct calendar_day event = EVENT;
        struct buffer out;
        struct calendar *calendar = calendar_new("Days");
        event.summary = arena_printf(&arena, "%.*s", letters, "ÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ"
                                                                   "ÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ");
        event.summary = letters % 2 ? arena_printf(&arena, "%.*sx", letters - 1, event.summary) : event.summary;
        buffer_init(&out);
        assert_true(calendar_add(calendar, &event) && calendar_write(calendar, &out));
        assert_lines(buffer_text(&out));
        buffer_release(&out);
        calendar_free(calendar);
        assert_non_null(strstr(written(&event), arena_printf(&arena, "\r\nSUMMARY;LANGUAGE=en:%s\r\nDESCRIPTION", event.summary)));
    }
}

static void test_control_characters_are_left_out(void **state)
{
    struct calendar_day event = EVENT;
    (void)state;
    event.summary = "a\x01\x07 b\tc\x1f\x7f";
    assert_non_null(strstr(written(&event), "\r\nSUMMARY;LANGUAGE=en:a b\tc\r\n"));
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

static const struct calendar_invitation INVITATION = {
    .uid = "welcomed-appointment-1", .summary = "Advice", .description = "WR-1", .language = "en",
    .starts_at = "2027-03-28T00:30:00Z", .ends_at = "2027-03-28T01:30:00Z", .created_at = "2027-01-01T10:00:00Z",
    .changed_at = "2027-01-02T10:00:00Z", .stamped_at = "2027-01-03T10:00:00Z", .location = "Room 7",
    .organizer = "Welcome <welcome@example.org>", .organizer_name = "Desk", .sequence = 2};

/* The calendar of that invitation in the arena, or NULL where it is refused. */
static const char *invited(const struct calendar_invitation *invitation, enum calendar_method method)
{
    struct buffer out;
    struct calendar *calendar = calendar_new(NULL);
    buffer_init(&out);
    const bool done = calendar && calendar_add_invitation(calendar, invitation, method) && calendar_write(calendar, &out);
    char *text = done ? arena_text(&arena, buffer_text(&out)) : NULL, *to = text;
    for (const char *from = text; from && *from;) {
        from += strncmp(from, "\r\n ", 3) == 0 ? 3 : 0;
        *to++ = *from++;
    }
    if (to)
        *to = '\0';
    buffer_release(&out);
    calendar_free(calendar);
    return text;
}

static void test_an_invitation_is_at_a_moment_and_names_who_gets_it(void **state)
{
    struct calendar_invitation invitation = INVITATION;
    (void)state;
    invitation.attendee = "a@example.org";
    invitation.attendee_name = "Nguyen \"Hoa\"\r\nX-BAD:1";
    const char *text = invited(&invitation, CALENDAR_REQUEST);
    assert_non_null(text);
    static const char *const lines[] = {"METHOD:REQUEST", "UID:welcomed-appointment-1", "SEQUENCE:2", "DTSTAMP:20270103T100000Z",
                                        "LAST-MODIFIED:20270102T100000Z", "DTSTART:20270328T003000Z", "DTEND:20270328T013000Z",
                                        "STATUS:CONFIRMED", "ORGANIZER;CN=Desk:mailto:welcome@example.org", "LOCATION;LANGUAGE=en:Room 7"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_non_null(strstr(text, arena_printf(&arena, "\r\n%s\r\n", lines[i])));
    assert_non_null(strstr(text, "Nguyen 'Hoa'  X-BAD:1"));
    assert_null(strstr(text, "\r\nX-BAD"));
    assert_non_null(strstr(text, ":mailto:a@example.org\r\n"));
}

static void test_a_cancellation_says_whether_all_of_it_is_off(void **state)
{
    struct calendar_invitation invitation = INVITATION;
    (void)state;
    assert_null(strstr(invited(&invitation, CALENDAR_CANCEL), "STATUS"));
    invitation.cancelled = true;
    const char *text = invited(&invitation, CALENDAR_CANCEL);
    assert_non_null(strstr(text, "\r\nMETHOD:CANCEL\r\n"));
    assert_non_null(strstr(text, "\r\nSTATUS:CANCELLED\r\n"));
    assert_null(strstr(invited(&INVITATION, CALENDAR_PUBLISH), "ATTENDEE"));
}

static void test_what_is_no_moment_is_no_invitation(void **state)
{
    static const char *const wrong[] = {"", "2027-03-28", "2027-03-28T00:30:00", "tomorrow"};
    char address[400] = "";
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct calendar_invitation invitation = INVITATION;
        invitation.starts_at = wrong[i];
        assert_null(invited(&invitation, CALENDAR_REQUEST));
    }
    memset(address, 'a', sizeof address - 1);
    struct calendar_invitation invitation = INVITATION;
    invitation.attendee = address;
    assert_null(invited(&invitation, CALENDAR_REQUEST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_day_is_an_event_without_times),
        cmocka_unit_test(test_what_means_something_is_escaped),
        cmocka_unit_test(test_lines_are_folded_whatever_their_length),
        cmocka_unit_test(test_control_characters_are_left_out),
        cmocka_unit_test(test_what_is_no_day_is_no_event),
        cmocka_unit_test(test_an_invitation_is_at_a_moment_and_names_who_gets_it),
        cmocka_unit_test(test_a_cancellation_says_whether_all_of_it_is_off),
        cmocka_unit_test(test_what_is_no_moment_is_no_invitation),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
