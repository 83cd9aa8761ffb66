/* SPDX-License-Identifier: EUPL-1.2
 * The listener for those who run the server: health and metrics. */
#include "admin.h"

#include "buffer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "banned.h"

struct admin {
    struct MHD_Daemon *http;
    const struct loop *loops;
    size_t loop_count;
    const struct jobs *jobs;
};

bool admin_ready(const struct admin *admin)
{
    for (size_t i = 0; i < admin->loop_count; i++)
        for (size_t k = 0; k < LANE_COUNT; k++)
            if (lane_figures(admin->loops[i].lanes[k]).links_up == 0)
                return false;
    return !atomic_load(&admin->loops[0].service->draining);
}

static unsigned page_write(const struct admin *admin, const char *path, struct buffer *out)
{
    if (strcmp(path, "/health/live") == 0)
        buffer_puts(out, "{\"status\":\"live\"}\n");
    else if (strcmp(path, "/metrics") == 0)
        metrics_page(out, admin->loops, admin->loop_count, admin->jobs);
    else if (strcmp(path, "/health/ready") == 0 && admin_ready(admin))
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

struct admin *admin_start(int listen_fd, const struct loop *loops, size_t loop_count, const struct jobs *jobs)
{
    struct admin *admin = calloc(1, sizeof *admin);
    if (!admin) {
        close(listen_fd);
        return NULL;
    }
    admin->loops = loops;
    admin->loop_count = loop_count;
    admin->jobs = jobs;
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
