/* SPDX-License-Identifier: EUPL-1.2
 * openapi.yaml compiled to operations. What it does not know it refuses, naming the line. */
#include "contract.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

struct compiler {
    struct contract *contract;
    struct schema_set *schemas;
    struct tree_error *error;
};

static bool refuse(struct compiler *compiler, unsigned line, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool refuse(struct compiler *compiler, unsigned line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    compiler->error->line = line;
    vsnprintf(compiler->error->message, sizeof compiler->error->message, format, arguments);
    va_end(arguments);
    return false;
}

static void *compiler_array(struct compiler *compiler, size_t count, size_t size)
{
    void *array = arena_array(&compiler->contract->arena, count ? count : 1, size);
    if (!array)
        refuse(compiler, 0, "out of memory");
    return array;
}

/* Refuses members of a mapping that are not in the list, which names them separated and surrounded by spaces. */
static bool members_known(struct compiler *compiler, const struct node *node, const char *what, const char *known)
{
    if (!node || node->kind != NODE_MAPPING)
        return refuse(compiler, node ? node->line : 0, "%s must be a mapping", what);
    for (size_t i = 0; i < node->count; i++) {
        char spaced[64];
        snprintf(spaced, sizeof spaced, " %s ", node->keys[i]);
        if (strchr(node->keys[i], ' ') || !strstr(known, spaced))
            return refuse(compiler, node->key_lines[i], "%s has no member %s", what, node->keys[i]);
    }
    return true;
}

/* Whether node is absent or a list. */
static bool list_or_nothing(struct compiler *compiler, const struct node *node, const char *what)
{
    return !node || node->kind == NODE_SEQUENCE || refuse(compiler, node->line, "%s must be a list", what);
}

/* Follows {$ref: ...}; anything else is returned as it is. */
static const struct node *dereference(struct compiler *compiler, const struct node *node)
{
    const char *reference = node_text(node, "$ref");
    if (!reference)
        return node;
    const struct node *target = node->count == 1 ? tree_resolve(compiler->contract->document, reference) : NULL;
    if (!target || node_get(target, "$ref")) {
        refuse(compiler, node->line, "%s leads nowhere", reference);
        return NULL;
    }
    return target;
}

/* The lines of {type: ..., enum: [...]}-like lists of plain texts. */
static bool names_compile(struct compiler *compiler, const struct node *list, struct names *names)
{
    if (list->kind != NODE_SEQUENCE)
        return refuse(compiler, list->line, "a list of names is expected here");
    names->items = compiler_array(compiler, list->count, sizeof *names->items);
    if (!names->items)
        return false;
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i]->kind != NODE_TEXT)
            return refuse(compiler, list->items[i]->line, "a name is expected here");
        names->items[names->count++] = list->items[i]->text;
    }
    return true;
}

/* Beyond TOPICS_MAX it is TOPIC_MANY. */
static unsigned topic_bit(struct contract *contract, const char *name)
{
    size_t i = 0;
    while (i < contract->topic_count && strcmp(contract->topics[i], name) != 0)
        i++;
    if (i == contract->topic_count && i < TOPICS_MAX)
        contract->topics[contract->topic_count++] = name;
    return 1u << i;
}

/* Which segment of the template is {name}, counted among the parameters; SIZE_MAX when none is. */
static size_t template_position(const char *template, const char *name)
{
    size_t position = 0;
    const size_t length = strlen(name);
    for (const char *at = strchr(template, '{'); at; at = strchr(at + 1, '{'), position++)
        if (strncmp(at + 1, name, length) == 0 && at[1 + length] == '}')
            return position;
    return SIZE_MAX;
}

static bool parameter_compile(struct compiler *compiler, const struct operation *operation, const struct node *node,
                              struct parameter *parameter)
{
    node = dereference(compiler, node);
    if (!node || !members_known(compiler, node, "a parameter",
                                " name in required schema description example examples style explode deprecated "))
        return false;
    const char *name = node_text(node, "name"), *in = node_text(node, "in");
    const struct node *required = node_get(node, "required"), *schema = node_get(node, "schema");
    if (!name || !in || !schema)
        return refuse(compiler, node->line, "a parameter needs name, in and schema");
    *parameter = (struct parameter){.name = name, .required = required && required->boolean, .line = node->line};
    if (strcmp(in, "path") == 0) {
        parameter->place = PLACE_PATH;
        parameter->segment = template_position(operation->path, name);
        if (parameter->segment == SIZE_MAX || !parameter->required)
            return refuse(compiler, node->line, "path parameter %s must stand in %s and be required", name, operation->path);
    } else if (strcmp(in, "query") == 0)
        parameter->place = PLACE_QUERY;
    else if (strcmp(in, "header") == 0)
        parameter->place = PLACE_HEADER;
    else
        return refuse(compiler, node->line, "a parameter is in path, query or header, not in %s", in);
    parameter->schema = schema_compile(compiler->schemas, schema, compiler->error);
    return parameter->schema != NULL;
}

