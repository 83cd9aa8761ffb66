/* SPDX-License-Identifier: EUPL-1.2
 * One thread with one epoll instance: its HTTP connections, its lanes, its clock. */
#include "loop.h"

#include "cache.h"
#include "compress.h"
#include "config.h"
#include "log.h"
#include "request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "banned.h"

#define TICK_MS 20
#define EVENTS_MAX 64
#define CONNECTION_MEMORY 16384 /* bytes MHD keeps a connection: request line, headers and answer headers */
#define TOLD_PAUSE 60000        /* ms between two lines about having no files */

/* Lanes of the whole daemon; each loop gets its share, at least one link of each (ARCHITECTURE.md, "Lanes"). */
static const struct {
    size_t links;
    unsigned depth;
    int statement_ms;
} LANES[LANE_COUNT] = {
    [LANE_READ] = {8, 8, 3000},
    [LANE_WRITE] = {16, 2, 5000},
    [LANE_SLOW] = {2, 1, 10000},
};

/* Of a read replica, beside these: who gets no answer there soon asks the primary. */
static const int REPLICA_STATEMENT_MS[LANE_COUNT] = {[LANE_READ] = 1000, [LANE_SLOW] = 4000};
#define REPLICA_QUEUE_MS 200

/* Targets are decoded strictly by target.c; MHD must leave them alone. */
static size_t leave_escaped(void *cls, struct MHD_Connection *connection, char *text)
{
    size_t length = 0;
    (void)cls, (void)connection;
    while (text[length])
        length++;
    return length;
}

/* MHD's own words are about clients that break the protocol: for debugging only, but for one. Out of files it calls accept() again and
 * again, as the descriptor stays ready: the loop then lets it rest until the next tick. */
__attribute__((format(printf, 2, 0))) static void http_log(void *cls, const char *format, va_list arguments)
{
    char text[256];
    struct loop *loop = cls;
    loop->starved |= strstr(format, "system resource limit") != NULL;
    const int length = vsnprintf(text, sizeof text, format, arguments);
    for (int i = length < (int)sizeof text ? length : (int)sizeof text - 1; i > 0 && text[i - 1] == '\n'; i--)
        text[i - 1] = '\0';
    log_debug("http", log_text("message", text));
}

static bool loop_watch(struct loop *loop, int fd, struct watch *watch)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = watch}};
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void http_ready(struct watch *watch, uint32_t events)
{
    struct loop *loop = (struct loop *)((char *)watch - offsetof(struct loop, http_watch));
    (void)events;
    loop->resumed = true;
}

static void wake_ready(struct watch *watch, uint32_t events)
{
    struct loop *loop = (struct loop *)((char *)watch - offsetof(struct loop, wake_watch));
    uint64_t count;
    (void)events;
    if (read(loop->wake_fd, &count, sizeof count) < 0 && errno != EAGAIN)
        log_error("wake_failed", log_integer("errno", errno));
    work_collect(loop->work);
}

size_t loop_connections(const struct config *config, size_t loops)
{
    struct rlimit limit;
    const size_t wanted = (size_t)config->connections_max;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return wanted;
    const size_t allowed = limit.rlim_cur > FILES_OTHER ? (limit.rlim_cur - FILES_OTHER) / loops : 1;
    return wanted < allowed ? wanted : allowed < 2 ? 2 : allowed;
}

static bool http_start(struct loop *loop, int listen_fd)
{
    const int own_fd = dup(listen_fd); /* MHD closes what it is given */
    if (own_fd < 0)
        return false;
    loop->http = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, request_receive, loop,
        MHD_OPTION_EXTERNAL_LOGGER, http_log, loop, MHD_OPTION_LISTEN_SOCKET, own_fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)loop->visitors.most,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_NOTIFY_CONNECTION, request_connection, loop, MHD_OPTION_URI_LOG_CALLBACK, request_line, loop,
        MHD_OPTION_NOTIFY_COMPLETED, request_end, loop,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (!loop->http) {
        close(own_fd);
        return false;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(loop->http, MHD_DAEMON_INFO_EPOLL_FD);
    return info && loop_watch(loop, info->epoll_fd, &loop->http_watch);
}

/* Each loop gets its share, and at least one. */
static size_t links_share(enum lane_kind kind, size_t loops)
{
    return LANES[kind].links / loops ? LANES[kind].links / loops : 1;
}

