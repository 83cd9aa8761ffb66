/* SPDX-License-Identifier: EUPL-1.2
 * iCalendar (RFC 5545): days, events and appointments for phones and other calendars. */
#ifndef WELCOME_CALENDAR_H
#define WELCOME_CALENDAR_H

#include "buffer.h"

#include <stdbool.h>

struct calendar;

/* One all-day event. Events, not to-dos: calendars of phones show only those. It does not count as busy. */
struct calendar_day {
    const char *uid;         /* the same each time: a second import changes the event instead of doubling it */
    const char *day;         /* 2027-01-29 */
    const char *changed_at;  /* when what it says last changed, RFC 3339 in UTC and whole seconds */
    const char *summary;     /* one line */
    const char *description; /* plain text; lines may be broken */
    const char *language;    /* of both, BCP 47 */
};

/* An event at local times of Europe/Berlin, with its series. What may be NULL is left out then. */
struct calendar_event {
    const char *uid, *summary, *description, *language; /* as above */
    const char *starts, *ends; /* of the first time: 2026-12-01T18:00 */
    bool all_day;              /* from midnight to the midnight after the last day */
    const char *rrule;         /* without "RRULE:", checked (recurrence.h); or NULL */
    const char *exdates;       /* starts left out, blanks between them; or NULL */
    const char *location, *latitude, *longitude, *url; /* each may be NULL */
    const char *categories;    /* lines; or NULL */
    const char *created_at, *changed_at; /* as above */
    int sequence;              /* grows with each change of the event */
};

/* An appointment as one side gets it (RFC 5546): METHOD is what is asked of the calendar. */
enum calendar_method { CALENDAR_PUBLISH, CALENDAR_REQUEST, CALENDAR_CANCEL };

struct calendar_invitation {
    const char *uid, *summary, *description, *language; /* as above; the uid stays whatever changes */
    const char *starts_at, *ends_at;                    /* RFC 3339 in UTC and whole seconds, as are those that follow */
    const char *created_at, *changed_at, *stamped_at;   /* stamped_at: when this was written */
    const char *location, *url;                         /* each may be NULL */
    const char *organizer, *organizer_name; /* "Name <address>" or an address; the name to show instead */
    const char *attendee, *attendee_name;   /* who gets it: an address and perhaps a name; NULL: nobody is named */
    int sequence;                           /* grows with each change */
    bool cancelled;         /* CANCEL without it: this attendee is no longer asked to come */
};

/* An empty calendar of that name, or NULL for none; NULL when out of memory. */
struct calendar *calendar_new(const char *name);

/* Adds an event. False when out of memory or when a day or time cannot be read. */
bool calendar_add(struct calendar *calendar, const struct calendar_day *event);

/* Adds an event of local times, and before the first one the time zone. False likewise. */
bool calendar_add_event(struct calendar *calendar, const struct calendar_event *event);

/* Adds an appointment and the method; once. False likewise. */
bool calendar_add_invitation(struct calendar *calendar, const struct calendar_invitation *invitation, enum calendar_method method);

/* REQUEST, as the media type names it beside the calendar (RFC 5545 §8.1). */
const char *calendar_method_name(enum calendar_method method);

/* Adds the time zone alone, so that a calendar without events is one. False: out of memory. */
bool calendar_add_zone(struct calendar *calendar);

/* Writes it, lines folded and ended by CRLF. RFC 5545 §3.6 asks for at least one component. False: out of memory. */
bool calendar_write(const struct calendar *calendar, struct buffer *out);

void calendar_free(struct calendar *calendar);

#endif
