/* SPDX-License-Identifier: EUPL-1.2
 * The life of a request in MHD's callbacks, and what C parts of operations may ask of it. */
#include "request.h"

#include "config.h"
#include "identity.h"
#include "log.h"
#include "loop.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

#define DRAIN_MAX (16u << 20) /* bytes of an unwanted body that are read and dropped before the answer */

/* A visitor is what a connection remembers between the request line and the headers. MHD may drop a request in between without another
 * word, so nothing of a request is made before its headers are there. */
static struct visitor *visitor_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

void request_connection(void *cls, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code)
{
    struct loop *loop = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        metrics_connection(loop->shard);
        *context = visitor_new(&loop->visitors, MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
        return;
    }
    visitor_free(&loop->visitors, *context);
    *context = NULL;
}

void *request_line(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct loop *loop = cls;
    struct visitor *visitor = visitor_of(connection);
    if (visitor) {
        visitor_aim(visitor, target);
        visitor_turn(&loop->visitors, visitor, TURN_HEAD);
    }
    return NULL;
}

static struct request *request_new(struct loop *loop, struct MHD_Connection *connection)
{
    struct visitor *visitor = visitor_of(connection);
    struct request *request = loop->spare ? loop->spare : malloc(sizeof *request);
    if (!request)
        return NULL;
    loop->spare = NULL;
    memset(request, 0, sizeof *request);
    arena_init(&request->arena, 4096);
    faults_init(&request->faults, &request->arena);
    buffer_init(&request->body);
    request->loop = loop;
    request->connection = connection;
    request->visitor = visitor;
    request->started = clock_us();
    atomic_fetch_add_explicit(&loop->begun, 1, memory_order_relaxed);
    request->raw = visitor ? visitor->target : NULL; /* the next comes when this request has ended */
    return request;
}

