/* SPDX-License-Identifier: EUPL-1.2
 * The checks before the database, in the order openapi.yaml gives: path, token, form of the body, Accept, then all faults at once. */
#include "request.h"

#include "config.h"
#include "guard.h"
#include "json_text.h"
#include "loop.h"
#include "schema.h"

#include <string.h>
#include <strings.h>

#include "banned.h"

const char *request_header(const struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

void request_fail(struct request *request, const char *code)
{
    if (!request->problem)
        request->problem = code;
}

void request_fault(struct request *request, const char *pointer, const char *parameter, const char *code, const char *limit)
{
    faults_add(&request->faults, (struct fault){.pointer = pointer, .parameter = parameter, .code = code, .limit = limit});
}

static bool admit_path(struct request *request)
{
    const struct endpoints *endpoints = &request->loop->service->endpoints;
    if (request->method == METHOD_OPTIONS && request->route.methods)
        return false; /* no problem: the answer is what is allowed here */
    if (request->route.operation)
        request->endpoint = &endpoints->items[request->route.operation->index];
    else
        request_fail(request, request->route.methods ? "method_not_allowed" : "not_found");
    return !request->problem;
}

static bool admit_token(struct request *request)
{
    const char *authorization = request_header(request, "Authorization");
    if (!request->endpoint->operation->anonymous &&
        (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0 || authorization[7] == '\0'))
        request_fail(request, "unauthenticated");
    return !request->problem;
}

/* Whether the header names the media type, with any parameters. */
static bool type_named(const char *header, const char *type)
{
    const size_t length = header ? strcspn(header, "; \t") : 0;
    return strlen(type) == length && strncasecmp(header, type, length) == 0;
}

/* One of the documented types of bytes; application/json, merge patches by their own name as well (RFC 7396). */
static bool admit_type(struct request *request)
{
    const struct names *types = &request->endpoint->operation->body_types;
    const char *header = request_header(request, "Content-Type"), *all = types->count ? "" : JSON_MEDIA_TYPE;
    if (types->count == 0 && (type_named(header, JSON_MEDIA_TYPE) ||
                              (request->method == METHOD_PATCH && type_named(header, "application/merge-patch+json"))))
        return true;
    for (size_t i = 0; all && i < types->count; i++) {
        if (type_named(header, types->items[i])) {
            request->content_type = types->items[i];
            return true;
        }
        all = arena_printf(&request->arena, "%s%s%s", all, i ? ", " : "", types->items[i]);
    }
    request_fault(request, NULL, "Content-Type", "enum", all);
    request_fail(request, "unsupported_media_type");
    return false;
}

/* Nothing is unpacked, so nothing can become larger than what was sent. */
static bool admit_coding(struct request *request)
{
    const char *coding = request_header(request, "Content-Encoding");
    if (coding && strcasecmp(coding, "identity") != 0) {
        request_fault(request, NULL, "Content-Encoding", "enum", "identity");
        request_fail(request, "unsupported_media_type");
    }
    return !request->problem;
}

static bool body_parse(struct request *request)
{
    json_error_t error;
    request->json = json_parse(request->body.bytes, request->body.length, JSON_REJECT_DUPLICATES, &error);
    if (request->json) {
        request->json = json_settle(request->json);
        if (!request->json)
            request_fail(request, "overloaded");
        return !request->problem;
    }
    request_fail(request, "malformed_request");
    const char *place = arena_printf(&request->arena, "%d:%d", error.line, error.column);
    switch (json_error_code(&error)) {
    case json_error_out_of_memory:
        request->problem = "overloaded";
        break;
    case json_error_duplicate_key:
        request_fault(request, "", NULL, "duplicate_member", place);
        break;
    case json_error_invalid_utf8:
        request_fault(request, "", NULL, "utf8", place);
        break;
    default:
        request_fault(request, "", NULL, "json", place);
    }
    return false;
}

static bool admit_body(struct request *request)
{
    const struct operation *operation = request->endpoint->operation;
    if (request->body_too_large) {
        const size_t most = operation->body_max ? operation->body_max : (size_t)request->loop->service->config->body_max;
        request_fault(request, "", NULL, "too_large", arena_printf(&request->arena, "%zu bytes", most));
        request_fail(request, "payload_too_large");
    } else if (buffer_failed(&request->body))
        request_fail(request, "overloaded");
    else if (request->body.length > 0 && admit_coding(request) && admit_type(request) && operation->body)
        body_parse(request);
    return !request->problem;
}

const struct media *media_choose(const struct answer_form *form, const char *accept)
{
    const struct media *chosen = NULL;
    int best = 0;
    for (size_t i = 0; i < form->media_count && best < 1000; i++) {
        const int quality = accept_quality(accept, form->media[i].type);
        if (quality > best) {
            best = quality;
            chosen = &form->media[i];
        }
    }
    return chosen;
}

static bool admit_accept(struct request *request)
{
    const struct answer_form *success = request->endpoint->operation->success;
    request->media = media_choose(success, request_header(request, "Accept"));
    if (success->media_count > 0 && !request->media)
        request_fail(request, "not_acceptable");
    return !request->problem;
}

/* The query parameter of that name; more than one of a name is a fault. */
static const char *query_find(struct request *request, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < request->target.query_count; i++)
        if (strcmp(request->target.query[i].name, name) == 0) {
            if (value)
                request_fault(request, NULL, name, "duplicate_parameter", NULL);
            value = request->target.query[i].value;
        }
    return value;
}

