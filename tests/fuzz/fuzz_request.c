/* SPDX-License-Identifier: EUPL-1.2
 * A whole request, head and body, against the contract of the program itself: refused with a problem that is whole and documented, or
 * sent to the database with values that keep the contract. What libmicrohttpd tells of a connection comes from the input; the lanes have no
 * links, so that whoever is admitted hears that the database is too busy. */
#define _GNU_SOURCE /* memmem() */
#include "embed.h"
#include "fuzz.h"
#include "log.h"
#include "loop.h"
#include "request.h"
#include "text.h"
#include "vocabulary.h"
#include "../words.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>

#include "banned.h"

enum { HEADERS_MAX = 32 };

static struct {
    char *names[HEADERS_MAX], *values[HEADERS_MAX];
    size_t count;
    void *context;           /* what request_connection() keeps */
    const struct request *request;
    const char *answer;      /* the body of the last response */
    size_t length;
    int status;              /* queued; 0: none */
} wire;

static struct loop loop;
static struct service service;
static struct config config;

/* libmicrohttpd's side. */

const union MHD_ConnectionInfo *MHD_get_connection_info(struct MHD_Connection *connection, enum MHD_ConnectionInfoType type, ...)
{
    static struct sockaddr_in peer = {.sin_family = AF_INET};
    static union MHD_ConnectionInfo info;
    (void)connection;
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (type == MHD_CONNECTION_INFO_SOCKET_CONTEXT)
        info.socket_context = wire.context;
    else if (type == MHD_CONNECTION_INFO_CLIENT_ADDRESS)
        info.client_addr = (struct sockaddr *)&peer;
    else
        return NULL;
    return &info;
}

int MHD_get_connection_values(struct MHD_Connection *connection, enum MHD_ValueKind kind, MHD_KeyValueIterator each, void *context)
{
    (void)connection;
    for (size_t i = 0; each && i < wire.count; i++)
        if (each(context, kind, wire.names[i], wire.values[i]) == MHD_NO)
            break;
    return (int)wire.count;
}

const char *MHD_lookup_connection_value(struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *name)
{
    (void)connection, (void)kind;
    for (size_t i = 0; i < wire.count; i++)
        if (strcasecmp(wire.names[i], name) == 0)
            return wire.values[i];
    return NULL;
}

struct MHD_Response *MHD_create_response_from_buffer(size_t size, void *buffer, enum MHD_ResponseMemoryMode mode)
{
    static struct MHD_Response *(*real)(size_t, void *, enum MHD_ResponseMemoryMode);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "MHD_create_response_from_buffer");
    wire.answer = buffer;
    wire.length = size;
    return real(size, buffer, mode);
}

enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response)
{
    (void)connection;
    require(response && status >= 200 && status <= 599 && status != 500);
    wire.status = (int)status;
    return MHD_YES;
}

/* Called for those who are admitted: everything they sent keeps the contract. */
void MHD_suspend_connection(struct MHD_Connection *connection)
{
    const struct request *request = wire.request;
    const struct operation *operation = request->endpoint->operation;
    struct arena arena;
    struct faults faults;
    (void)connection;
    arena_init(&arena, 0);
    faults_init(&faults, &arena);
    require(!request->problem && request->faults.count == 0 && request->languages.count > 0);
    require(!request->media == (operation->success->media_count == 0));
    for (size_t i = 0; i < operation->parameter_count; i++) {
        const struct parameter *parameter = &operation->parameters[i];
        require(request->values[i] ? schema_check(parameter->schema, request->values[i], "", parameter->name, &faults) : !parameter->required);
    }
    require(!operation->body || !request->json || schema_check(operation->body, request->json, "", NULL, &faults));
    require(!operation->body_required || request->json || request->content_type);
    arena_release(&arena);
}

void MHD_resume_connection(struct MHD_Connection *connection)
{
    (void)connection;
}

/* Ours. */

