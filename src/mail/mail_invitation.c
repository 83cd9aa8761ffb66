/* SPDX-License-Identifier: EUPL-1.2
 * The entry for the reader's calendar that mails about an appointment carry, made anew from the database for each mail. */
#include "mail.h"

#include "calendar.h"

#include <stdlib.h>
#include <string.h>

#include "banned.h"

static const char *member(const json_t *entry, const char *name)
{
    return json_string_value(json_object_get(entry, name));
}

/* The page of the request, which asks who comes there to open the link of a mail or to sign in. */
static const char *page(const json_t *entry, const struct config *config, struct arena *arena)
{
    const char *request = member(entry, "request");
    size_t length = strlen(config->portal_url);
    while (length > 0 && config->portal_url[length - 1] == '/')
        length--;
    return request ? arena_printf(arena, "%.*s/service-requests/%s", (int)length, config->portal_url, request) : NULL;
}

static const char *write(const struct calendar_invitation *invitation, enum calendar_method method, struct arena *arena)
{
    struct buffer out;
    struct calendar *calendar = calendar_new(NULL);
    buffer_init(&out);
    const bool done = calendar && calendar_add_invitation(calendar, invitation, method) && calendar_write(calendar, &out);
    const char *text = done ? buffer_text(&out) : NULL;
    text = text ? arena_text(arena, text) : NULL;
    buffer_release(&out);
    calendar_free(calendar);
    return text;
}

const char *mail_invitation(const json_t *entry, const struct config *config, const char *to, const char *language, struct arena *arena,
                            const char **method)
{
    static const char *const needed[] = {"uid",        "sequence",   "method",    "summary",  "description", "starts_at",
                                         "ends_at",    "created_at", "changed_at", "stamped_at", "organizer", "state"};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!member(entry, needed[i]))
            return NULL;
    const enum calendar_method asked = strcmp(member(entry, "method"), "CANCEL") == 0 ? CALENDAR_CANCEL : CALENDAR_REQUEST;
    const struct calendar_invitation invitation = {
        .uid = member(entry, "uid"),
        .summary = member(entry, "summary"),
        .description = member(entry, "description"),
        .language = language,
        .starts_at = member(entry, "starts_at"),
        .ends_at = member(entry, "ends_at"),
        .created_at = member(entry, "created_at"),
        .changed_at = member(entry, "changed_at"),
        .stamped_at = member(entry, "stamped_at"),
        .location = member(entry, "location"),
        .url = page(entry, config, arena),
        .organizer = config->mail_from,
        .organizer_name = member(entry, "organizer"),
        .attendee = to,
        .attendee_name = member(entry, "attendee"),
        .sequence = (int)strtol(member(entry, "sequence"), NULL, 10),
        .cancelled = strcmp(member(entry, "state"), "cancelled") == 0,
    };
    *method = calendar_method_name(asked);
    return invitation.url ? write(&invitation, asked, arena) : NULL;
}
