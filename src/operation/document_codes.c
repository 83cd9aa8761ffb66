/* SPDX-License-Identifier: EUPL-1.2
 * The contract as a document, and the pages that explain problems: answers made of what is embedded in the program. */
#include "codes.h"

#include "embed.h"
#include "problem.h"
#include "tree.h"

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

/* Parsed anew each time: nobody asks often, and nothing then has to be kept. */
static bool openapi_json_render(struct request *request, struct buffer *out, const char **type)
{
    const struct embedded *file = embedded_find("openapi.yaml");
    struct tree_error error;
    const struct node *document = file ? tree_parse(file->bytes, file->length, request_arena(request), &error) : NULL;
    json_t *json = document ? node_json(document) : NULL;
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    *type = "application/json";
    if (text)
        buffer_puts(out, text);
    const bool rendered = text != NULL;
    free(text);
    json_decref(json);
    return rendered;
}

static bool problem_page_render(struct request *request, struct buffer *out, const char **type)
{
    const char *code = json_string_value(request_parameter(request, "code"));
    *type = "text/html; charset=utf-8";
    if (!code || !problem_page_write(out, code, request_language(request)))
        request_refuse(request, "not_found");
    return true;
}

const struct operation_code OPERATION_MODULE_CODES[] = {
    {.operation = "get_openapi_json", .render = openapi_json_render},
    {.operation = "get_openapi_yaml", .render = openapi_yaml_render},
    {.operation = "get_problem_page", .render = problem_page_render},
    {0},
};
