/* SPDX-License-Identifier: EUPL-1.2
 * Calendars as libical writes them: it escapes and folds. */
#include "calendar.h"

#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

struct calendar {
    icalcomponent *root;
};

/* Takes the property. */
static bool property_add(icalcomponent *component, icalproperty *property)
{
    if (property)
        icalcomponent_add_property(component, property);
    return property != NULL;
}

/* The name as RFC 7986 §5.1 has it and as most programs know it. */
static bool name_add(icalcomponent *root, const char *name)
{
    icalproperty *known = icalproperty_new_x(name);
    if (known)
        icalproperty_set_x_name(known, "X-WR-CALNAME");
    return property_add(root, known) && property_add(root, icalproperty_new_name(name));
}

struct calendar *calendar_new(const char *name)
{
    struct calendar *calendar = calloc(1, sizeof *calendar);
    icalcomponent *root = calendar ? icalcomponent_new(ICAL_VCALENDAR_COMPONENT) : NULL;
    if (root && property_add(root, icalproperty_new_version("2.0")) && property_add(root, icalproperty_new_prodid("-//welcomed//EN")) &&
        name_add(root, name)) {
        calendar->root = root;
        return calendar;
    }
    if (root)
        icalcomponent_free(root);
    free(calendar);
    return NULL;
}

/* '2027-01-29' or '2027-01-29T10:00:00Z', which iCalendar writes without the marks between (RFC 5545 §3.3.4, §3.3.5). */
static struct icaltimetype time_read(const char *text)
{
    char plain[17] = "";
    size_t length = 0;
    for (const char *c = text; *c && length < sizeof plain - 1; c++)
        if (*c != '-' && *c != ':')
            plain[length++] = *c;
    return icaltime_from_string(plain);
}

/* Takes the property. */
static bool words_add(icalcomponent *component, icalproperty *property, const char *language)
{
    icalparameter *parameter = property ? icalparameter_new_language(language) : NULL;
    if (parameter)
        icalproperty_add_parameter(property, parameter);
    return property_add(component, property) && parameter;
}

static bool event_fill(icalcomponent *component, const struct calendar_day *event)
{
    const struct icaltimetype day = time_read(event->day), changed = time_read(event->changed_at);
    struct icaltimetype next = day;
    if (icaltime_is_null_time(day) || !day.is_date || icaltime_is_null_time(changed) || !icaltime_is_utc(changed))
        return false;
    icaltime_adjust(&next, 1, 0, 0, 0);
    return property_add(component, icalproperty_new_uid(event->uid)) && property_add(component, icalproperty_new_dtstamp(changed)) &&
           property_add(component, icalproperty_new_dtstart(day)) && property_add(component, icalproperty_new_dtend(next)) &&
           property_add(component, icalproperty_new_transp(ICAL_TRANSP_TRANSPARENT)) &&
           words_add(component, icalproperty_new_summary(event->summary), event->language) &&
           words_add(component, icalproperty_new_description(event->description), event->language);
}

bool calendar_add(struct calendar *calendar, const struct calendar_day *event)
{
    icalcomponent *component = icalcomponent_new(ICAL_VEVENT_COMPONENT);
    if (!component)
        return false;
    const bool filled = event_fill(component, event);
    if (filled)
        icalcomponent_add_component(calendar->root, component);
    else
        icalcomponent_free(component);
    return filled;
}

bool calendar_write(const struct calendar *calendar, struct buffer *out)
{
    char *text = icalcomponent_as_ical_string_r(calendar->root);
    if (text)
        buffer_puts(out, text);
    free(text);
    return text != NULL;
}

void calendar_free(struct calendar *calendar)
{
    if (calendar)
        icalcomponent_free(calendar->root);
    free(calendar);
}
