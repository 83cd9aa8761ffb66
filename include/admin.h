/* SPDX-License-Identifier: EUPL-1.2
 * The listener for those who run the server: health and metrics, never exposed to the public. */
#ifndef WELCOME_ADMIN_H
#define WELCOME_ADMIN_H

#include "http_call.h"
#include "job.h"
#include "loop.h"

#include <stdbool.h>
#include <stddef.h>

struct admin;

/* Answers /health/live, /health/ready and /metrics on listen_fd, which it takes over, on a thread of its own. loops and jobs must
 * outlive it. NULL when it cannot be started. */
struct admin *admin_start(int listen_fd, const struct loop *loops, size_t loop_count, const struct jobs *jobs);
void admin_stop(struct admin *admin);

/* Whether what /health/ready says is yes: every lane of every loop has a link, and nobody has asked us to stop. */
bool admin_ready(const struct admin *admin);

/* Asks the admin listener of another process. The status of its answer; 0 with an error: there was none. src/operation/health.c */
long admin_get(const struct config *config, const char *path, struct buffer *out, char error[CURL_ERROR_SIZE]);

/* The two listening TCP sockets: those that systemd (or who else speaks its protocol) hands over under the names "public" and "admin",
 * which therefore go on queueing clients while the daemon is exchanged; what is not handed over is opened as configured. */
struct listeners {
    int public_fd, admin_fd; /* -1: not open */
    bool handed;              /* the public one was handed over */
};

/* False, with a sentence on standard error and nothing left open, when one cannot be had. */
bool listeners_open(struct listeners *listeners, const struct config *config);

/* The port that a listening socket is bound to; 0 when it cannot be told. */
int listener_port(int fd);

/* Writes what is known about the lanes to a read replica, in the same format; nothing where there is none. src/operation/replica_metrics.c */
void replica_metrics_write(const struct loop *loops, size_t loop_count, struct buffer *out);

/* Writes the page /metrics in Prometheus' text format 0.0.4. src/operation/metrics_page.c */
void metrics_page(struct buffer *out, const struct loop *loops, size_t loop_count, const struct jobs *jobs);

#endif