static bool parameters_compile(struct compiler *compiler, struct operation *operation, const struct node *shared,
                               const struct node *own)
{
    const size_t most = (shared ? shared->count : 0) + (own ? own->count : 0);
    if (!list_or_nothing(compiler, shared, "parameters") || !list_or_nothing(compiler, own, "parameters"))
        return false;
    struct parameter *parameters = compiler_array(compiler, most, sizeof *parameters);
    if (!parameters)
        return false;
    for (size_t i = 0; i < most; i++) {
        const struct node *node = shared && i < shared->count ? shared->items[i] : own->items[i - (shared ? shared->count : 0)];
        if (!parameter_compile(compiler, operation, node, &parameters[i]))
            return false;
        for (size_t k = 0; k < i; k++)
            if (strcmp(parameters[k].name, parameters[i].name) == 0)
                return refuse(compiler, parameters[i].line, "parameter %s is declared twice", parameters[i].name);
    }
    operation->parameters = parameters;
    operation->parameter_count = most;
    size_t templates = 0, declared = 0;
    for (const char *at = operation->path; *at; at++)
        templates += *at == '{';
    for (size_t i = 0; i < most; i++)
        declared += parameters[i].place == PLACE_PATH;
    return templates == declared || refuse(compiler, operation->line, "%s: not every {parameter} of the path is declared", operation->id);
}

/* {image/png: {schema: {type: string, format: binary}}, ...}: a body of other media types is bytes for C to read. */
static bool bytes_compile(struct compiler *compiler, struct operation *operation, const struct node *content)
{
    operation->body_types.items = compiler_array(compiler, content->count, sizeof *operation->body_types.items);
    if (!operation->body_types.items)
        return false;
    for (size_t i = 0; i < content->count; i++) {
        const struct node *schema = node_get(content->items[i], "schema");
        const char *type = node_text(schema, "type"), *form = node_text(schema, "format");
        if (!members_known(compiler, content->items[i], "a media type", " schema example examples "))
            return false;
        if (!schema || schema->count != 2 || !type || !form || strcmp(type, "string") != 0 || strcmp(form, "binary") != 0)
            return refuse(compiler, content->key_lines[i], "a body of %s needs the schema {type: string, format: binary}", content->keys[i]);
        operation->body_types.items[operation->body_types.count++] = content->keys[i];
    }
    return true;
}

static const char *address_member(const struct schema *schema)
{
    for (size_t i = 0; schema && i < schema->property_count; i++) {
        const struct schema *member = schema->properties[i].schema;
        if (member && member->format && strcmp(member->format, "email") == 0)
            return schema->properties[i].name;
    }
    return NULL;
}

/* The first member of format `email`, else the first in a member that is an object. */
static void address_find(struct operation *operation)
{
    const struct schema *body = operation->body;
    operation->address.member = address_member(body);
    for (size_t i = 0; !operation->address.member && i < body->property_count; i++) {
        operation->address.object = body->properties[i].name;
        operation->address.member = address_member(body->properties[i].schema);
    }
}

static bool body_compile(struct compiler *compiler, struct operation *operation, const struct node *node)
{
    if (!node)
        return true;
    node = dereference(compiler, node);
    if (!node || !members_known(compiler, node, "a request body", " description content required "))
        return false;
    const struct node *content = node_get(node, "content");
    const struct node *required = node_get(node, "required");
    if (!content || content->kind != NODE_MAPPING || content->count == 0)
        return refuse(compiler, node->line, "a request body needs a media type");
    operation->body_required = required && required->boolean;
    if (strcmp(content->keys[0], JSON_MEDIA_TYPE) != 0 && strcmp(content->keys[0], "application/merge-patch+json") != 0)
        return bytes_compile(compiler, operation, content);
    if (content->count != 1 || !node_get(content->items[0], "schema"))
        return refuse(compiler, node->line, "a JSON body has exactly one media type, with a schema");
    if (!members_known(compiler, content->items[0], "a media type", " schema example examples "))
        return false;
    operation->body = schema_compile(compiler->schemas, node_get(content->items[0], "schema"), compiler->error);
    if (!operation->body)
        return false;
    if (operation->body->types != SCHEMA_OBJECT)
        return refuse(compiler, node->line, "a request body must be an object");
    address_find(operation);
    return true;
}

