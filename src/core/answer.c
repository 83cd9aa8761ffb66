/* SPDX-License-Identifier: EUPL-1.2
 * From what came of a request to its response: rows, a problem, a rendered body, a preflight. */
#include "request.h"

#include "compress.h"
#include "guard.h"
#include "identity.h"
#include "log.h"
#include "loop.h"
#include "problem.h"
#include "text.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "banned.h"

#define PACKED_SUFFIX "-gzip" /* of the validator of a compressed answer */

static void problem_body(struct request *request, struct buffer *body)
{
    const char *language = text_choose(request->languages.items, request->languages.count);
    buffer_clear(body);
    problem_write(body, request->problem, request->detail, &request->faults, language, request->id);
    if (strcmp(request->problem, "challenge_required") == 0) {
        buffer_puts(body, ",\"challenge\":");
        request_challenge(request, body);
    }
    buffer_putc(body, '}');
}

/* Makes the response out of the buffer, which it empties. A response that cannot be made ends the connection. */
static void response_make(struct request *request, int status, struct buffer *body, const char *type)
{
    size_t length = 0;
    if (!answer_check(request, status, body, type)) {
        request->problem = "internal";
        status = text_problem_status(request->problem);
        type = "application/problem+json";
        problem_body(request, body);
    }
    request->status = status;
    if (request->packed && !request->problem && !compress_buffer(request->loop->compressor, body, request->keep)) {
        buffer_release(body);
        return;
    }
    char *bytes = buffer_take(body, &length);
    request->answer_length = length;
    request->response = bytes ? MHD_create_response_from_buffer(length, bytes, MHD_RESPMEM_MUST_FREE)
                              : MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (!request->response) {
        free(bytes);
        return;
    }
    if (bytes)
        response_header(request, "Content-Type", type);
}

static void answer_allow(struct request *request)
{
    const char *allow = "";
    for (enum method method = 0; allow && method < METHOD_COUNT; method++)
        if (request->route.methods & 1u << method)
            allow = arena_printf(&request->arena, "%s%s%s", allow, *allow ? ", " : "", method_name(method));
    response_header(request, "Allow", allow ? arena_printf(&request->arena, "%s, OPTIONS", allow) : NULL);
}

static void answer_problem(struct request *request)
{
    struct buffer body;
    const int status = text_problem_status(request->problem);
    buffer_init(&body);
    problem_body(request, &body);
    response_make(request, status, &body, "application/problem+json");
    response_header(request, "Content-Language", text_choose(request->languages.items, request->languages.count));
    response_header(request, "Cache-Control", "no-store");
    if (status == 405)
        answer_allow(request);
    if (status == 401)
        response_header(request, "WWW-Authenticate", "Bearer");
    if (status == 503)
        request->retry_after = 1;
    if (request->retry_after)
        response_header(request, "Retry-After", arena_printf(&request->arena, "%d", request->retry_after));
}

/* Whether the answer is of a kind and size that is worth compressing. What answers a change may hold a token beside what the client sent, and
 * its length must not tell of it (BREACH); what answers GET holds none. */
static bool packable(const struct request *request, const struct buffer *body, const char *type)
{
    const struct operation *operation = request->endpoint->operation;
    return operation->method == METHOD_GET && !operation->fleeting && body->length >= COMPRESS_MIN && body->length <= COMPRESS_MAX &&
           compressible(type);
}

/* A strong validator of exactly these bytes, compressed or not (RFC 9110 §8.8.3). No cryptographic hash: that would be a fifth of what a list
 * costs here, and whoever could make two texts collide would only keep readers at the older of both, which are the same author's. */
