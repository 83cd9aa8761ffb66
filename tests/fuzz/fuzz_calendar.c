/* SPDX-License-Identifier: EUPL-1.2
 * What people write into a calendar stays in its place: lines are folded and end in CRLF, and there is the one event with its one summary
 * whatever the texts are. The texts stand between lines of ~ alone. */
#define _GNU_SOURCE /* memmem() */
#include "calendar.h"
#include "fuzz.h"
#include "target.h"

#include <string.h>

#include "banned.h"

enum { FIELDS = 6 };

/* The text up to the next line ~, and what is behind it. */
static const char *field(char **at)
{
    char *text = *at, *end = text ? strstr(text, "\n~\n") : NULL;
    if (end)
        *end = '\0';
    *at = end ? end + 3 : NULL;
    return text ? text : "";
}

static size_t lines_with(const char *text, const char *start)
{
    size_t count = 0;
    for (const char *at = text; at && *at; at = strstr(at, "\r\n") ? strstr(at, "\r\n") + 2 : NULL)
        count += strncmp(at, start, strlen(start)) == 0;
    return count;
}

static void look(struct calendar *calendar)
{
    struct buffer out;
    buffer_init(&out);
    require(calendar_write(calendar, &out));
    const char *text = buffer_text(&out);
    require(lines_with(text, "BEGIN:VEVENT") == 1 && lines_with(text, "SUMMARY") == 1 && lines_with(text, "END:VCALENDAR") == 1);
    require(lines_with(text, "ATTENDEE") <= 1 && lines_with(text, "BEGIN:VALARM") == 0);
    for (const char *line = text; *line;) {
        const size_t length = strcspn(line, "\r\n");
        require(length > 0 && length <= 75 && line[length] == '\r' && line[length + 1] == '\n' && utf8_valid(line, length));
        for (size_t i = 0; i < length; i++)
            require((unsigned char)line[i] >= ' ' ? line[i] != 0x7F : line[i] == '\t');
        line += length + 2;
    }
    buffer_release(&out);
    calendar_free(calendar);
}

static void event(const char *const text[FIELDS])
{
    const struct calendar_event event = {.uid = "1@example.org", .summary = text[0], .description = text[1], .language = "de",
                                         .starts = "2026-12-01T18:00", .ends = "2026-12-01T19:00", .all_day = text[5][0] == 'a',
                                         .rrule = *text[4] ? text[4] : NULL, .location = text[2], .latitude = text[5], .longitude = text[5],
                                         .categories = text[3], .created_at = "2026-11-01T10:00:00Z", .changed_at = "2026-11-02T10:00:00Z"};
    struct calendar *calendar = calendar_new(text[0]);
    require(calendar != NULL);
    if (calendar_add_event(calendar, &event))
        look(calendar);
    else
        calendar_free(calendar);
}

static void invitation(const char *const text[FIELDS])
{
    const struct calendar_invitation invitation = {
        .uid = "1@example.org", .summary = text[0], .description = text[1], .language = "de", .starts_at = "2026-12-01T18:00:00Z",
        .ends_at = "2026-12-01T19:00:00Z", .created_at = "2026-11-01T10:00:00Z", .changed_at = "2026-11-02T10:00:00Z",
        .stamped_at = "2026-11-02T10:00:00Z", .location = text[2], .organizer = "Office <office@example.org>", .organizer_name = text[3],
        .attendee = "a@example.org", .attendee_name = text[4]};
    struct calendar *calendar = calendar_new(NULL);
    require(calendar && calendar_add_invitation(calendar, &invitation, CALENDAR_REQUEST));
    look(calendar);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    const char *texts[FIELDS];
    arena_init(&arena, 0);
    char *rest = arena_copy(&arena, (const char *)data, size);
    if (utf8_valid(rest, strlen(rest))) {
        for (size_t i = 0; i < FIELDS; i++)
            texts[i] = field(&rest);
        event(texts);
        invitation(texts);
    }
    arena_release(&arena);
    return 0;
}