static bool content_compile(struct compiler *compiler, const struct node *content, struct answer_form *answer)
{
    if (content->kind != NODE_MAPPING || content->count == 0)
        return refuse(compiler, content->line, "content needs a media type");
    struct media *media = compiler_array(compiler, content->count, sizeof *media);
    for (size_t i = 0; media && i < content->count; i++) {
        if (!members_known(compiler, content->items[i], "a media type", " schema example examples "))
            return false;
        const struct node *schema = node_get(content->items[i], "schema");
        media[i].type = content->keys[i];
        if (schema && strstr(media[i].type, "json") && !(media[i].schema = schema_compile(compiler->schemas, schema, compiler->error)))
            return false;
        if (strcmp(media[i].type, JSON_MEDIA_TYPE) == 0)
            answer->schema = media[i].schema;
    }
    answer->media = media;
    answer->media_count = content->count;
    return media != NULL;
}

static bool answer_compile(struct compiler *compiler, const char *status, const struct node *node, struct answer_form *answer)
{
    char *end = NULL;
    const bool others = strcmp(status, "default") == 0;
    const long number = others ? 0 : strtol(status, &end, 10);
    node = dereference(compiler, node);
    if (!node || !members_known(compiler, node, "a response", " description content headers links "))
        return false;
    if (!others && (*end || number < 100 || number > 599))
        return refuse(compiler, node->line, "%s is no status", status);
    answer->status = (int)number;
    answer->node = node;
    const struct node *content = node_get(node, "content");
    return !content || content_compile(compiler, content, answer);
}

static const struct schema_property *property_find(const struct schema *schema, const char *name)
{
    for (size_t i = 0; schema && i < schema->property_count; i++)
        if (strcmp(schema->properties[i].name, name) == 0)
            return &schema->properties[i];
    return NULL;
}

static bool answers_compile(struct compiler *compiler, struct operation *operation, const struct node *responses)
{
    if (!responses || responses->kind != NODE_MAPPING || responses->count == 0)
        return refuse(compiler, operation->line, "%s has no responses", operation->id);
    struct answer_form *answers = compiler_array(compiler, responses->count, sizeof *answers);
    if (!answers)
        return false;
    for (size_t i = 0; i < responses->count; i++) {
        if (!answer_compile(compiler, responses->keys[i], responses->items[i], &answers[i]))
            return false;
        if (!operation->success && answers[i].status / 100 == 2)
            operation->success = &answers[i];
    }
    operation->answers = answers;
    operation->answer_count = responses->count;
    if (!operation->success)
        return refuse(compiler, responses->line, "%s documents no success", operation->id);
    const struct schema_property *items = property_find(operation->success->schema, "items");
    if (items && property_find(operation->success->schema, "next") && items->schema)
        operation->item = items->schema->items;
    return true;
}

static bool security_compile(struct compiler *compiler, struct operation *operation, const struct node *security)
{
    operation->anonymous = !security || security->count == 0;
    if (!list_or_nothing(compiler, security, "security"))
        return false;
    for (size_t i = 0; security && i < security->count; i++) {
        const struct node *scheme = security->items[i];
        if (!members_known(compiler, scheme, "a security requirement", " session task "))
            return false;
        const struct node *roles = node_get(scheme, "session"), *tasks = node_get(scheme, "task");
        if (scheme->count != 1)
            return refuse(compiler, scheme->line, "one scheme each: session or task");
        if ((roles && operation->roles.items) || (tasks && operation->tasks.items))
            return refuse(compiler, scheme->line, "each scheme may stand once");
        if ((roles && !names_compile(compiler, roles, &operation->roles)) ||
            (tasks && !names_compile(compiler, tasks, &operation->tasks)))
            return false;
    }
    return true;
}

