/* SPDX-License-Identifier: EUPL-1.2
 * The contract as a document and a page, the pages that explain problems, challenges: answers for which no database is asked. */
#include "codes.h"

#include "embed.h"
#include "explorer.h"
#include "json_text.h"
#include "problem.h"
#include "security_text.h"
#include "text.h"
#include "tree.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "banned.h"

static bool openapi_yaml_render(struct request *request, struct buffer *out, const char **type)
{
    const struct embedded *file = embedded_find("openapi.yaml");
    (void)request;
    *type = "application/yaml";
    if (file)
        buffer_append(out, file->bytes, file->length);
    return file != NULL;
}

/* Made when first asked for, then kept to the end: it is always the same and costs a hundred times what another answer does. */
static _Atomic(char *) openapi_json;

static char *openapi_json_make(struct arena *arena)
{
    const struct embedded *file = embedded_find("openapi.yaml");
    struct tree_error error;
    const struct node *document = file ? tree_parse(file->bytes, file->length, arena, &error) : NULL;
    json_t *json = document ? node_json(document) : NULL;
    char *text = json ? json_format(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

static bool openapi_json_render(struct request *request, struct buffer *out, const char **type)
{
    char *text = atomic_load(&openapi_json);
    if (!text && (text = openapi_json_make(request_arena(request)))) {
        char *other = NULL;
        if (!atomic_compare_exchange_strong(&openapi_json, &other, text)) { /* another loop was faster */
            free(text);
            text = other;
        }
    }
    *type = "application/json";
    if (text)
        buffer_puts(out, text);
    return text != NULL;
}

static bool problem_page_render(struct request *request, struct buffer *out, const char **type)
{
    const char *code = json_string_value(request_parameter(request, "code"));
    *type = "text/html; charset=utf-8";
    request_served(request, text_language(request_language(request)));
    if (!code || !problem_page_write(out, code, request_language(request)))
        request_refuse(request, "not_found");
    return true;
}

static bool challenge_render(struct request *request, struct buffer *out, const char **type)
{
    *type = "application/json";
    return request_challenge(request, out);
}

const struct operation_code OPERATION_MODULE_CODES[] = {
    {.operation = "get_challenge", .render = challenge_render},
    {.operation = "get_explorer", .render = explorer_render},
    {.operation = "get_explorer_file", .render = explorer_file_render},
    {.operation = "get_openapi_json", .render = openapi_json_render},
    {.operation = "get_openapi_yaml", .render = openapi_yaml_render},
    {.operation = "get_problem_page", .render = problem_page_render},
    {.operation = "get_security_text", .render = security_text_render},
    {0},
};
