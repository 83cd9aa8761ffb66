/* SPDX-License-Identifier: EUPL-1.2
 * Everything that can go wrong, as RFC 9457 problem details; the one table from SQLSTATE and constraint to problem code. */
#include "problem.h"

#include "text.h"

#include <jansson.h>
#include <string.h>

#include "banned.h"

const char *fault_sentence(const struct fault *fault, const char *language, struct arena *arena)
{
    const char *text = text_find("faults", fault->code, NULL, language);
    if (!text)
        text = text_find("explanations", fault->code, NULL, language); /* H1 to H7 */
    const char *gap = text ? strstr(text, "{limit}") : NULL;
    const char *full = gap ? arena_printf(arena, "%.*s%s%s", (int)(gap - text), text, fault->limit ? fault->limit : "", gap + 7) : text;
    return full ? full : fault->code;
}

static void fault_write(struct buffer *out, const struct fault *fault, const char *language, struct arena *arena)
{
    buffer_putc(out, '{');
    if (fault->pointer || fault->parameter) {
        buffer_puts(out, fault->parameter ? "\"parameter\":" : "\"pointer\":");
        buffer_json_text(out, fault->parameter ? fault->parameter : fault->pointer);
        buffer_putc(out, ',');
    }
    buffer_puts(out, "\"code\":");
    buffer_json_text(out, fault->code);
    buffer_puts(out, ",\"detail\":");
    buffer_json_text(out, fault_sentence(fault, language, arena));
    if (fault->limit) {
        buffer_puts(out, ",\"limit\":");
        buffer_json_text(out, fault->limit);
    }
    buffer_putc(out, '}');
}

void problem_write(struct buffer *out, const char *code, const char *detail, const struct faults *faults, const char *language,
                   const char *request_id)
{
    const char *title = text_find("problems", code, "title", language);
    if (!detail)
        detail = text_find("problems", code, "detail", language);
    buffer_printf(out, "{\"type\":\"/problems/%s\",\"title\":", code);
    buffer_json_text(out, title ? title : code);
    buffer_printf(out, ",\"status\":%d,\"detail\":", text_problem_status(code));
    buffer_json_text(out, detail ? detail : code);
    buffer_printf(out, ",\"code\":\"%s\",\"request_id\":", code);
    buffer_json_text(out, request_id);
    for (size_t i = 0; faults && i < faults->count; i++) {
        buffer_puts(out, i ? "," : ",\"errors\":[");
        fault_write(out, &faults->items[i], language, faults->arena);
    }
    if (faults && faults->count)
        buffer_putc(out, ']');
}

bool problem_page_write(struct buffer *out, const char *code, const char *language)
{
    static const char *const parts[] = {"detail", "explanation"};
    const char *title = text_find("problems", code, "title", language);
    if (!title)
        return false;
    buffer_printf(out, "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
                  text_language(language));
    buffer_html(out, title);
    buffer_puts(out, "</title>\n</head>\n<body>\n<h1>");
    buffer_html(out, title);
    buffer_printf(out, "</h1>\n<p><code>%s</code> · HTTP %d</p>\n", code, text_problem_status(code));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *text = text_find("problems", code, parts[i], language);
        buffer_puts(out, "<p>");
        buffer_html(out, text ? text : "");
        buffer_puts(out, "</p>\n");
    }
    buffer_puts(out, "</body>\n</html>\n");
    return true;
}

static const struct {
    const char *state; /* SQLSTATE, or the start of a class */
    const char *code;
} STATES[] = {
    {"42501", "forbidden"}, {"57014", "overloaded"}, {"55P03", "overloaded"}, {"53", "overloaded"},
    {"40001", "overloaded"}, {"40P01", "overloaded"}, {"57P", "unavailable"}, {"08", "unavailable"},
};

static const char *text_member(const json_t *object, const char *name, struct arena *arena)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? arena_text(arena, text) : NULL;
}

void faults_read(const char *detail, struct faults *faults)
{
    json_t *list = detail ? json_loads(detail, JSON_REJECT_DUPLICATES, NULL) : NULL;
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) {
        struct fault fault = {.pointer = text_member(item, "pointer", faults->arena),
                              .parameter = text_member(item, "parameter", faults->arena),
                              .code = text_member(item, "code", faults->arena),
                              .limit = text_member(item, "limit", faults->arena)};
        if (fault.code)
            faults_add(faults, fault);
    }
    json_decref(list);
}

const char *problem_of_error(const PGresult *error, struct faults *faults)
{
    const char *state = PQresultErrorField(error, PG_DIAG_SQLSTATE);
    const char *constraint = PQresultErrorField(error, PG_DIAG_CONSTRAINT_NAME);
    if (!state)
        return "unavailable"; /* libpq's own: the connection is gone */
    if (strcmp(state, "WR000") == 0) {
        const char *code = PQresultErrorField(error, PG_DIAG_MESSAGE_PRIMARY);
        if (!code || !text_problem_status(code))
            return NULL;
        faults_read(PQresultErrorField(error, PG_DIAG_MESSAGE_DETAIL), faults);
        return arena_text(faults->arena, code);
    }
    if (strncmp(state, "23", 2) == 0 && constraint && text_problem_status(constraint))
        return arena_text(faults->arena, constraint);
    for (size_t i = 0; i < sizeof STATES / sizeof *STATES; i++)
        if (strncmp(state, STATES[i].state, strlen(STATES[i].state)) == 0)
            return STATES[i].code;
    return NULL;
}
