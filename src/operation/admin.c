/* SPDX-License-Identifier: EUPL-1.2
 * The listener for those who run the server: health and metrics. */
#include "admin.h"

#include "buffer.h"
#include "cache.h"
#include "topic.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "banned.h"

struct admin {
    struct MHD_Daemon *http;
    const struct loop *loops;
    size_t loop_count;
};

static const char *const LANE_NAMES[LANE_COUNT] = {"read", "write", "slow"};

bool admin_ready(const struct admin *admin)
{
    for (size_t i = 0; i < admin->loop_count; i++)
        for (size_t k = 0; k < LANE_COUNT; k++)
            if (lane_figures(admin->loops[i].lanes[k]).links_up == 0)
                return false;
    return !atomic_load(&admin->loops[0].service->draining);
}

static struct lane_figures lane_sum(const struct admin *admin, enum lane_kind kind)
{
    struct lane_figures sum = {0};
    for (size_t i = 0; i < admin->loop_count; i++) {
        const struct lane_figures figures = lane_figures(admin->loops[i].lanes[kind]);
        sum.links_up += figures.links_up;
        sum.in_flight += figures.in_flight;
        sum.queued += figures.queued;
        sum.retries += figures.retries;
        sum.timeouts += figures.timeouts;
        sum.reconnects += figures.reconnects;
    }
    return sum;
}

static void figure_write(struct buffer *out, const char *name, const char *type, const char *help, const unsigned long long values[LANE_COUNT])
{
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
    for (size_t i = 0; i < LANE_COUNT; i++)
        buffer_printf(out, "%s{lane=\"%s\"} %llu\n", name, LANE_NAMES[i], values[i]);
}

static void lanes_write(const struct admin *admin, struct buffer *out)
{
    unsigned long long up[LANE_COUNT], flying[LANE_COUNT], queued[LANE_COUNT], retries[LANE_COUNT], timeouts[LANE_COUNT],
        reconnects[LANE_COUNT];
    for (enum lane_kind kind = 0; kind < LANE_COUNT; kind++) {
        const struct lane_figures sum = lane_sum(admin, kind);
        up[kind] = sum.links_up;
        flying[kind] = sum.in_flight;
        queued[kind] = sum.queued;
        retries[kind] = sum.retries;
        timeouts[kind] = sum.timeouts;
        reconnects[kind] = sum.reconnects;
    }
    size_t requests = 0;
    for (size_t i = 0; i < admin->loop_count; i++)
        requests += atomic_load_explicit(&admin->loops[i].requests, memory_order_relaxed);
    buffer_printf(out, "# HELP welcome_requests_in_flight Requests begun and not yet answered.\n"
                       "# TYPE welcome_requests_in_flight gauge\nwelcome_requests_in_flight %zu\n",
                  requests);
    figure_write(out, "welcome_lane_links_up", "gauge", "Database connections ready for work.", up);
    figure_write(out, "welcome_lane_in_flight", "gauge", "Segments sent and not yet answered.", flying);
    figure_write(out, "welcome_lane_queued", "gauge", "Segments waiting for a connection.", queued);
    figure_write(out, "welcome_lane_retries_total", "counter", "Segments sent again after a conflict or a lost connection.", retries);
    figure_write(out, "welcome_lane_timeouts_total", "counter", "Segments that waited too long.", timeouts);
    figure_write(out, "welcome_lane_connects_total", "counter", "Attempts to connect after the first.", reconnects);
}

