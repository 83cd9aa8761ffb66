/* SPDX-License-Identifier: EUPL-1.2
 * The C parts of the invented operations, in place of src/operation/codes.c. */
#include "operation_code.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "banned.h"

static bool days_write(struct request *request, const PGresult *rows, struct buffer *out, const char **type)
{
    const bool feed = strcmp(request_media_type(request), "application/atom+xml") == 0;
    const char *next = request_next(request);
    *type = feed ? "application/atom+xml; charset=utf-8" : "text/html; charset=utf-8";
    buffer_puts(out, feed ? "<feed>" : "<html>");
    for (int row = 0; row < request_shown(request, rows); row++) {
        buffer_puts(out, "<p>");
        buffer_html(out, row_text(rows, row, "sentence"));
        buffer_puts(out, "</p>");
    }
    if (next) {
        buffer_puts(out, "<link rel=\"next\" href=\"");
        buffer_html(out, next);
        buffer_puts(out, "\"/>");
    }
    buffer_puts(out, feed ? "</feed>" : "</html>");
    return true;
}

static bool day_write(struct request *request, const PGresult *rows, struct buffer *out, const char **type)
{
    const char *name = row_text(rows, 0, "name");
    (void)type;
    if (strcmp(name, "secret") == 0)
        request_refuse(request, "not_found");
    if (strcmp(name, "wrong") == 0)
        *type = "text/plain";
    buffer_printf(out, "BEGIN:%s,", name);
    return row_bytes(rows, 0, "bytes", out) && !row_text(rows, 1, "name") && !row_text(rows, 0, "nothing");
}

static atomic_uint visits;

static void day_answered(struct request *request, const PGresult *rows)
{
    (void)request;
    if (row_text(rows, 0, "name"))
        atomic_fetch_add(&visits, 1);
}

static bool visits_write(struct request *request, const PGresult *rows, struct buffer *out, const char **type)
{
    (void)request, (void)type;
    buffer_printf(out, "%d rows, %u visits", PQntuples(rows), atomic_load(&visits));
    return true;
}

static void bytes_prepare(struct request *request)
{
    size_t length;
    const void *bytes = request_bytes(request, &length);
    const char *text = bytes ? sql_bytes_text(bytes, length, request_arena(request)) : NULL;
    if (bytes && !text)
        request_refuse(request, "overloaded");
    request_derive(request, "bytes", text);
}

static void picture_prepare(struct request *request)
{
    size_t length;
    const char *bytes = request_bytes(request, &length);
    bytes_prepare(request);
    request_derive(request, "kind", request_content_type(request));
    if (bytes && bytes[length - 1] == 'm')
        request_variant(request, "moving");
    if (bytes && bytes[length - 1] == '?')
        faults_add(request_faults(request), (struct fault){.pointer = "", .code = "format", .limit = "picture"});
}

static bool picture_write(struct request *request, const PGresult *rows, struct buffer *out, const char **type)
{
    (void)type;
    request_answer_header(request, "Content-Disposition", "inline; filename=\"picture\"");
    for (size_t i = 0; i < ANSWER_HEADERS_MAX && strcmp(row_text(rows, 0, "name"), "many") == 0; i++)
        request_answer_header(request, "X-Frame", "another");
    if (strcmp(row_text(rows, 0, "name"), "secret") == 0)
        request_refuse(request, "not_found");
    return row_bytes(rows, 0, "bytes", out);
}

/* As many hundredths of a second as there are bytes; "?" is a fault, "!" a refusal. */
static void dream_work(struct request *request)
{
    size_t length;
    const char *bytes = request_bytes(request, &length);
    nanosleep(&(struct timespec){.tv_sec = (time_t)length / 100, .tv_nsec = (long)(length % 100) * 10000000}, NULL);
    if (bytes && *bytes == '?')
        faults_add(request_faults(request), (struct fault){.pointer = "", .code = "format", .limit = "dream"});
    if (bytes && *bytes == '!')
        request_refuse(request, "unavailable");
    request_derive(request, "dream", arena_printf(request_arena(request), "%zu sheep", length));
}

static const struct operation_code INVENTED_CODES[] = {
    {.operation = "dream", .derived = {{"dream", SQL_TEXT}}, .work = dream_work},
    {.operation = "get_picture", .write = picture_write},
    {.operation = "measure_picture", .derived = {{"bytes", SQL_BYTEA}, {"kind", SQL_TEXT}}, .prepare = picture_prepare},
    {.operation = "take_scrap", .derived = {{"bytes", SQL_BYTEA}}, .prepare = bytes_prepare},
    {.operation = "list_days", .write = days_write, .columns = (const struct column_code[]){{"n", NULL}, {0}}},
    {.operation = "get_day", .write = day_write, .answered = day_answered},
    {.operation = "list_visits", .write = visits_write},
    {0},
};

const struct operation_code *const OPERATION_CODES[] = {INVENTED_CODES, NULL};