static void prepare(void)
{
    struct buffer report;
    struct tree_error error = {0};
    const struct embedded *file = embedded_find("openapi.yaml");
    buffer_init(&report);
    log_set_level("error");
    unsetenv("WELCOME_CONFIG");
    require(config_load(&config, stderr) && networks_parse(&config.proxies, "127.0.0.0/8, 10.0.0.0/8", &config.arena));
    config.rate_read = config.rate_search = config.rate_form = config.rate_sign_in = 0;
    config.check_answers = true;
    service.config = &config;
    service.version = "0";
    require(texts_load() && vocabulary_register() && vocabulary_load(NULL));
    require(file && contract_load(&service.contract, file->bytes, file->length, &error));
    require(endpoints_load(&service.endpoints, &service.contract, EMBEDDED, EMBEDDED_COUNT, OPERATION_CODES, &report));
    loop.service = &service;
    loop.shard = metrics_shard(metrics_new(&service.contract, 1), 0);
    loop.work = work_start(eventfd(0, EFD_NONBLOCK));
    const struct lane_options options = {.database_url = "", .settings = ""};
    for (enum lane_kind lane = 0; lane < LANE_COUNT; lane++)
        require((loop.lanes[lane] = lane_new(&options, -1)) != NULL);
    require(loop.shard && loop.work);
}

/* "POST /v1/x HTTP/1.1", "Name: value", ... Returns the method; the target is what follows it. */
static const char *head_read(char *head, const char **target)
{
    const char *method = strsep(&head, " \n");
    char *line = strsep(&head, "\n");
    *target = line ? strsep(&line, " ") : "";
    for (wire.count = 0; wire.count < HEADERS_MAX && (line = strsep(&head, "\r\n"));) {
        char *name = strsep(&line, ":");
        if (!line)
            continue;
        wire.names[wire.count] = name;
        wire.values[wire.count++] = line + strspn(line, " ");
    }
    return method;
}

static void answer_look(const struct request *request)
{
    if (!request->problem)
        return;
    json_t *problem = json_loadb(wire.answer, wire.length, JSON_REJECT_DUPLICATES, NULL);
    const char *code = json_string_value(json_object_get(problem, "code")), *id = json_string_value(json_object_get(problem, "request_id"));
    require(code && strcmp(code, request->problem) == 0 && id && strcmp(id, request->id) == 0);
    require(json_integer_value(json_object_get(problem, "status")) == wire.status && text_problem_status(code) == wire.status);
    require(json_array_size(json_object_get(problem, "errors")) == request->faults.count);
    json_decref(problem);
}

static void request_run(const char *method, const char *target, const char *body, size_t length)
{
    struct MHD_Connection *connection = (struct MHD_Connection *)&wire;
    void *state = NULL;
    size_t left = length, none = 0;
    wire.status = 0;
    request_connection(&loop, connection, &wire.context, MHD_CONNECTION_NOTIFY_STARTED);
    request_line(&loop, target, connection);
    require(request_receive(&loop, connection, target, method, "HTTP/1.1", NULL, &none, &state) == MHD_YES);
    struct request *request = state;
    wire.request = request;
    if (length && !wire.status)
        require(request_receive(&loop, connection, target, method, "HTTP/1.1", body, &left, &state) == MHD_YES && left == 0);
    if (!wire.status)
        require(request_receive(&loop, connection, target, method, "HTTP/1.1", NULL, &none, &state) == MHD_YES);
    while (request->phase == REQUEST_WAITING) {
        work_collect(loop.work);
        sched_yield();
    }
    if (!wire.status)
        require(request_receive(&loop, connection, target, method, "HTTP/1.1", NULL, &none, &state) == MHD_YES && wire.status);
    answer_look(request);
    request_end(&loop, connection, &state, MHD_REQUEST_TERMINATED_COMPLETED_OK);
    request_connection(&loop, connection, &wire.context, MHD_CONNECTION_NOTIFY_CLOSED);
    require(!state && loop.requests == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct arena arena;
    const char *text = (const char *)data, *target;
    if (!ready)
        prepare();
    ready = true;
    arena_init(&arena, 0);
    const char *end = memmem(text, size, "\n\n", 2);
    const size_t length = end ? (size_t)(end - text) : size;
    const char *method = head_read(arena_copy(&arena, text, length), &target);
    request_run(method, target, end ? end + 2 : NULL, end ? size - length - 2 : 0);
    arena_release(&arena);
    return 0;
}