static bool lane_compile(struct compiler *compiler, struct operation *operation, const struct node *node)
{
    static const char *const names[LANE_COUNT] = {"read", "write", "slow"};
    operation->lane = operation->method == METHOD_GET ? LANE_READ : LANE_WRITE;
    if (!node)
        return true;
    for (enum lane_kind lane = 0; lane < LANE_COUNT; lane++)
        if (node->kind == NODE_TEXT && strcmp(node->text, names[lane]) == 0) {
            operation->lane = lane;
            return lane == LANE_WRITE || operation->method == METHOD_GET ||
                   refuse(compiler, node->line, "what changes something goes over the write lane: what is lost on the others is sent again");
        }
    return refuse(compiler, node->line, "x-lane is read, write or slow");
}

/* Who needs no account to write something must be held to a limit: it is said which. */
static bool rate_compile(struct compiler *compiler, struct operation *operation, const struct node *node)
{
    static const char *const names[RATE_COUNT] = {"read", "search", "form", "sign_in"};
    operation->rate = RATE_READ;
    if (!node)
        return !operation->anonymous || operation->method == METHOD_GET ||
               refuse(compiler, operation->line, "what changes something and needs no session says its x-rate");
    for (enum rate_class rate = 0; rate < RATE_COUNT; rate++)
        if (node->kind == NODE_TEXT && strcmp(node->text, names[rate]) == 0) {
            operation->rate = rate;
            return true;
        }
    return refuse(compiler, node->line, "x-rate is read, search, form or sign_in");
}

/* x-cache-until names what keeps answers true, x-cache-seconds bounds them where time alone changes them. */
static bool cache_compile(struct compiler *compiler, struct operation *operation, const struct node *node)
{
    const struct node *cache = node_get(node, "x-cache"), *until = node_get(node, "x-cache-until"), *most = node_get(node, "x-cache-seconds");
    const char *word = cache && cache->kind == NODE_TEXT ? cache->text : "";
    struct names topics = {0};
    operation->immutable = strcmp(word, "immutable") == 0;
    operation->fleeting = strcmp(word, "never") == 0;
    operation->cached = operation->immutable || operation->fleeting || strcmp(word, "public") == 0;
    if (cache && (!operation->cached || operation->method != METHOD_GET))
        return refuse(compiler, cache->line, "x-cache is public, immutable or never, on GET only");
    if (operation->cached && !operation->anonymous)
        return refuse(compiler, cache->line, "what only some may read cannot be cached as public");
    if ((until && strcmp(word, "public") != 0) || (most && !until))
        return refuse(compiler, (until ? until : most)->line, "x-cache-until belongs to x-cache: public, x-cache-seconds to x-cache-until");
    if (most && (most->kind != NODE_INTEGER || most->integer < 1 || most->integer > 3600))
        return refuse(compiler, most->line, "x-cache-seconds is a number up to 3600");
    operation->keep_seconds = most ? (int)most->integer : 0;
    if (until && !names_compile(compiler, until, &topics))
        return false;
    for (size_t i = 0; i < topics.count; i++)
        operation->topics |= topic_bit(compiler->contract, topics.items[i]);
    return !until || (operation->topics && operation->topics < TOPIC_MANY) || refuse(compiler, until->line, "x-cache-until names one to %d topics", TOPICS_MAX);
}

static bool extensions_compile(struct compiler *compiler, struct operation *operation, const struct node *node)
{
    const struct node *most = node_get(node, "x-body-max"), *once = node_get(node, "x-idempotent"), *replica = node_get(node, "x-replica");
    if (!lane_compile(compiler, operation, node_get(node, "x-lane")) || !cache_compile(compiler, operation, node))
        return false;
    if (most && (most->kind != NODE_INTEGER || most->integer < 1 || most->integer > 16 << 20))
        return refuse(compiler, most->line, "x-body-max is a number of bytes up to 16 MiB");
    operation->body_max = most ? (size_t)most->integer : 0;
    if (once && (once->kind != NODE_BOOLEAN || !once->boolean || operation->method != METHOD_POST))
        return refuse(compiler, once->line, "x-idempotent is true, on POST only");
    operation->idempotent = once != NULL;
    if (replica && (replica->kind != NODE_BOOLEAN || replica->boolean || operation->method != METHOD_GET || !operation->anonymous))
        return refuse(compiler, replica->line, "x-replica is false, on GET that anybody may call: others are never read from a replica");
    operation->primary = replica != NULL;
    return rate_compile(compiler, operation, node_get(node, "x-rate"));
}

