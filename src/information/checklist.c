/* SPDX-License-Identifier: EUPL-1.2
 * The checklist: which days of arrival make sense, and the list as a calendar. */
#include "codes.h"

#include "calendar.h"
#include "text.h"

#include <string.h>

#include "banned.h"

/* Rules of today's law say nothing of other centuries, and every day counted from here is a date of four digits. */
static const char ARRIVAL_FIRST[] = "2000-01-01", ARRIVAL_LAST[] = "2199-12-31";

static void arrival_refuse(struct request *request, const char *code, const char *limit)
{
    faults_add(request_faults(request), (struct fault){.parameter = "arrival", .code = code, .limit = limit});
}

/* Dates of one form compare as text. A calendar is made of days, which only the arrival gives. */
static void checklist_prepare(struct request *request)
{
    const char *arrival = json_string_value(request_parameter(request, "arrival"));
    if (arrival && strcmp(arrival, ARRIVAL_FIRST) < 0)
        arrival_refuse(request, "too_small", ARRIVAL_FIRST);
    else if (arrival && strcmp(arrival, ARRIVAL_LAST) > 0)
        arrival_refuse(request, "too_large", ARRIVAL_LAST);
    else if (!arrival && strcmp(request_media_type(request), "text/calendar") == 0)
        arrival_refuse(request, "required", NULL);
}

static bool item_add(struct calendar *calendar, struct arena *arena, const PGresult *rows, int row)
{
    const struct calendar_day event = {
        .uid = arena_printf(arena, "welcomed-checklist-%s", row_text(rows, row, "code")),
        .day = row_text(rows, row, "due_on"),
        .changed_at = row_text(rows, row, "changed_at"),
        .summary = row_text(rows, row, "title"),
        .description = row_text(rows, row, "description"),
        .language = row_text(rows, row, "language.served"),
    };
    return event.uid && calendar_add(calendar, &event);
}

/* What has a day. A calendar without events would be none (RFC 5545 §3.6). */
static bool checklist_write(struct request *request, const PGresult *rows, struct buffer *out, const char **type)
{
    const char *name = text_find("calendars", "checklist", NULL, text_language(request_language(request)));
    struct calendar *calendar = calendar_new(name ? name : "");
    bool done = calendar != NULL;
    int events = 0;
    for (int row = 0; done && row < PQntuples(rows); row++)
        if (row_text(rows, row, "due_on")) {
            done = item_add(calendar, request_arena(request), rows, row);
            events++;
        }
    if (done && events == 0)
        request_refuse(request, "not_found");
    done = done && calendar_write(calendar, out);
    calendar_free(calendar);
    *type = "text/calendar; charset=utf-8";
    return done;
}

static const struct column_code CALENDAR_COLUMNS[] = {{"description", NULL}, {"changed_at", NULL}, {0}};

const struct operation_code CHECKLIST_CODES[] = {
    {.operation = "get_checklist", .prepare = checklist_prepare, .write = checklist_write, .columns = CALENDAR_COLUMNS},
    {.operation = "get_checklist_calendar", .prepare = checklist_prepare, .write = checklist_write},
    {0},
};
