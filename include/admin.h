/* SPDX-License-Identifier: EUPL-1.2
 * The listener for those who run the server: health and metrics, never exposed to the public. */
#ifndef WELCOME_ADMIN_H
#define WELCOME_ADMIN_H

#include "loop.h"

#include <stddef.h>

struct admin;

/* Answers /health/live, /health/ready and /metrics on listen_fd, which it takes over, on a thread of its own. loops must outlive it.
 * NULL when it cannot be started. */
struct admin *admin_start(int listen_fd, const struct loop *loops, size_t loop_count);
void admin_stop(struct admin *admin);

/* A listening TCP socket on that address (a name or number) and port; -1 with a sentence on standard error. */
int listener_open(const char *address, int port);

#endif