static void cache_write(const struct admin *admin, struct buffer *out)
{
    const struct topics *topics = admin->loops[0].service->topics;
    struct cache_figures sum = {0};
    if (!topics)
        return;
    for (size_t i = 0; i < admin->loop_count; i++) {
        const struct cache_figures figures = cache_figures(admin->loops[i].cache);
        sum.hits += figures.hits;
        sum.misses += figures.misses;
        sum.stores += figures.stores;
        sum.evictions += figures.evictions;
        sum.stale += figures.stale;
        sum.bytes += figures.bytes;
        sum.answers += figures.answers;
    }
    const struct topics_figures heard = topics_figures(topics);
    const struct {
        const char *name, *type, *help;
        unsigned long long value;
    } lines[] = {
        {"hits_total", "counter", "Requests answered from the cache.", sum.hits},
        {"misses_total", "counter", "Requests of operations that are kept which the database had to answer.", sum.misses},
        {"stores_total", "counter", "Answers put into the cache.", sum.stores},
        {"evictions_total", "counter", "Answers dropped to make room.", sum.evictions},
        {"stale_total", "counter", "Answers dropped because something had changed or their time was over.", sum.stale},
        {"bytes", "gauge", "Memory of kept answers.", sum.bytes},
        {"answers", "gauge", "Kept answers.", sum.answers},
        {"invalidations_total", "counter", "Times the database told that a topic had changed, or that it could have unheard.", heard.voided},
        {"listener_lost_total", "counter", "Times the connection that hears of changes was lost.", heard.lost},
        {"listening", "gauge", "1 while changes are heard; without that nothing is answered from the cache.", heard.heard},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        buffer_printf(out, "# HELP welcome_cache_%s %s\n# TYPE welcome_cache_%s %s\nwelcome_cache_%s %llu\n", lines[i].name, lines[i].help,
                      lines[i].name, lines[i].type, lines[i].name, lines[i].value);
}

static void visitors_write(const struct admin *admin, struct buffer *out)
{
    static const char *const reasons[CUT_COUNT] = {"head", "body", "answer", "crowded", "memory"};
    size_t open = 0, held = 0;
    for (size_t i = 0; i < admin->loop_count; i++) {
        open += atomic_load_explicit(&admin->loops[i].visitors.count, memory_order_relaxed);
        held += atomic_load_explicit(&admin->loops[i].visitors.held, memory_order_relaxed);
    }
    buffer_printf(out, "# HELP welcome_connections Connections that clients have open.\n# TYPE welcome_connections gauge\nwelcome_connections %zu\n"
                       "# HELP welcome_held_bytes Bodies and answers kept for clients.\n# TYPE welcome_held_bytes gauge\nwelcome_held_bytes %zu\n"
                       "# HELP welcome_connections_cut_total Connections closed because the client took too long, or there were too many.\n"
                       "# TYPE welcome_connections_cut_total counter\n",
                  open, held);
    for (size_t reason = 0; reason < CUT_COUNT; reason++) {
        size_t cuts = 0;
        for (size_t i = 0; i < admin->loop_count; i++)
            cuts += atomic_load_explicit(&admin->loops[i].visitors.cuts[reason], memory_order_relaxed);
        buffer_printf(out, "welcome_connections_cut_total{reason=\"%s\"} %zu\n", reasons[reason], cuts);
    }
}

static unsigned page_write(const struct admin *admin, const char *path, struct buffer *out)
{
    if (strcmp(path, "/health/live") == 0)
        buffer_puts(out, "{\"status\":\"live\"}\n");
    else if (strcmp(path, "/metrics") == 0) {
        metrics_write(admin->loops[0].service->metrics, out);
        lanes_write(admin, out);
        cache_write(admin, out);
        visitors_write(admin, out);
        replica_metrics_write(admin->loops, admin->loop_count, out);
    } else if (strcmp(path, "/health/ready") == 0 && admin_ready(admin))
        buffer_puts(out, "{\"status\":\"ready\"}\n");
    else if (strcmp(path, "/health/ready") == 0) {
        buffer_puts(out, "{\"status\":\"not ready\"}\n");
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    } else {
        buffer_puts(out, "{\"status\":\"not found\"}\n");
        return MHD_HTTP_NOT_FOUND;
    }
    return MHD_HTTP_OK;
}

static enum MHD_Result admin_answer(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                    const char *version, const char *data, size_t *size, void **state)
{
    static const char *const types[] = {"application/json", "text/plain; version=0.0.4"};
    struct buffer page;
    size_t length = 0;
    (void)version, (void)data;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return MHD_NO;
    if (!*state) { /* headers only; the answer comes with the next call */
        *state = cls;
        return MHD_YES;
    }
    *size = 0;
    buffer_init(&page);
    const unsigned status = page_write(cls, url, &page);
    char *bytes = buffer_take(&page, &length);
    struct MHD_Response *response = bytes ? MHD_create_response_from_buffer(length, bytes, MHD_RESPMEM_MUST_FREE) : NULL;
    if (!response) {
        free(bytes);
        return MHD_NO;
    }
    enum MHD_Result sent = MHD_add_response_header(response, "Content-Type", types[strcmp(url, "/metrics") == 0]);
    if (sent == MHD_YES)
        sent = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return sent;
}

struct admin *admin_start(int listen_fd, const struct loop *loops, size_t loop_count)
{
    struct admin *admin = calloc(1, sizeof *admin);
    if (!admin) {
        close(listen_fd);
        return NULL;
    }
    admin->loops = loops;
    admin->loop_count = loop_count;
    admin->http = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO | MHD_USE_ITC, 0, NULL, NULL, admin_answer, admin,
                                   MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT, 64u,
                                   MHD_OPTION_CONNECTION_TIMEOUT, 10u, MHD_OPTION_END);
    if (!admin->http) {
        close(listen_fd);
        free(admin);
        return NULL;
    }
    return admin;
}

void admin_stop(struct admin *admin)
{
    if (!admin)
        return;
    const MHD_socket fd = MHD_quiesce_daemon(admin->http); /* else MHD may shut the socket down, for all who share it */
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
    MHD_stop_daemon(admin->http);
    free(admin);
}
