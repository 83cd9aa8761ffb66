/* SPDX-License-Identifier: EUPL-1.2
 * iCalendar (RFC 5545): days and events for phones and other calendars. */
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

/* An empty calendar of that name; NULL when out of memory. */
struct calendar *calendar_new(const char *name);

/* Adds an event. False when out of memory or when a day or time cannot be read. */
bool calendar_add(struct calendar *calendar, const struct calendar_day *event);

/* Adds an event of local times, and before the first one the time zone. False likewise. */
bool calendar_add_event(struct calendar *calendar, const struct calendar_event *event);

/* Adds the time zone alone, so that a calendar without events is one. False: out of memory. */
bool calendar_add_zone(struct calendar *calendar);

/* Writes it, lines folded and ended by CRLF. RFC 5545 §3.6 asks for at least one component. False: out of memory. */
bool calendar_write(const struct calendar *calendar, struct buffer *out);

void calendar_free(struct calendar *calendar);

#endif
