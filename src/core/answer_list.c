/* SPDX-License-Identifier: EUPL-1.2
 * Lists: how many rows are shown, where the list goes on, and the object around its items. */
#include "request.h"

#include "cursor.h"
#include "loop.h"

#include <string.h>

#include "banned.h"

int request_shown(const struct request *request, const PGresult *rows)
{
    const int limit = request_limit(request), count = PQntuples(rows);
    return request->endpoint->operation->item && limit > 0 && count > limit ? limit : count;
}

const char *request_next(const struct request *request)
{
    return request->next;
}

/* Percent-encodes what is not unreserved (RFC 3986 §2.3). */
static void component_write(struct buffer *out, const char *text)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    while (*text) {
        const size_t plain = strspn(text, unreserved);
        buffer_append(out, text, plain);
        text += plain;
        if (*text)
            buffer_printf(out, "%%%02X", (unsigned char)*text++);
    }
}

/* The request with the next place; written anew, since a target as it came may hold what ends a link. NULL: out of memory. */
static const char *next_target(struct request *request, const char *cursor)
{
    const struct target *target = &request->target;
    struct buffer next;
    buffer_init(&next);
    for (size_t i = 0; i < target->segment_count; i++) {
        buffer_putc(&next, '/');
        component_write(&next, target->segments[i]);
    }
    buffer_putc(&next, '?');
    for (size_t i = 0; i < target->query_count; i++)
        if (strcmp(target->query[i].name, "after") != 0) {
            component_write(&next, target->query[i].name);
            buffer_putc(&next, '=');
            component_write(&next, target->query[i].value);
            buffer_putc(&next, '&');
        }
    buffer_printf(&next, "after=%s", cursor);
    const char *text = buffer_text(&next);
    const char *kept = text ? arena_text(&request->arena, text) : NULL;
    buffer_release(&next);
    return kept;
}

static const char *place_sign(struct request *request, const char *place)
{
    const char *filter = request_filter(request);
    const struct cursor_scope scope = {request->loop->service->cursor_key, request->endpoint->operation->id, filter};
    return filter ? cursor_sign(&scope, place, &request->arena) : NULL;
}

bool list_follow(struct request *request, const PGresult *rows)
{
    const int shown = request_shown(request, rows), column = request->program->row->cursor;
    if (shown == PQntuples(rows) || column < 0)
        return true;
    request->next_cursor = place_sign(request, PQgetvalue(rows, shown - 1, column));
    request->next = request->next_cursor ? next_target(request, request->next_cursor) : NULL;
    return request->next != NULL;
}

/* The result of a step that was one, NULL when it was not asked for. */
static const PGresult *step_result(const struct request *request, size_t step)
{
    return step < SEGMENT_STEPS_MAX ? request->segment.results[step] : NULL;
}

bool list_fits(const struct request *request)
{
    for (size_t i = 0; i < request->endpoint->member_count; i++) {
        const PGresult *value = step_result(request, request->member_steps[i]);
        if (value && (PQnfields(value) != 1 || PQftype(value, 0) != request->endpoint->members[i].type))
            return false;
    }
    return true;
}

/* From where to ask for what is new: behind the last row shown, without one where the request began, at the very first where the
 * operation's .cursor.sql says. */
static void cursor_write(struct request *request, const PGresult *rows, struct buffer *body)
{
    const int shown = request_shown(request, rows);
    const PGresult *first = step_result(request, request->cursor_step);
    const char *place = shown > 0 ? PQgetvalue(rows, shown - 1, request->program->row->cursor) : request->place;
    if (!place && first && PQntuples(first) > 0 && !PQgetisnull(first, 0, 0))
        place = PQgetvalue(first, 0, 0);
    const char *cursor = place ? place_sign(request, place) : NULL;
    buffer_puts(body, ",\"cursor\":");
    if (cursor)
        buffer_json_text(body, cursor);
    else
        buffer_puts(body, "null");
    body->failed = body->failed || (place && !cursor);
}

static void members_write(const struct request *request, struct buffer *body)
{
    for (size_t i = 0; i < request->endpoint->member_count; i++) {
        const PGresult *value = step_result(request, request->member_steps[i]);
        if (value) {
            buffer_printf(body, ",\"%s\":", request->endpoint->members[i].property->name);
            row_value_write(value, 0, 0, body);
        }
    }
}

void list_write(struct request *request, const PGresult *rows, struct buffer *body)
{
    const int shown = request_shown(request, rows);
    buffer_puts(body, "{\"items\":[");
    for (int row = 0; row < shown; row++) {
        if (row)
            buffer_putc(body, ',');
        row_write(request->program->row, rows, row, request->languages.items[0], body);
    }
    buffer_puts(body, "],\"next\":");
    if (request->next_cursor)
        buffer_json_text(body, request->next_cursor);
    else
        buffer_puts(body, "null");
    if (request->endpoint->keeps_cursor)
        cursor_write(request, rows, body);
    members_write(request, body);
    buffer_putc(body, '}');
}