size_t lanes_links(size_t loops)
{
    size_t links = 0;
    for (enum lane_kind kind = 0; kind < LANE_COUNT; kind++)
        links += loops * links_share(kind, loops);
    return links;
}

/* What each connection is told at its start. */
static const char *lane_settings(const struct service *service, enum lane_kind kind)
{
    const bool tells = kind == LANE_WRITE && service->topics;
    if (!service->config->second_factor_required)
        return tells ? " -c welcome.tells=on" : "";
    return tells ? " -c welcome.second_factor=required -c welcome.tells=on" : " -c welcome.second_factor=required";
}

static struct lane_options lane_of(const struct loop *loop, enum lane_kind kind, size_t share)
{
    const struct service *service = loop->service;
    return (struct lane_options){
        .kind = kind,
        .database_url = service->config->database_url,
        .settings = lane_settings(service, kind),
        .links = links_share(kind, share),
        .depth = LANES[kind].depth,
        .queue_max = (size_t)service->config->requests_max,
        .queue_ms = service->config->queue_seconds * 1000,
        .statement_ms = LANES[kind].statement_ms,
        .statements = service->endpoints.statements,
        .topics = kind == LANE_WRITE ? service->topics : NULL,
    };
}

static bool replicas_start(struct loop *loop, size_t share)
{
    const struct config *config = loop->service->config;
    loop->replica = (struct replica){.lag = config->database_read_lag * 1000,
                                     .position = &loop->service->endpoints.core[CORE_POSITION],
                                     .primary = loop->lanes[LANE_READ]};
    for (enum lane_kind kind = 0; kind < LANE_COUNT; kind++) {
        struct lane_options options = lane_of(loop, kind, share);
        if (REPLICA_STATEMENT_MS[kind] == 0)
            continue;
        options.database_url = config->database_read_url;
        options.replica = &loop->replica;
        options.instead = loop->lanes[kind];
        options.queue_ms = REPLICA_QUEUE_MS;
        options.statement_ms = REPLICA_STATEMENT_MS[kind];
        loop->replicas[kind] = lane_new(&options, loop->epoll_fd);
        if (!loop->replicas[kind])
            return false;
    }
    return true;
}

static bool lanes_start(struct loop *loop, size_t share)
{
    for (enum lane_kind kind = 0; kind < LANE_COUNT; kind++) {
        const struct lane_options options = lane_of(loop, kind, share);
        loop->lanes[kind] = lane_new(&options, loop->epoll_fd);
        if (!loop->lanes[kind])
            return false;
    }
    return !loop->service->config->database_read_url || replicas_start(loop, share);
}

/* How long epoll may sleep: until the next tick, or not at all while MHD has work. */
static int sleep_ms(struct loop *loop, int64_t next_tick)
{
    const int64_t left = next_tick - clock_ms();
    MHD_UNSIGNED_LONG_LONG http;
    if (loop->resumed || (MHD_get_timeout(loop->http, &http) == MHD_YES && http == 0))
        return 0;
    return left < 0 ? 0 : (int)left;
}

/* The daemon is being stopped: no more connections are accepted; those there are answered and closed. */
static void loop_quiesce(struct loop *loop)
{
    const MHD_socket fd = loop->quiet ? MHD_INVALID_SOCKET : MHD_quiesce_daemon(loop->http);
    loop->quiet = true;
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
}

/* What is told once a minute at most: that connections cannot be accepted for want of files. */
static void starved_tell(struct loop *loop, int64_t now)
{
    if (!loop->starved)
        return;
    atomic_fetch_add_explicit(&loop->refused, 1, memory_order_relaxed);
    if (loop->starved_told == 0 || now - loop->starved_told >= TOLD_PAUSE) {
        loop->starved_told = now;
        log_warning("files_exhausted", log_integer("connections", (long long)atomic_load(&loop->visitors.count)));
    }
    loop->starved = false;
}