static bool operation_compile(struct compiler *compiler, enum method method, const char *path, const struct node *shared,
                              const struct node *node)
{
    struct contract *contract = compiler->contract;
    struct operation *operation = &contract->operations[contract->count];
    if (!members_known(compiler, node, "an operation",
                       " operationId summary description tags parameters requestBody responses security deprecated "
                       "x-lane x-cache x-cache-until x-cache-seconds x-body-max x-idempotent x-rate x-replica "))
        return false;
    *operation = (struct operation){
        .id = node_text(node, "operationId"), .path = path, .method = method, .index = contract->count, .line = node->line};
    if (!operation->id)
        return refuse(compiler, node->line, "an operation needs an operationId");
    if (contract_find(contract, operation->id))
        return refuse(compiler, node->line, "operationId %s is used twice", operation->id);
    contract->count++;
    if (!parameters_compile(compiler, operation, shared, node_get(node, "parameters")) ||
        !body_compile(compiler, operation, node_get(node, "requestBody")) ||
        !answers_compile(compiler, operation, node_get(node, "responses")) ||
        !security_compile(compiler, operation, node_get(node, "security")) || !extensions_compile(compiler, operation, node))
        return false;
    return router_add(contract->router, method, path, operation) ||
           refuse(compiler, node->line, "%s is no path of its own for %s", path, method_name(method));
}

static bool path_compile(struct compiler *compiler, const char *path, const struct node *item)
{
    static const struct {
        const char *name;
        enum method method;
    } methods[] = {{"get", METHOD_GET}, {"post", METHOD_POST}, {"put", METHOD_PUT}, {"patch", METHOD_PATCH}, {"delete", METHOD_DELETE}};
    if (!members_known(compiler, item, "a path", " get post put patch delete parameters summary description "))
        return false;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        const struct node *node = node_get(item, methods[i].name);
        if (node && !operation_compile(compiler, methods[i].method, path, node_get(item, "parameters"), node))
            return false;
    }
    return true;
}

static bool paths_compile(struct compiler *compiler, const struct node *paths)
{
    size_t most = 0;
    if (!paths || paths->kind != NODE_MAPPING)
        return refuse(compiler, 1, "the document has no paths");
    for (size_t i = 0; i < paths->count; i++)
        most += paths->items[i]->count;
    compiler->contract->operations = compiler_array(compiler, most, sizeof *compiler->contract->operations);
    if (!compiler->contract->operations)
        return false;
    for (size_t i = 0; i < paths->count; i++)
        if (!path_compile(compiler, paths->keys[i], paths->items[i]))
            return false;
    return true;
}

/* Also the schemas no operation uses must compile: a misspelt one would otherwise go unnoticed. */
static bool components_compile(struct compiler *compiler, const struct node *components)
{
    if (!components)
        return true;
    if (!members_known(compiler, components, "components", " schemas responses parameters headers requestBodies securitySchemes examples "))
        return false;
    const struct node *schemas = node_get(components, "schemas");
    for (size_t i = 0; schemas && i < schemas->count; i++)
        if (!schema_compile(compiler->schemas, schemas->items[i], compiler->error))
            return false;
    return true;
}

bool contract_load(struct contract *contract, const char *yaml, size_t length, struct tree_error *error)
{
    *contract = (struct contract){0};
    arena_init(&contract->arena, 64 << 10);
    struct compiler compiler = {.contract = contract, .error = error};
    contract->document = tree_parse(yaml, length, &contract->arena, error);
    if (!contract->document)
        return false;
    contract->router = router_new(&contract->arena);
    compiler.schemas = schema_set_new(contract->document, &contract->arena);
    if (!contract->router || !compiler.schemas)
        return refuse(&compiler, 0, "out of memory");
    const char *version = node_text(contract->document, "openapi");
    if (!version || strncmp(version, "3.1.", 4) != 0)
        return refuse(&compiler, contract->document->line, "openapi must be 3.1");
    return members_known(&compiler, contract->document, "the document", " openapi info servers tags paths components security externalDocs ") &&
           components_compile(&compiler, node_get(contract->document, "components")) &&
           paths_compile(&compiler, node_get(contract->document, "paths")) && contract_links_check(contract, error);
}

void contract_release(struct contract *contract)
{
    arena_release(&contract->arena);
}
