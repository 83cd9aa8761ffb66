/* SPDX-License-Identifier: EUPL-1.2
 * `links`: which value of an answer, or of the request that led to it, the next call takes. Readers and generated tests follow them, so
 * they are held against both operations. */
#include "contract.h"

#include <string.h>

#include "banned.h"

struct linker {
    const struct contract *contract;
    const struct operation *from;
    const struct answer_form *answer;
    struct tree_error *error;
};

/* What a JSON pointer without escapes means in values of this schema, or NULL. */
static const struct schema *pointed(const struct schema *schema, const char *pointer)
{
    while (schema && *pointer == '/') {
        const size_t length = strcspn(++pointer, "/");
        const struct schema *inside = length > 0 && strspn(pointer, "0123456789") == length ? schema->items : NULL;
        for (size_t i = 0; !inside && i < schema->property_count; i++) {
            const char *name = schema->properties[i].name;
            if (strlen(name) == length && strncmp(name, pointer, length) == 0)
                inside = schema->properties[i].schema;
        }
        schema = inside;
        pointer += length;
    }
    return *pointer ? NULL : schema;
}

static const struct parameter *parameter_find(const struct operation *operation, const char *name)
{
    for (size_t i = 0; i < operation->parameter_count; i++)
        if (strcmp(operation->parameters[i].name, name) == 0)
            return &operation->parameters[i];
    return NULL;
}

static const struct schema *requested(const struct operation *operation, enum parameter_place place, const char *name)
{
    const struct parameter *parameter = parameter_find(operation, name);
    return parameter && parameter->place == place ? parameter->schema : NULL;
}

/* The schema of what a runtime expression (OpenAPI 3.1 §4.8.20.4) means here; NULL: nothing. Of a header only its name is known. */
static const struct schema *expression_schema(const struct linker *linker, const char *text)
{
    static const struct {
        const char *start;
        enum parameter_place place;
    } places[] = {{"$request.path.", PLACE_PATH}, {"$request.query.", PLACE_QUERY}, {"$request.header.", PLACE_HEADER}};
    static const char answered[] = "$response.body#", asked[] = "$request.body#", header[] = "$response.header.";
    static const struct schema text_schema = {.types = SCHEMA_STRING};
    if (strncmp(text, answered, sizeof answered - 1) == 0)
        return pointed(linker->answer->schema, text + sizeof answered - 1);
    if (strncmp(text, asked, sizeof asked - 1) == 0)
        return pointed(linker->from->body, text + sizeof asked - 1);
    if (strncmp(text, header, sizeof header - 1) == 0)
        return node_get(node_get(linker->answer->node, "headers"), text + sizeof header - 1) ? &text_schema : NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strncmp(text, places[i].start, strlen(places[i].start)) == 0)
            return requested(linker->from, places[i].place, text + strlen(places[i].start));
    return NULL;
}

/* Whether values of one schema can be such of the other, judged by type and format. */
static bool schema_suits(const struct schema *value, const struct schema *wanted)
{
    return (!value->types || !wanted->types || (value->types & wanted->types)) &&
           (!wanted->format || (value->format && strcmp(value->format, wanted->format) == 0));
}

static bool value_check(const struct linker *linker, const struct operation *to, const char *name, const struct node *value)
{
    const struct parameter *parameter = parameter_find(to, name);
    if (!parameter)
        return tree_refuse(linker->error, value->line, "a link gives %s, which %s does not take", name, to->id);
    const struct schema *schema = value->kind == NODE_TEXT ? expression_schema(linker, value->text) : NULL;
    if (!schema)
        return tree_refuse(linker->error, value->line, "%s is nothing that %s has", value->text ? value->text : "this", linker->from->id);
    return schema_suits(schema, parameter->schema) ||
           tree_refuse(linker->error, value->line, "%s is no value for %s of %s", value->text, name, to->id);
}

static bool link_check(const struct linker *linker, const struct node *link, unsigned line)
{
    static const char *const known[] = {"operationId", "parameters", "description"};
    const char *id = node_text(link, "operationId");
    const struct operation *to = id ? contract_find(linker->contract, id) : NULL;
    const struct node *values = node_get(link, "parameters");
    for (size_t i = 0; i < link->count; i++) {
        bool fine = false;
        for (size_t k = 0; link->kind == NODE_MAPPING && k < sizeof known / sizeof *known; k++)
            fine = fine || strcmp(link->keys[i], known[k]) == 0;
        if (!fine)
            return tree_refuse(linker->error, line, "a link is a mapping of operationId, parameters and description");
    }
    if (!to)
        return tree_refuse(linker->error, line, "a link leads to an operationId that there is, not to %s", id ? id : "nothing");
    if (values && values->kind != NODE_MAPPING)
        return tree_refuse(linker->error, values->line, "the parameters of a link are a mapping");
    for (size_t i = 0; values && i < values->count; i++)
        if (!value_check(linker, to, values->keys[i], values->items[i]))
            return false;
    for (size_t i = 0; i < to->parameter_count; i++)
        if (to->parameters[i].required && !node_get(values, to->parameters[i].name))
            return tree_refuse(linker->error, line, "a link to %s gives no %s", id, to->parameters[i].name);
    return true;
}

static bool answer_check_links(const struct linker *linker, const struct node *links)
{
    if (links && links->kind != NODE_MAPPING)
        return tree_refuse(linker->error, links->line, "links must be a mapping");
    for (size_t i = 0; links && i < links->count; i++)
        if (!link_check(linker, links->items[i], links->key_lines[i]))
            return false;
    return true;
}

bool contract_links_check(const struct contract *contract, struct tree_error *error)
{
    for (size_t i = 0; i < contract->count; i++) {
        struct linker linker = {.contract = contract, .from = &contract->operations[i], .error = error};
        for (size_t k = 0; k < linker.from->answer_count; k++) {
            linker.answer = &linker.from->answers[k];
            if (!answer_check_links(&linker, node_get(linker.answer->node, "links")))
                return false;
        }
    }
    return true;
}