static const char *etag_of(struct request *request, const struct buffer *body)
{
    XXH128_canonical_t hash;
    char text[32];
    XXH128_canonicalFromHash(&hash, XXH3_128bits(body->bytes, body->length));
    sodium_bin2base64(text, sizeof text, hash.digest, sizeof hash.digest, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return arena_printf(&request->arena, "\"%s%s\"", text, request->packed ? PACKED_SUFFIX : "");
}

/* What is public is validated by its bytes, the rest by the version its statement gave, if any. */
static void answer_success(struct request *request, int status, struct buffer *body, const char *type, const char *revision)
{
    const struct operation *operation = request->endpoint->operation;
    const bool public = operation->anonymous && operation->method == METHOD_GET && status == 200 && !operation->fleeting;
    const bool packable_body = !buffer_failed(body) && packable(request, body, type);
    const char *etag = NULL;
    request->packed = packable_body && encoding_gzip(request_header(request, "Accept-Encoding"));
    if (public && !buffer_failed(body))
        etag = etag_of(request, body);
    else if (revision && operation->method != METHOD_DELETE)
        etag = arena_printf(&request->arena, "\"%s\"", revision); /* If-Match names the version, whatever it was sent as */
    if (buffer_failed(body)) {
        buffer_release(body);
        request_fail(request, "overloaded");
        answer_problem(request);
        return;
    }
    if (etag && operation->method == METHOD_GET && status == 200 && etags_include(request_header(request, "If-None-Match"), etag))
        status = 304; /* MHD sends no body then, but the length it would have (RFC 9110 §8.6) */
    response_make(request, status, body, type);
    if (request->problem) {
        response_header(request, "Cache-Control", "no-store");
        return;
    }
    response_header(request, "ETag", etag);
    if (packable_body)
        response_header(request, "Vary", "Accept-Encoding");
    if (request->packed)
        response_header(request, "Content-Encoding", "gzip");
    response_header(request, "Cache-Control", !public                ? "no-store"
                                              : operation->immutable ? "public, max-age=31536000, immutable"
                                                                     : "public, no-cache");
    for (size_t i = 0; i < ANSWER_HEADERS_MAX && request->headers[i].name; i++)
        response_header(request, request->headers[i].name, request->headers[i].value);
}

/* Text of a reserved column in the first row, or NULL. */
static const char *reserved_text(const PGresult *rows, int column)
{
    return column >= 0 && PQntuples(rows) > 0 && !PQgetisnull(rows, 0, column) ? PQgetvalue(rows, 0, column) : NULL;
}

bool request_written_by_code(const struct request *request)
{
    const struct operation_code *code = request->endpoint->code;
    return code && code->write && request->media && strcmp(request->media->type, JSON_MEDIA_TYPE) != 0;
}

/* No row is "not found": of an object always, of what C writes where that is documented, of a list never. */
static bool rows_missing(const struct request *request, const PGresult *rows)
{
    const struct operation *operation = request->endpoint->operation;
    const struct schema *schema = operation->success->schema;
    if (operation->item || PQntuples(rows) > 0)
        return false;
    return request_written_by_code(request) ? operation_answer(operation, 404) != NULL : schema && schema->property_count;
}

static void body_write(struct request *request, const PGresult *rows, struct buffer *body, const char **type)
{
    const struct operation *operation = request->endpoint->operation;
    if (request_written_by_code(request))
        body->failed = !request->endpoint->code->write(request, rows, body, type) || body->failed;
    else if (operation->item)
        list_write(request, rows, body);
    else if (operation->success->schema)
        row_write(request->program->row, rows, 0, request->languages.items[0], body);
}

/* What CORE_AUTHENTICATE told, or NULL. */
static const PGresult *identity_of(const struct request *request)
{
    const PGresult *identity = request->endpoint->operation->anonymous ? NULL : request->segment.results[0];
    return identity && PQntuples(identity) == 1 ? identity : NULL;
}

/* Somebody of staff was shown something. */
static void note_reader(const struct request *request, const PGresult *rows)
{
    const PGresult *identity = identity_of(request);
    if (identity && request->loop->service->shown && PQgetvalue(identity, 0, 3)[0] == 't')
        request->loop->service->shown(request, PQgetvalue(identity, 0, 2), rows);
}

static void answer_written(struct request *request, const PGresult *rows)
{
    const struct row_plan *plan = request->program->row;
    const struct operation *operation = request->endpoint->operation;
    const char *own = operation->item ? NULL : reserved_text(rows, plan->status);
    const int status = own ? (int)strtol(own, NULL, 10) : operation->success->status;
    const char *type = request->media ? request->media->type : JSON_MEDIA_TYPE;
    const char *served = operation->item ? NULL : reserved_text(rows, plan->served);
    struct buffer body;
    buffer_init(&body);
    if (served)
        request->served = served;
    if (operation->item && !list_follow(request, rows))
        body.failed = true;
    if (status / 100 == 2 && !buffer_failed(&body))
        body_write(request, rows, &body, &type);
    if (request->problem) {
        buffer_release(&body);
        answer_problem(request);
        return;
    }
    answer_success(request, status, &body, type, operation->item ? NULL : reserved_text(rows, plan->revision));
    if (request->problem)
        return;
    response_header(request, "Location", operation->item ? NULL : reserved_text(rows, plan->location));
    if (request->next)
        response_header(request, "Link", arena_printf(&request->arena, "<%s>; rel=\"next\"", request->next));
    if (request->endpoint->code && request->endpoint->code->answered && status / 100 == 2)
        request->endpoint->code->answered(request, rows);
    note_reader(request, rows);
}

/* The rows of a finished segment. Plans are compared with every result: after a change of the tables a writer holding column
 * numbers would answer with the wrong column. */
static void answer_rows(struct request *request)
{
    const PGresult *rows = request->segment.results[request->answer_step];
    if (!row_plan_fits(request->program->row, rows) || !list_fits(request)) {
        log_error("columns_changed", log_text("operation", request->endpoint->operation->id), log_text("request_id", request->id));
        request_fail(request, "internal");
    } else if (rows_missing(request, rows))
        request_fail(request, "not_found");
    if (request->problem)
        answer_problem(request);
    else
        answer_written(request, rows);
}

/* What PostgreSQL refused. Its own words go to the log, never to the client; nor do its details, which quote rows. */
static void answer_refused(struct request *request)
{
    const PGresult *error = request->segment.error;
    const char *code = problem_of_error(error, &request->faults);
    const char *state = PQresultErrorField(error, PG_DIAG_SQLSTATE);
    const bool quotes = state && strncmp(state, "22", 2) == 0; /* "invalid input syntax for type integer: ..." */
    if (!code)
        log_error("statement_failed", log_text("operation", request->endpoint->operation->id), log_text("request_id", request->id),
                  log_text("sqlstate", state), log_text("message", quotes ? NULL : PQresultErrorField(error, PG_DIAG_MESSAGE_PRIMARY)));
    request_fail(request, code ? code : "internal");
    const char *wait = PQresultErrorField(error, PG_DIAG_MESSAGE_HINT);
    if (wait && text_problem_status(request->problem) == 429) {
        request->address_spent = true;
        request->retry_after = (int)strtol(wait, NULL, 10);
    }
    answer_problem(request);
}

/* The session behind the answer wants its life extended: a job writes that, since the read lane cannot. */
static void note_session(const struct request *request)
{
    const PGresult *identity = identity_of(request);
    if (identity && PQgetvalue(identity, 0, 1)[0] == 't')
        session_used(PQgetvalue(identity, 0, 0));
}

static void note_account(const struct request *request)
{
    const PGresult *identity = identity_of(request);
    if (identity)
        guard_account(request, PQgetvalue(identity, 0, 2));
}

/* What the operation's C did beside the database is taken back, unless nobody knows whether the database kept its part. Of a request that
 * repeats another it is taken back already. */
static void undo(struct request *request)
{
    const struct operation_code *code = request->endpoint->code;
    if (code && code->undo && !request->recalled && request->segment.outcome != OUTCOME_ANSWERED && request->segment.outcome != OUTCOME_LOST)
        code->undo(request);
}

static void answer_outcome(struct request *request)
{
    switch (request->segment.outcome) {
    case OUTCOME_ANSWERED:
        request->loop->wrote |= request->endpoint->operation->lane == LANE_WRITE;
        note_session(request);
        note_account(request);
        answer_rows(request);
        return;
    case OUTCOME_REFUSED:
        note_account(request);
        answer_refused(request);
        return;
    case OUTCOME_LOST:
        request->detail = text_find("notes", "may_have_happened", NULL, text_choose(request->languages.items, request->languages.count));
        request_fail(request, "unavailable");
        break;
    case OUTCOME_UNAVAILABLE:
        request_fail(request, "unavailable");
        break;
    default:
        request_fail(request, "overloaded");
    }
    answer_problem(request);
}

/* CORS preflight, or just the question what is allowed here (RFC 9110 §9.3.7). */
static void answer_options(struct request *request)
{
    struct buffer nothing;
    buffer_init(&nothing);
    response_make(request, 204, &nothing, "");
    answer_allow(request);
}

static void answer_rendered(struct request *request)
{
    struct buffer body;
    const char *type = request->media ? request->media->type : JSON_MEDIA_TYPE;
    buffer_init(&body);
    if (!request->endpoint->code->render(request, &body, &type))
        body.failed = true;
    if (!request->problem) {
        answer_success(request, request->endpoint->operation->success->status, &body, type, NULL);
        return;
    }
    buffer_release(&body);
    answer_problem(request);
}

void request_answer(struct request *request)
{
    if (request->problem)
        answer_problem(request);
    else if (request->method == METHOD_OPTIONS)
        answer_options(request);
    else
        answer_rendered(request);
    request_headers(request);
    request->phase = REQUEST_ANSWERED;
}

void request_answer_resume(struct request *request)
{
    request_answer(request);
    MHD_resume_connection(request->connection);
    request->loop->resumed = true;
}

void request_answer_segment(struct request *request)
{
    if (request_recall(request))
        return;
    answer_outcome(request);
    undo(request);
    request_headers(request);
    segment_release(&request->segment);
    if (request->phase == REQUEST_WAITING) {
        MHD_resume_connection(request->connection);
        request->loop->resumed = true;
    }
    request->phase = REQUEST_ANSWERED;
}