/* X-Request-Id is taken when it is sane: it is written to logs and headers. */
void request_take_id(struct request *request)
{
    static const char sane[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const char *given = request_header(request, "X-Request-Id");
    const size_t length = given ? strlen(given) : 0;
    if (length > 0 && length < sizeof request->id && strspn(given, sane) == length)
        memcpy(request->id, given, length + 1);
    else
        id_make(request->id);
}

/* The text of lang= as it stands, before anything is validated: even the problem has to be in some language. */
static const char *asked_language(const struct request *request)
{
    for (size_t i = 0; i < request->target.query_count; i++)
        if (strcmp(request->target.query[i].name, "lang") == 0)
            return request->target.query[i].value;
    return NULL;
}

/* Everything the first line and the headers tell. */
static void request_head(struct request *request)
{
    request->headed = true;
    request_take_id(request);
    const char *fault = request->raw ? target_parse(&request->target, request->raw, &request->arena) : "out_of_memory";
    if (!fault && request->target.segment_count <= ROUTE_SEGMENTS_MAX)
        request->route = router_find(request->loop->service->contract.router, request->method, request->target.segments,
                                     request->target.segment_count);
    languages_choose(&request->languages, asked_language(request), request_header(request, "Accept-Language"),
                     request->loop->service->config->languages);
    head_refused(request, fault);
    if (atomic_load_explicit(&request->loop->requests, memory_order_relaxed) >= (size_t)request->loop->service->config->requests_max)
        request_fail(request, "overloaded");
}

/* How many bytes of body this request may have. */
static size_t body_limit(const struct request *request)
{
    const struct operation *operation = request->route.operation;
    if (!operation || (!operation->body && operation->body_types.count == 0))
        return 0;
    return operation->body_max ? operation->body_max : (size_t)request->loop->service->config->body_max;
}

/* A body nobody asked for is dropped silently; one that is too large is dropped and told of. */
static void request_data(struct request *request, const char *data, size_t size)
{
    const size_t limit = body_limit(request);
    request->body_seen += size;
    if (limit && request->body_seen <= limit)
        buffer_append(&request->body, data, size);
    else if (limit)
        request->body_too_large = true;
    visitor_hold(&request->loop->visitors, request->visitor, request->body.length);
}

/* It is the client's turn to read. */
static void request_turn_over(struct request *request)
{
    visitor_turn(&request->loop->visitors, request->visitor, TURN_ANSWER);
    visitor_hold(&request->loop->visitors, request->visitor, request->answer_length);
}

static enum MHD_Result request_send(struct request *request)
{
    if (!request->response)
        return MHD_NO; /* out of memory: closing the connection is all that is left */
    buffer_release(&request->body);
    request_turn_over(request);
    request_stamp(request);
    const enum MHD_Result sent = MHD_queue_response(request->connection, (unsigned)request->status, request->response);
    if (sent == MHD_YES)
        request_cache(request);
    return sent;
}

/* The announced length is more than we would read and drop: answered at once, which closes the connection. */
static bool hopelessly_large(const struct request *request)
{
    const char *length = request_header(request, "Content-Length");
    return length && strtoull(length, NULL, 10) > DRAIN_MAX;
}

/* Requests count from here, where they are whole: clients that send slowly must not use up what others may have in flight. */
static enum MHD_Result request_process(struct request *request)
{
    request->counted = true;
    visitor_turn(&request->loop->visitors, request->visitor, TURN_OURS);
    atomic_fetch_add_explicit(&request->loop->requests, 1, memory_order_relaxed);
    const bool admitted = !request->problem && request_admit(request);
    if (admitted)
        request_cacheable(request);
    if (!admitted || (request->endpoint->code && request->endpoint->code->render)) {
        request_answer(request);
        return request_send(request);
    }
    /* Suspended first: the lane may answer before it returns. */
    MHD_suspend_connection(request->connection);
    request->phase = REQUEST_WAITING;
    if (!request_dispatch(request))
        request_answer_resume(request);
    return MHD_YES;
}

/* A head without a body is looked at when its request is whole: perhaps what is kept answers it. The answer waits until a body was read, unless
 * nobody knows where it ends. */
enum MHD_Result request_receive(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                const char *version, const char *data, size_t *size, void **state)
{
    struct request *request = *state;
    (void)url;
    if (!request) {
        *state = request = request_new(cls, connection);
        if (!request)
            return MHD_NO;
        visitor_turn(&request->loop->visitors, request->visitor, TURN_BODY);
        request->method = method_parse(method);
        head_check(request, method, version);
        if (!request->doubtful && !request->has_body)
            return MHD_YES;
        request_head(request);
        if (!request->doubtful && !hopelessly_large(request))
            return MHD_YES;
        request_fail(request, "payload_too_large");
        request_answer(request);
        return request_send(request);
    }
    if (*size > 0) {
        if (!request->headed)
            request_head(request);
        request_data(request, data, *size);
        *size = 0;
        return request->body_seen > DRAIN_MAX ? MHD_NO : MHD_YES;
    }
    if (request->phase == REQUEST_ANSWERED)
        return request_send(request);
    enum MHD_Result sent;
    if (!request->headed && request_find_cached(request, &sent)) {
        request_turn_over(request);
        return sent;
    }
    if (!request->headed)
        request_head(request);
    return request_process(request);
}

void request_end(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
    struct request *request = *state;
    (void)cls, (void)connection, (void)code;
    if (!request)
        return;
    struct loop *loop = request->loop;
    const int64_t microseconds = clock_us() - request->started;
    const size_t operation = request->endpoint ? request->endpoint->operation->index : loop->service->contract.count;
    if (request->status)
        metrics_count(loop->shard, operation, request->status, request->problem, microseconds);
    request_log(request, microseconds);
    if (request->response)
        MHD_destroy_response(request->response);
    for (size_t i = 0; request->values && i < request->endpoint->operation->parameter_count; i++)
        json_decref(request->values[i]);
    json_decref(request->json);
    segment_release(&request->segment);
    visitor_rest(&loop->visitors, request->visitor);
    buffer_release(&request->body);
    arena_release(&request->arena);
    if (request->counted)
        atomic_fetch_sub_explicit(&loop->requests, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&loop->begun, 1, memory_order_relaxed);
    if (loop->spare)
        free(request);
    else
        loop->spare = request;
    *state = NULL;
}

struct arena *request_arena(struct request *request)
{
    return &request->arena;
}

const json_t *request_body(const struct request *request)
{
    return request->json;
}

const void *request_bytes(const struct request *request, size_t *length)
{
    *length = request->content_type ? request->body.length : 0;
    return request->content_type ? request->body.bytes : NULL;
}

const char *request_content_type(const struct request *request)
{
    return request->content_type;
}

const char *request_account(const struct request *request)
{
    return request->account;
}

const char *request_token(const struct request *request)
{
    return request_header(request, "Authorization") + strlen("Bearer ");
}

const char *request_token_hash(struct request *request)
{
    return token_hash_text(request_token(request), &request->arena);
}

const char *request_operation(const struct request *request)
{
    return request->endpoint->operation->id;
}

const char *request_language(const struct request *request)
{
    return request->languages.items[0];
}

const char *request_media_type(const struct request *request)
{
    return request->media ? request->media->type : NULL;
}

const char *request_portal(struct request *request)
{
    const char *portal = request->loop->service->config->portal_url;
    size_t length = strlen(portal);
    while (length > 0 && portal[length - 1] == '/')
        length--;
    return arena_copy(&request->arena, portal, length);
}

const struct config *request_config(const struct request *request)
{
    return request->loop->service->config;
}

const char *request_region(const struct request *request)
{
    return request->loop->service->config->region_name;
}

void request_served(struct request *request, const char *language)
{
    request->served = language;
}

void request_derive(struct request *request, const char *name, const char *value)
{
    const struct derived *derived = request->endpoint->code->derived;
    for (size_t i = 0; i < DERIVED_MAX && derived[i].name; i++)
        if (strcmp(derived[i].name, name) == 0)
            request->derived[i] = value;
}

void request_keep(struct request *request, void *thing)
{
    request->kept = thing;
}

void *request_kept(const struct request *request)
{
    return request->kept;
}

void request_variant(struct request *request, const char *variant)
{
    const struct program *program = endpoint_program(request->endpoint, variant);
    if (program)
        request->program = program;
}

void request_slow(struct request *request)
{
    request->lane = LANE_SLOW;
}

void request_wait(struct request *request, int seconds)
{
    request->retry_after = seconds;
}

void request_answer_header(struct request *request, const char *name, const char *value)
{
    size_t i = 0;
    while (i < ANSWER_HEADERS_MAX && request->headers[i].name)
        i++;
    const char *kept = i < ANSWER_HEADERS_MAX ? arena_text(&request->arena, value) : NULL;
    if (kept) {
        request->headers[i].name = name;
        request->headers[i].value = kept;
    } else
        log_error("header_lost", log_text("name", name));
}

void request_fresh(struct request *request)
{
    request->keep = false;
}

void request_refuse(struct request *request, const char *code)
{
    request_fail(request, code);
}

struct faults *request_faults(struct request *request)
{
    return &request->faults;
}
