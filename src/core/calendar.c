/* SPDX-License-Identifier: EUPL-1.2
 * Calendars as libical writes them: it escapes; lines are folded here. */
#include "calendar.h"

#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

enum { LINE_BYTES = 75 }; /* without its end */

struct calendar {
    icalcomponent *root;
    bool has_zone;
};

/* As the law has it since 1996, which is before the first event there can be. */
static const char ZONE[] = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n"
                           "BEGIN:DAYLIGHT\r\nTZNAME:CEST\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nDTSTART:19960331T020000\r\n"
                           "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\n"
                           "BEGIN:STANDARD\r\nTZNAME:CET\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nDTSTART:19961027T030000\r\n"
                           "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";

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
        (!name || name_add(root, name))) {
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

bool calendar_add_zone(struct calendar *calendar)
{
    icalcomponent *zone = calendar->has_zone ? NULL : icalcomponent_new_from_string(ZONE);
    if (zone)
        icalcomponent_add_component(calendar->root, zone);
    calendar->has_zone = calendar->has_zone || zone;
    return calendar->has_zone;
}

/* '2026-12-01T18:00' as a local time without a zone, or as its day; the zone is a parameter of the property. */
static struct icaltimetype wall_read(const char *text, bool all_day)
{
    char whole[24] = "";
    const size_t length = strlen(text);
    if (length != 16)
        return icaltime_null_time();
    memcpy(whole, text, all_day ? 10 : 16);
    if (!all_day)
        memcpy(whole + 16, ":00", 3);
    return time_read(whole);
}

/* Takes the property of that time. */
static bool wall_add(icalcomponent *component, icalproperty *property, bool all_day)
{
    icalparameter *zone = property && !all_day ? icalparameter_new_tzid("Europe/Berlin") : NULL;
    if (zone)
        icalproperty_add_parameter(property, zone);
    return property_add(component, property) && (all_day || zone);
}

static bool exdates_add(icalcomponent *component, const struct calendar_event *event)
{
    for (const char *at = event->exdates; at && *at; at += strspn(at, " ")) {
        char text[17] = "";
        const size_t length = strcspn(at, " ");
        if (length != sizeof text - 1)
            return false;
        memcpy(text, at, length);
        const struct icaltimetype time = wall_read(text, event->all_day);
        if (icaltime_is_null_time(time) || !wall_add(component, icalproperty_new_exdate(time), event->all_day))
            return false;
        at += length;
    }
    return true;
}

static bool rule_add(icalcomponent *component, const struct calendar_event *event)
{
    if (!event->rrule)
        return true;
    struct icalrecurrencetype rule = icalrecurrencetype_from_string(event->rrule);
    return rule.freq != ICAL_NO_RECURRENCE && property_add(component, icalproperty_new_rrule(rule)) && exdates_add(component, event);
}

static bool categories_add(icalcomponent *component, const char *lines)
{
    for (const char *at = lines; at && *at;) {
        char category[200] = "";
        const size_t length = strcspn(at, "\n");
        size_t kept = length < sizeof category ? length : sizeof category - 1;
        while (kept > 0 && ((unsigned char)at[kept] & 0xC0) == 0x80)
            kept--; /* to the end of a letter */
        memcpy(category, at, kept);
        if (!property_add(component, icalproperty_new_categories(category)))
            return false;
        at += length + (at[length] == '\n');
    }
    return true;
}

static bool place_add(icalcomponent *component, const struct calendar_event *event)
{
    if (event->location && !words_add(component, icalproperty_new_location(event->location), event->language))
        return false;
    if (event->latitude && event->longitude) {
        const struct icalgeotype geo = {.lat = strtod(event->latitude, NULL), .lon = strtod(event->longitude, NULL)};
        if (!property_add(component, icalproperty_new_geo(geo)))
            return false;
    }
    return !event->url || property_add(component, icalproperty_new_url(event->url));
}

static bool times_add(icalcomponent *component, const struct calendar_event *event)
{
    const struct icaltimetype starts = wall_read(event->starts, event->all_day), ends = wall_read(event->ends, event->all_day);
    const struct icaltimetype changed = time_read(event->changed_at), created = time_read(event->created_at);
    if (icaltime_is_null_time(starts) || icaltime_is_null_time(ends) || icaltime_is_null_time(changed) || icaltime_is_null_time(created))
        return false;
    return property_add(component, icalproperty_new_uid(event->uid)) && property_add(component, icalproperty_new_dtstamp(changed)) &&
           property_add(component, icalproperty_new_created(created)) && property_add(component, icalproperty_new_lastmodified(changed)) &&
           property_add(component, icalproperty_new_sequence(event->sequence)) &&
           wall_add(component, icalproperty_new_dtstart(starts), event->all_day) &&
           wall_add(component, icalproperty_new_dtend(ends), event->all_day) && rule_add(component, event);
}

bool calendar_add_event(struct calendar *calendar, const struct calendar_event *event)
{
    icalcomponent *component = calendar_add_zone(calendar) ? icalcomponent_new(ICAL_VEVENT_COMPONENT) : NULL;
    if (!component)
        return false;
    const bool filled = times_add(component, event) && words_add(component, icalproperty_new_summary(event->summary), event->language) &&
                        words_add(component, icalproperty_new_description(event->description), event->language) &&
                        place_add(component, event) && categories_add(component, event->categories);
    if (filled)
        icalcomponent_add_component(calendar->root, component);
    else
        icalcomponent_free(component);
    return filled;
}

const char *calendar_method_name(enum calendar_method method)
{
    static const char *const names[] = {[CALENDAR_PUBLISH] = "PUBLISH", [CALENDAR_REQUEST] = "REQUEST", [CALENDAR_CANCEL] = "CANCEL"};
    return names[method];
}

/* Takes the property. The name is quoted by libical, which knows no way to write a quote or the end of a line there. */
static bool named_add(icalcomponent *component, icalproperty *property, const char *name)
{
    char plain[200] = "";
    size_t length = 0;
    for (const char *c = name ? name : ""; *c && (length < sizeof plain - 5 || ((unsigned char)*c & 0xc0) == 0x80); c++)
        plain[length++] = *c == '"' ? '\'' : (unsigned char)*c < 0x20 || *c == 0x7f ? ' ' : *c;
    icalparameter *parameter = property && *plain ? icalparameter_new_cn(plain) : NULL;
    if (parameter)
        icalproperty_add_parameter(property, parameter);
    return property_add(component, property) && (parameter || !*plain);
}

/* "mailto:" and the address of "Name <address>". Longer ones than addresses are (254 bytes) do not fit. */
static bool address_write(const char *from, char address[300])
{
    const char *open = strrchr(from, '<');
    const char *start = open ? open + 1 : from;
    const int length = (int)strcspn(start, ">\r\n");
    return snprintf(address, 300, "mailto:%.*s", length, start) < 300;
}

static bool parties_add(icalcomponent *component, const struct calendar_invitation *invitation)
{
    char address[300];
    if (!address_write(invitation->organizer, address) ||
        !named_add(component, icalproperty_new_organizer(address), invitation->organizer_name))
        return false;
    if (!invitation->attendee)
        return true;
    icalproperty *attendee = address_write(invitation->attendee, address) ? icalproperty_new_attendee(address) : NULL;
    icalparameter *accepted = attendee ? icalparameter_new_partstat(ICAL_PARTSTAT_ACCEPTED) : NULL;
    if (accepted)
        icalproperty_add_parameter(attendee, accepted);
    return named_add(component, attendee, invitation->attendee_name) && accepted;
}

static bool moments_add(icalcomponent *component, const struct calendar_invitation *invitation)
{
    const struct icaltimetype starts = time_read(invitation->starts_at), ends = time_read(invitation->ends_at);
    const struct icaltimetype stamped = time_read(invitation->stamped_at), created = time_read(invitation->created_at);
    const struct icaltimetype changed = time_read(invitation->changed_at);
    return icaltime_is_utc(starts) && icaltime_is_utc(ends) && icaltime_is_utc(stamped) && icaltime_is_utc(created) && icaltime_is_utc(changed) &&
           property_add(component, icalproperty_new_dtstamp(stamped)) && property_add(component, icalproperty_new_created(created)) &&
           property_add(component, icalproperty_new_lastmodified(changed)) && property_add(component, icalproperty_new_dtstart(starts)) &&
           property_add(component, icalproperty_new_dtend(ends));
}

/* Who alone is uninvited is told nothing of the appointment itself (RFC 5546 §3.2.5). */
static bool status_add(icalcomponent *component, const struct calendar_invitation *invitation, enum calendar_method method)
{
    if (method == CALENDAR_CANCEL && !invitation->cancelled)
        return true;
    return property_add(component, icalproperty_new_status(invitation->cancelled ? ICAL_STATUS_CANCELLED : ICAL_STATUS_CONFIRMED));
}

static bool invitation_fill(icalcomponent *component, const struct calendar_invitation *invitation, enum calendar_method method)
{
    return property_add(component, icalproperty_new_uid(invitation->uid)) &&
           property_add(component, icalproperty_new_sequence(invitation->sequence)) && moments_add(component, invitation) &&
           status_add(component, invitation, method) && property_add(component, icalproperty_new_class(ICAL_CLASS_PRIVATE)) && parties_add(component, invitation) &&
           words_add(component, icalproperty_new_summary(invitation->summary), invitation->language) &&
           words_add(component, icalproperty_new_description(invitation->description), invitation->language) &&
           (!invitation->location || words_add(component, icalproperty_new_location(invitation->location), invitation->language)) &&
           (!invitation->url || property_add(component, icalproperty_new_url(invitation->url)));
}

bool calendar_add_invitation(struct calendar *calendar, const struct calendar_invitation *invitation, enum calendar_method method)
{
    static const icalproperty_method methods[] = {
        [CALENDAR_PUBLISH] = ICAL_METHOD_PUBLISH, [CALENDAR_REQUEST] = ICAL_METHOD_REQUEST, [CALENDAR_CANCEL] = ICAL_METHOD_CANCEL};
    icalcomponent *component =
        property_add(calendar->root, icalproperty_new_method(methods[method])) ? icalcomponent_new(ICAL_VEVENT_COMPONENT) : NULL;
    if (!component)
        return false;
    const bool filled = invitation_fill(component, invitation, method);
    if (filled)
        icalcomponent_add_component(calendar->root, component);
    else
        icalcomponent_free(component);
    return filled;
}

static size_t letter_bytes(unsigned char first)
{
    return first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* Folds lines between letters (RFC 5545 §3.1): libical also does it between the CR and LF of a line's end. Control characters, which
 * it lets through and no text may have (§3.3.11), are left out. */
static void folded_write(struct buffer *out, const char *text)
{
    size_t column = 0;
    for (const char *at = text; *at; at++) {
        const unsigned char byte = (unsigned char)*at;
        if (strncmp(at, "\r\n ", 3) == 0) { /* its own fold */
            at += 2;
            continue;
        }
        if (byte == '\n') {
            buffer_puts(out, "\r\n");
            column = 0;
        }
        if ((byte < 0x20 && byte != '\t') || byte == 0x7F)
            continue;
        if ((byte & 0xC0) != 0x80 && column + letter_bytes(byte) > LINE_BYTES) {
            buffer_puts(out, "\r\n ");
            column = 1;
        }
        buffer_putc(out, (char)byte);
        column++;
    }
}

bool calendar_write(const struct calendar *calendar, struct buffer *out)
{
    char *text = icalcomponent_as_ical_string_r(calendar->root);
    if (text)
        folded_write(out, text);
    free(text);
    return text != NULL;
}

void calendar_free(struct calendar *calendar)
{
    if (calendar)
        icalcomponent_free(calendar->root);
    free(calendar);
}
