/* SPDX-License-Identifier: EUPL-1.2
 * The part of the proof that compares an operation with its statement files and its C, before any database is asked. */
#include "endpoint.h"

#include "guard.h"

#include <string.h>

#include "banned.h"

/* Parameters every list understands by itself; statements may use them, but need not. */
static const char *const CORE_PARAMETERS[] = {"limit", "after", "count", "lang"};

#define IF_MATCH "If-Match" /* as openapi.yaml names the header */

static bool uses_name(const struct endpoint *endpoint, const char *name)
{
    for (size_t i = 0; i < endpoint->count; i++)
        for (size_t k = 0; k < endpoint->programs[i].file->name_count; k++)
            if (strcmp(endpoint->programs[i].file->names[k], name) == 0)
                return true;
    return false;
}

static bool has_parameter(const struct operation *operation, const char *name)
{
    for (size_t i = 0; i < operation->parameter_count; i++)
        if (strcmp(operation->parameters[i].name, name) == 0)
            return true;
    return false;
}

/* If-Match is read as :ctx_if_match; whoever uses it says so in the contract, with what comes when it does not match. */
static void condition_review(const struct endpoint *endpoint, struct buffer *report)
{
    const struct operation *operation = endpoint->operation;
    if (!uses_name(endpoint, "ctx_if_match"))
        return;
    if (!has_parameter(operation, IF_MATCH))
        buffer_printf(report, "%s: a statement uses ctx_if_match, but there is no parameter %s\n", operation->id, IF_MATCH);
    if (!operation_answer(operation, 412) || !operation_answer(operation, 428))
        buffer_printf(report, "%s: a statement uses ctx_if_match, but 412 and 428 are not both documented\n", operation->id);
}

/* These headers are read by the core. prepare() and work() run again for a request that is sent again; undo() takes back what they did. */
static void guard_review(const struct endpoint *endpoint, struct buffer *report)
{
    const struct operation *operation = endpoint->operation;
    const struct operation_code *code = endpoint->code;
    if (has_parameter(operation, IDEMPOTENCY_KEY) != operation->idempotent)
        buffer_printf(report, "%s: x-idempotent and the parameter %s belong together\n", operation->id, IDEMPOTENCY_KEY);
    if (has_parameter(operation, CHALLENGE_SOLUTION) != (operation->anonymous && operation->rate == RATE_FORM))
        buffer_printf(report, "%s: x-rate: form without a session and the parameter %s belong together\n", operation->id, CHALLENGE_SOLUTION);
    if (operation->idempotent && code && (code->write || code->render))
        buffer_printf(report, "%s: what is idempotent is answered by its statements alone\n", operation->id);
}

static bool parameter_used(const struct endpoint *endpoint, const char *name)
{
    for (size_t i = 0; i < sizeof CORE_PARAMETERS / sizeof *CORE_PARAMETERS; i++)
        if (strcmp(CORE_PARAMETERS[i], name) == 0)
            return true;
    if (strcmp(name, IDEMPOTENCY_KEY) == 0 || strcmp(name, CHALLENGE_SOLUTION) == 0)
        return true;
    return uses_name(endpoint, strcmp(name, IF_MATCH) == 0 ? "ctx_if_match" : name);
}

/* Everything that may be sent must matter: an input no statement uses is a mistake on one of both sides. */
static void inputs_review(const struct endpoint *endpoint, struct buffer *report)
{
    const struct operation *operation = endpoint->operation;
    if (endpoint->code && (endpoint->code->prepare || endpoint->code->work || endpoint->code->render))
        return;
    if (operation->body_types.count)
        buffer_printf(report, "%s: no C reads the body of type %s\n", operation->id, operation->body_types.items[0]);
    for (size_t i = 0; i < operation->parameter_count; i++)
        if (!parameter_used(endpoint, operation->parameters[i].name))
            buffer_printf(report, "%s: no statement uses the parameter %s\n", operation->id, operation->parameters[i].name);
    for (size_t i = 0; operation->body && !uses_name(endpoint, "body") && i < operation->body->property_count; i++)
        if (!uses_name(endpoint, operation->body->properties[i].name))
            buffer_printf(report, "%s: no statement uses the member %s\n", operation->id, operation->body->properties[i].name);
}

/* Every media type is written by somebody: JSON by the row plan, all others by C. */
static void writer_review(const struct endpoint *endpoint, struct buffer *report)
{
    const struct operation *operation = endpoint->operation;
    const struct operation_code *code = endpoint->code;
    bool others = false;
    for (size_t i = 0; i < operation->success->media_count; i++) {
        const char *type = operation->success->media[i].type;
        const bool json = strcmp(type, JSON_MEDIA_TYPE) == 0;
        others = others || !json;
        if (!json && !(code && (code->write || code->render)))
            buffer_printf(report, "%s: no C writes %s\n", operation->id, type);
    }
    if (code && code->write && !others)
        buffer_printf(report, "%s: C is there to write it, but it is only documented as %s\n", operation->id, JSON_MEDIA_TYPE);
    if (endpoint_program(endpoint, "write") && !(code && code->write))
        buffer_printf(report, "%s: there is a file .write.sql, but no C to write its rows\n", operation->id);
}


/* Each member of a list has its file; "total" one that runs when it is asked for. */
static void members_review(const struct endpoint *endpoint, struct buffer *report)
{
    const char *id = endpoint->operation->id;
    const bool counts = has_parameter(endpoint->operation, "count"), total = endpoint_program(endpoint, "total") != NULL;
    if (counts != total)
        buffer_printf(report, "%s: the parameter count and a file .total.sql belong together\n", id);
    for (size_t i = 0; i < endpoint->member_count; i++) {
        const char *name = endpoint->members[i].property->name;
        if (!endpoint->members[i].program && strcmp(name, "total") != 0)
            buffer_printf(report, "%s: no file .%s.sql answers the list's member %s\n", id, name, name);
    }
    if (endpoint->member_count > LIST_MEMBERS_MAX)
        buffer_printf(report, "%s: more members than a list may have\n", id);
}

/* Whether the core itself runs a file of that name. */
static bool variant_runs(const struct endpoint *endpoint, const char *variant)
{
    if (strcmp(variant, "total") == 0 || strcmp(variant, "write") == 0 || (endpoint->keeps_cursor && strcmp(variant, "cursor") == 0))
        return true;
    for (size_t i = 0; i < endpoint->member_count; i++)
        if (strcmp(variant, endpoint->members[i].property->name) == 0)
            return true;
    return false;
}

void endpoint_review(const struct endpoint *endpoint, struct buffer *report)
{
    const struct operation_code *code = endpoint->code;
    condition_review(endpoint, report);
    guard_review(endpoint, report);
    inputs_review(endpoint, report);
    writer_review(endpoint, report);
    members_review(endpoint, report);
    for (size_t i = 0; i < endpoint->count; i++) {
        const char *variant = endpoint->programs[i].variant;
        if (variant && !variant_runs(endpoint, variant) && !(code && (code->prepare || code->work)))
            buffer_printf(report, "%s: nothing runs this file\n", endpoint->programs[i].file->path);
    }
}
