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

/* The head as libmicrohttpd keeps it: in one piece, where the ends of method, target, names and lines are zeroes. */
static struct {
    const char *method, *target, *version;
    size_t size;
    const char *names[HEADERS_MAX], *values[HEADERS_MAX];
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
    else if (type == MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
        info.header_size = wire.size;
    else if (type == MHD_CONNECTION_INFO_CONNECTION_FD)
        info.connect_fd = -1;
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
    loop.visitors.most = 2;
    loop.visitors.config = &service.config;
    loop.shard = metrics_shard(metrics_new(&service.contract, 1), 0);
    loop.work = work_start(eventfd(0, EFD_NONBLOCK));
    const struct lane_options options = {.database_url = "", .settings = ""};
    for (enum lane_kind lane = 0; lane < LANE_COUNT; lane++)
        require((loop.lanes[lane] = lane_new(&options, -1)) != NULL);
    require(loop.shard && loop.work);
}

static const char *put(char **at, const char *text)
{
    char *begin = *at;
    const size_t size = strlen(text) + 1;
    memcpy(begin, text, size);
    *at += size;
    return begin;
}

/* "POST /v1/x HTTP/1.1", "Name: value", ... A line that begins with a blank lies where a folded one would. */
static void head_read(char *head, struct arena *arena)
{
    char *at = arena_alloc(arena, strlen(head) + 3 * HEADERS_MAX + 32), *line = strsep(&head, "\n");
    wire.method = put(&at, strsep(&line, " "));
    wire.target = put(&at, line ? strsep(&line, " ") : "");
    wire.version = put(&at, line ? line : "HTTP/1.1");
    at++;
    for (wire.count = 0; wire.count < HEADERS_MAX && (line = strsep(&head, "\r\n"));) {
        const char *name = strsep(&line, ":");
        if (!line)
            continue;
        at += *name == ' ';
        wire.names[wire.count] = put(&at, name);
        wire.values[wire.count++] = put(&at, line + strspn(line, " "));
        at++;
    }
    wire.size = (size_t)(at - wire.method) + 2;
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

static enum MHD_Result receive(const char *data, size_t *size, void **state)
{
    return request_receive(&loop, (struct MHD_Connection *)&wire, wire.target, wire.method, wire.version, data, size, state);
}

static void request_run(const char *body, size_t length)
{
    struct MHD_Connection *connection = (struct MHD_Connection *)&wire;
    void *state = NULL;
    size_t left = length, none = 0;
    wire.status = 0;
    request_connection(&loop, connection, &wire.context, MHD_CONNECTION_NOTIFY_STARTED);
    request_line(&loop, wire.target, connection);
    require(receive(NULL, &none, &state) == MHD_YES);
    struct request *request = state;
    wire.request = request;
    if (length && !wire.status)
        require(receive(body, &left, &state) == MHD_YES && left == 0);
    if (!wire.status)
        require(receive(NULL, &none, &state) == MHD_YES);
    while (request->phase == REQUEST_WAITING) {
        work_collect(loop.work);
        sched_yield();
    }
    if (!wire.status)
        require(receive(NULL, &none, &state) == MHD_YES && wire.status);
    answer_look(request);
    request_end(&loop, connection, &state, MHD_REQUEST_TERMINATED_COMPLETED_OK);
    request_connection(&loop, connection, &wire.context, MHD_CONNECTION_NOTIFY_CLOSED);
    require(!state && loop.requests == 0 && loop.begun == 0 && loop.visitors.count == 0 && loop.visitors.held == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    struct arena arena;
    const char *text = (const char *)data;
    if (!ready)
        prepare();
    ready = true;
    arena_init(&arena, 0);
    const char *end = memmem(text, size, "\n\n", 2);
    const size_t length = end ? (size_t)(end - text) : size;
    head_read(arena_copy(&arena, text, length), &arena);
    request_run(end ? end + 2 : NULL, end ? size - length - 2 : 0);
    arena_release(&arena);
    return 0;
}