static const char *parameter_text(struct request *request, const struct parameter *parameter)
{
    switch (parameter->place) {
    case PLACE_PATH:
        return request->target.segments[request->route.captured[parameter->segment]];
    case PLACE_HEADER:
        return request_header(request, parameter->name);
    default:
        return query_find(request, parameter->name);
    }
}

static void parameter_check(struct request *request, const struct parameter *parameter, json_t **value)
{
    const char *text = parameter_text(request, parameter);
    if (!text && parameter->required)
        request_fault(request, NULL, parameter->name, "required", NULL);
    else if (!text && parameter->schema->default_value) {
        *value = node_json(parameter->schema->default_value);
        request->faults.failed = request->faults.failed || !*value;
    } else if (text && parameter->place == PLACE_HEADER && !utf8_valid(text, strlen(text)))
        request_fault(request, NULL, parameter->name, "not_utf8", NULL);
    else if (text) {
        *value = schema_read(parameter->schema, text, parameter->name, &request->faults);
        if (*value)
            schema_check(parameter->schema, *value, "", parameter->name, &request->faults);
    }
}

/* `lang` is understood everywhere, declared or not. */
static bool parameter_known(const struct operation *operation, const char *name)
{
    for (size_t i = 0; i < operation->parameter_count; i++)
        if (operation->parameters[i].place == PLACE_QUERY && strcmp(operation->parameters[i].name, name) == 0)
            return true;
    return strcmp(name, "lang") == 0;
}

static void check_parameters(struct request *request)
{
    const struct operation *operation = request->endpoint->operation;
    request->values = arena_array(&request->arena, operation->parameter_count + 1, sizeof *request->values);
    if (!request->values) {
        request->faults.failed = true;
        return;
    }
    for (size_t i = 0; i < operation->parameter_count; i++)
        parameter_check(request, &operation->parameters[i], &request->values[i]);
    for (size_t i = 0; i < request->target.query_count; i++)
        if (!parameter_known(operation, request->target.query[i].name))
            request_fault(request, NULL, request->target.query[i].name, "unknown_parameter", NULL);
}

static const json_t *value_of(const struct request *request, const char *name)
{
    const struct operation *operation = request->endpoint->operation;
    for (size_t i = 0; i < operation->parameter_count; i++)
        if (strcmp(operation->parameters[i].name, name) == 0)
            return request->values[i];
    return NULL;
}

const json_t *request_parameter(const struct request *request, const char *name)
{
    return value_of(request, name);
}

int request_limit(const struct request *request)
{
    return (int)json_integer_value(value_of(request, "limit"));
}

const char *request_address(const struct request *request)
{
    const struct operation *operation = request->endpoint->operation;
    const json_t *object = request->json;
    if (operation->address.object)
        object = json_object_get(object, operation->address.object);
    return operation->address.member ? json_string_value(json_object_get(object, operation->address.member)) : NULL;
}

/* The parameters that select a list's rows, in the contract's order; places in it are only good for the same selection. No value
 * has a line break: the target's are refused, a header's would end it. */
const char *request_filter(struct request *request)
{
    static const char *const others[] = {"after", "limit", "count", "lang"};
    const struct operation *operation = request->endpoint->operation;
    const char *filter = "";
    for (size_t i = 0; filter && i < operation->parameter_count; i++) {
        const struct parameter *parameter = &operation->parameters[i];
        bool selects = request->values[i] != NULL;
        for (size_t k = 0; k < sizeof others / sizeof *others; k++)
            selects = selects && strcmp(others[k], parameter->name) != 0;
        if (selects)
            filter = arena_printf(&request->arena, "%s%s=%s\n", filter, parameter->name, parameter_text(request, parameter));
    }
    return filter;
}

static void check_cursor(struct request *request)
{
    const char *cursor = json_string_value(value_of(request, "after"));
    const char *filter = cursor ? request_filter(request) : "";
    request->faults.failed = request->faults.failed || !filter;
    if (!cursor || !filter)
        return;
    const struct cursor_scope scope = {request->loop->service->cursor_key, request->endpoint->operation->id, filter};
    char place[CURSOR_PLACE_MAX + 1];
    if (!cursor_open(&scope, cursor, place))
        request_fault(request, NULL, "after", "invalid_cursor", NULL);
    else if (!(request->place = arena_text(&request->arena, place)))
        request->faults.failed = true;
}

static void check_body(struct request *request)
{
    const struct operation *operation = request->endpoint->operation;
    if (operation->body && request->json)
        schema_check(operation->body, request->json, "", NULL, &request->faults);
    else if (operation->body_required && !request->content_type)
        request_fault(request, "", NULL, "required", NULL);
}

static bool admit_input(struct request *request)
{
    check_parameters(request);
    if (request->values) {
        check_cursor(request);
        check_body(request);
    }
    if (request->faults.failed)
        request_fail(request, "overloaded");
    else if (request->faults.count > 0)
        request_fail(request, "validation_failed");
    return !request->problem;
}

bool request_admit(struct request *request)
{
    return admit_path(request) && admit_token(request) && admit_body(request) && admit_accept(request) && admit_input(request) &&
           guard_limit(request);
}
