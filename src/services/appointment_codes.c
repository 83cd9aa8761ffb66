/* SPDX-License-Identifier: EUPL-1.2
 * Appointments as entries of calendars. */
#include "codes.h"

#include "calendar.h"
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "banned.h"

static bool entry_add(struct request *request, struct calendar *calendar, const PGresult *rows, enum calendar_method method)
{
    struct arena *arena = request_arena(request);
    const char *portal = request_portal(request);
    const struct calendar_invitation invitation = {
        .uid = row_text(rows, 0, "uid"),
        .summary = row_text(rows, 0, "summary"),
        .description = row_text(rows, 0, "description"),
        .language = request_language(request),
        .starts_at = row_text(rows, 0, "starts_at"),
        .ends_at = row_text(rows, 0, "ends_at"),
        .created_at = row_text(rows, 0, "created_at"),
        .changed_at = row_text(rows, 0, "changed_at"),
        .stamped_at = row_text(rows, 0, "stamped_at"),
        .location = row_text(rows, 0, "location"),
        .url = portal ? arena_printf(arena, "%s/service-requests/%s", portal, row_text(rows, 0, "request")) : NULL,
        .organizer = request_config(request)->mail_from,
        .organizer_name = row_text(rows, 0, "organizer"),
        .sequence = (int)strtol(row_text(rows, 0, "sequence"), NULL, 10),
        .cancelled = method == CALENDAR_CANCEL,
    };
    return invitation.url && calendar_add_invitation(calendar, &invitation, method);
}

static bool calendar_write_entry(struct request *request, const PGresult *rows, struct buffer *out, const char **type)
{
    const bool cancelled = strcmp(row_text(rows, 0, "cancelled"), "true") == 0;
    const enum calendar_method method = cancelled ? CALENDAR_CANCEL : CALENDAR_PUBLISH;
    struct calendar *calendar = calendar_new(NULL);
    const bool done = calendar && entry_add(request, calendar, rows, method) && calendar_write(calendar, out);
    calendar_free(calendar);
    request_answer_header(request, "Content-Disposition", "attachment; filename=\"appointment.ics\"");
    *type = arena_printf(request_arena(request), "text/calendar; method=%s; charset=utf-8", calendar_method_name(method));
    return done && *type;
}

const struct operation_code APPOINTMENT_CODES[] = {
    {.operation = "get_appointment_calendar", .write = calendar_write_entry},
    {0},
};