static void loop_tick(struct loop *loop, int64_t now)
{
    atomic_store_explicit(&loop->turned, now, memory_order_relaxed);
    starved_tell(loop, now);
    work_collect(loop->work); /* should a wake be lost */
    for (size_t i = 0; i < LANE_COUNT; i++) {
        lane_tick(loop->lanes[i], now);
        if (loop->replicas[i])
            lane_tick(loop->replicas[i], now);
    }
    if (loop->replicas[LANE_READ])
        replica_tick(&loop->replica, now);
    if (loop->wrote && loop->service->wrote)
        loop->service->wrote(loop->service->wrote_context);
    loop->wrote = false;
    visitors_look(&loop->visitors, now);
    if (atomic_load_explicit(&loop->service->draining, memory_order_relaxed))
        loop_quiesce(loop);
}

static void *loop_run(void *cls)
{
    struct loop *loop = cls;
    struct epoll_event events[EVENTS_MAX];
    int64_t next_tick = clock_ms();
    while (!atomic_load_explicit(&loop->stopping, memory_order_acquire)) {
        const int count = epoll_wait(loop->epoll_fd, events, EVENTS_MAX, sleep_ms(loop, next_tick));
        if (count < 0 && errno != EINTR) {
            log_error("epoll_failed", log_integer("errno", errno));
            break;
        }
        for (int i = 0; i < count; i++) {
            struct watch *watch = events[i].data.ptr;
            watch->ready(watch, events[i].events);
        }
        const int64_t now = clock_ms();
        if (now >= next_tick) {
            loop_tick(loop, now);
            next_tick = now + TICK_MS;
        }
        if (loop->starved) /* MHD would ask for a connection again and again */
            usleep(TICK_MS * 1000);
        loop->resumed = false; /* before MHD runs: what resumes meanwhile needs another run */
        if (MHD_run(loop->http) != MHD_YES)
            log_error("http_failed");
    }
    return NULL;
}

bool loop_start(struct loop *loop, struct service *service, size_t number, size_t share, int listen_fd)
{
    *loop = (struct loop){.http_watch = {http_ready}, .wake_watch = {wake_ready}, .service = service, .epoll_fd = -1, .wake_fd = -1};
    atomic_store(&loop->turned, clock_ms());
    loop->shard = metrics_shard(service->metrics, number);
    loop->visitors.most = loop_connections(service->config, share);
    loop->visitors.config = &service->config;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loop->compressor = compressor_new();
    const size_t kept = (size_t)service->config->cache_mb * 1024 * 1024 / share;
    loop->cache = service->topics ? cache_new(kept, service->client_key) : NULL;
    loop->work = loop->wake_fd < 0 ? NULL : work_start(loop->wake_fd);
    if (loop->epoll_fd < 0 || !loop->work || !loop->compressor || (service->topics && !loop->cache) || !loop_watch(loop, loop->wake_fd, &loop->wake_watch) ||
        !http_start(loop, listen_fd) || !lanes_start(loop, share) || pthread_create(&loop->thread, NULL, loop_run, loop) != 0) {
        log_error("loop_not_started", log_integer("errno", errno));
        return false;
    }
    loop->started = true;
    return true;
}

/* What is still in flight ends unanswered; MHD may only stop when nothing is suspended. */
static void loop_abandon(struct loop *loop)
{
    work_stop(loop->work);
    loop->work = NULL; /* a request may still come when MHD runs for the last time */
    for (size_t i = 0; i < LANE_COUNT; i++) /* what these still have goes to the others */
        if (loop->replicas[i])
            lane_stop(loop->replicas[i]);
    for (size_t i = 0; i < LANE_COUNT; i++)
        if (loop->lanes[i])
            lane_stop(loop->lanes[i]);
    if (loop->http)
        MHD_run(loop->http);
}

void loop_stop(struct loop *loop)
{
    const uint64_t one = 1;
    atomic_store_explicit(&loop->stopping, true, memory_order_release);
    if (loop->started) {
        if (write(loop->wake_fd, &one, sizeof one) < 0)
            log_error("wake_failed", log_integer("errno", errno)); /* the next tick notices */
        pthread_join(loop->thread, NULL);
    }
    loop_abandon(loop);
    if (loop->http) {
        loop_quiesce(loop); /* else MHD may shut the listening socket down, for all who share it */
        MHD_stop_daemon(loop->http);
    }
    for (size_t i = 0; i < LANE_COUNT; i++) {
        lane_free(loop->replicas[i]);
        lane_free(loop->lanes[i]);
    }
    cache_free(loop->cache);
    compressor_free(loop->compressor);
    free(loop->spare);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
}
