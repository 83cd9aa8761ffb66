/* SPDX-License-Identifier: EUPL-1.2
 * Saving a text: its Markdown becomes safe HTML and plain text before anything reaches the database. */
#include "codes.h"

#include "markdown.h"

#include "banned.h"

static void refuse_markdown(struct request *request, const struct markdown_faults *faults)
{
    if (faults->count == 0)
        request_refuse(request, "overloaded");
    for (size_t i = 0; i < faults->count; i++) {
        const char *line = arena_printf(request_arena(request), "%u", faults->items[i].line);
        faults_add(request_faults(request), (struct fault){.pointer = "/body_markdown", .code = faults->items[i].code, .limit = line});
    }
}

/* Leaves all three NULL where the text is not sent. */
static void render_body(struct request *request)
{
    const json_t *text = json_object_get(request_body(request), "body_markdown");
    struct markdown body;
    struct markdown_faults faults;
    if (!text)
        return;
    if (!markdown_render(json_string_value(text), json_string_length(text), request_arena(request), &body, &faults)) {
        refuse_markdown(request, &faults);
        return;
    }
    const char *embeds = sql_text_array(body.embeds, body.embed_count, request_arena(request));
    if (!embeds) {
        request_refuse(request, "overloaded");
        return;
    }
    request_derive(request, "body_html", body.html);
    request_derive(request, "body_text", body.text);
    request_derive(request, "embeds", embeds);
}

#define BODY {{"body_html", SQL_TEXT}, {"body_text", SQL_TEXT}, {"embeds", SQL_TEXT_ARRAY}}

const struct operation_code REVISION_CODES[] = {
    {.operation = "create_revision", .derived = BODY, .prepare = render_body},
    {.operation = "update_revision", .derived = BODY, .prepare = render_body},
    {0},
};
