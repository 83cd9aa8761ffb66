/* SPDX-License-Identifier: EUPL-1.2
 * The last part of the proof, for test builds: what only running shows. Every answer must be one its contract documents. */
#include "request.h"

#include "config.h"
#include "log.h"
#include "loop.h"

#include "banned.h"

/* Statuses that `default` may stand for: they are about HTTP and the server, not about what the operation does; of what is sent again
 * also that the first is still at work, or that its thing is gone. */
static bool status_common(const struct operation *operation, int status)
{
    return status == 400 || status == 406 || status == 413 || status == 415 || status == 429 || status >= 500 ||
           (operation->idempotent && (status == 404 || status == 409));
}

static const char *body_fault(struct request *request, const struct schema *schema, const char *body, size_t length)
{
    struct faults faults;
    json_t *value = json_loadb(body, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (!value)
        return "no JSON";
    faults_init(&faults, &request->arena);
    schema_check(schema, value, "", NULL, &faults);
    json_decref(value);
    return faults.count ? arena_printf(&request->arena, "%s at %s", faults.items[0].code, faults.items[0].pointer) : NULL;
}

static const char *answer_fault(struct request *request, int status, const struct buffer *body, const char *type)
{
    const struct answer_form *form = operation_answer(request->endpoint->operation, status);
    if (!form && status_common(request->endpoint->operation, status))
        form = operation_answer(request->endpoint->operation, 0);
    if (!form)
        return "the status is not documented";
    if (form->media_count == 0)
        return NULL;
    const struct media *media = answer_media(form, type);
    if (!media)
        return "the media type is not documented";
    if (body->length == 0)
        return "no body";
    return media->schema ? body_fault(request, media->schema, body->bytes, body->length) : NULL;
}

bool answer_check(struct request *request, int status, const struct buffer *body, const char *type)
{
    if (!request->loop->service->config->check_answers || !request->endpoint || buffer_failed(body) || status == 304 ||
        request->method == METHOD_OPTIONS)
        return true;
    const char *fault = answer_fault(request, status, body, type);
    if (fault)
        log_error("answer_undocumented", log_text("operation", request->endpoint->operation->id), log_integer("status", status),
                  log_text("request_id", request->id), log_text("fault", fault));
    return fault == NULL;
}
