/* SPDX-License-Identifier: EUPL-1.2
 * Events: their times checked and expanded before they are written, ranges of days, events as entries of calendars. */
#include "codes.h"

#include "calendar.h"
#include "recurrence.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#include "banned.h"

/* The occurrences for the statement, as far as they are kept. */
static void times_derive(struct request *request)
{
    struct recurrence_window window;
    struct occurrences found;
    struct arena *arena = request_arena(request);
    struct faults *faults = request_faults(request);
    if (!recurrence_window(&window, arena) ||
        (!recurrence_expand(request_body(request), window.first_day, window.last_day, arena, &found, faults) && faults->failed)) {
        request_refuse(request, "overloaded");
        return;
    }
    if (faults->count > 0)
        return;
    const char *starts = sql_text_array(found.starts, found.count, arena);
    if (!starts)
        request_refuse(request, "overloaded");
    request_derive(request, "occurrences", starts);
    request_derive(request, "expanded_to", found.ended ? "infinity" : window.last_day);
}

/* The times change together. */
static void update_prepare(struct request *request)
{
    static const char *const times[] = {"starts", "ends", "all_day", "rrule", "exdates"};
    const json_t *body = request_body(request);
    bool named = false;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        named = named || json_object_get(body, times[i]);
    if (named)
        times_derive(request);
}

/* Days of one form compare as text. A year is a range of its own. */
static void range_prepare(struct request *request)
{
    const char *from = json_string_value(request_parameter(request, "from")), *to = json_string_value(request_parameter(request, "to"));
    if (request_parameter(request, "year") && (from || to))
        faults_add(request_faults(request), (struct fault){.parameter = "year", .code = "contradiction", .limit = from ? "from" : "to"});
    if (from && to && strcmp(from, to) > 0)
        faults_add(request_faults(request), (struct fault){.parameter = "to", .code = "too_small", .limit = from});
    if ((from && strcmp(from, "2000-01-01") < 0) || (from && strcmp(from, "2199-12-31") > 0))
        faults_add(request_faults(request), (struct fault){.parameter = "from", .code = "format", .limit = "2000-01-01 – 2199-12-31"});
    if ((to && strcmp(to, "2000-01-01") < 0) || (to && strcmp(to, "2199-12-31") > 0))
        faults_add(request_faults(request), (struct fault){.parameter = "to", .code = "format", .limit = "2000-01-01 – 2199-12-31"});
}

/* The summary, then the text, then where to take part. */
static const char *description(struct arena *arena, const PGresult *rows, int row)
{
    const char *summary = row_text(rows, row, "summary"), *body = row_text(rows, row, "body_text"), *meeting = row_text(rows, row, "meeting_url");
    return arena_printf(arena, "%s%s%s%s%s", summary, *summary && *body ? "\n\n" : "", body, meeting ? "\n\n" : "", meeting ? meeting : "");
}

/* Of what takes place only online, the address there. */
static const char *location(const PGresult *rows, int row)
{
    const char *place = row_text(rows, row, "location");
    return place && *place ? place : row_text(rows, row, "meeting_url");
}

static bool event_add(struct request *request, struct calendar *calendar, const PGresult *rows, int row)
{
    struct arena *arena = request_arena(request);
    const char *portal = request_portal(request), *language = row_text(rows, row, "language");
    const struct calendar_event event = {
        .uid = arena_printf(arena, "welcomed-event-%s", row_text(rows, row, "id")),
        .summary = row_text(rows, row, "title"),
        .description = description(arena, rows, row),
        .language = language ? language : row_text(rows, row, "language.served"),
        .starts = row_text(rows, row, "starts"),
        .ends = row_text(rows, row, "ends"),
        .all_day = strcmp(row_text(rows, row, "all_day"), "true") == 0,
        .rrule = row_text(rows, row, "rrule"),
        .exdates = row_text(rows, row, "exdates"),
        .location = location(rows, row),
        .latitude = row_text(rows, row, "latitude"),
        .longitude = row_text(rows, row, "longitude"),
        .url = portal ? arena_printf(arena, "%s/events/%s", portal, row_text(rows, row, "page")) : NULL,
        .categories = row_text(rows, row, "categories"),
        .created_at = row_text(rows, row, "created_at"),
        .changed_at = row_text(rows, row, "changed_at"),
        .sequence = (int)strtol(row_text(rows, row, "sequence"), NULL, 10),
    };
    return event.uid && event.description && event.url && calendar_add_event(calendar, &event);
}

static bool events_write(struct request *request, const PGresult *rows, struct buffer *out, const char **type)
{
    const char *name = text_find("calendars", "events", NULL, text_language(request_language(request)));
    struct calendar *calendar = calendar_new(name ? name : "");
    bool done = calendar && calendar_add_zone(calendar);
    for (int row = 0; done && row < PQntuples(rows); row++)
        done = event_add(request, calendar, rows, row);
    done = done && calendar_write(calendar, out);
    calendar_free(calendar);
    *type = "text/calendar; charset=utf-8";
    return done;
}

#define TIMES {{"occurrences", SQL_TEXT_ARRAY}, {"expanded_to", SQL_DATE}}

const struct operation_code EVENT_CODES[] = {
    {.operation = "create_event", .derived = TIMES, .prepare = times_derive},
    {.operation = "update_event", .derived = TIMES, .prepare = update_prepare},
    {.operation = "list_events", .prepare = range_prepare},
    {.operation = "get_event_calendar", .prepare = range_prepare, .write = events_write},
    {.operation = "get_event_entry", .write = events_write},
    {0},
};
