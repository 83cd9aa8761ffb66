/* SPDX-License-Identifier: EUPL-1.2
 * What kept answers depend on: a generation for each topic of the contract, and the connection that hears when one changes. */
#ifndef WELCOME_TOPIC_H
#define WELCOME_TOPIC_H

#include "config.h"
#include "contract.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct topics;

/* Starts listening on a thread of its own, with the daemon's role. Nothing can be kept before it is heard. NULL: out of memory or no thread.
 * Both must outlive the topics. */
struct topics *topics_start(const struct config *config, const struct contract *contract);
void topics_stop(struct topics *topics);

/* The generation of several topics at once: equal to an earlier one only if none of them has changed since. */
uint64_t topics_generation(const struct topics *topics, unsigned which);

/* Whether changes are heard, now being µs of the monotonic clock: the connection has answered within TOPICS_TRUST. */
bool topics_heard(const struct topics *topics, int64_t now);

#define TOPICS_TRUST INT64_C(5000000) /* µs */

/* What depends on these is no longer true. Any thread. */
void topics_void(struct topics *topics, unsigned which);
void topics_void_all(struct topics *topics);

/* The topic a notification or notice names; 0: it is none. */
unsigned topics_named(const struct topics *topics, const char *name);

/* How often topics were void, and how often the connection was lost. */
struct topics_figures {
    uint64_t voided, lost;
    bool heard;
};
struct topics_figures topics_figures(const struct topics *topics);

#endif
