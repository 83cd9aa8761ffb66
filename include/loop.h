/* SPDX-License-Identifier: EUPL-1.2
 * One thread with one epoll instance: its HTTP connections, its lanes, its clock. */
#ifndef WELCOME_LOOP_H
#define WELCOME_LOOP_H

#include "lane.h"
#include "metrics.h"
#include "replica.h"
#include "service.h"
#include "visitor.h"
#include "watch.h"
#include "work.h"

#include <microhttpd.h>
#include <pthread.h>

#define TONGUES 32

/* An Accept-Language that was seen, and what it means: the words known then are told by the generation of all topics. */
struct tongues {
    const struct config *config; /* NULL: nothing is there */
    uint64_t words;
    char header[112], text[128];
};

struct loop {
    struct watch http_watch; /* MHD's own epoll descriptor */
    struct watch wake_watch;
    struct service *service;
    struct metrics_shard *shard;
    struct lane *lanes[LANE_COUNT];
    struct lane *replicas[LANE_COUNT]; /* the same to a read replica; NULL: there is none, and never one that writes */
    struct replica replica;
    struct MHD_Daemon *http;
    struct visitors visitors;
    struct work *work;
    int epoll_fd;
    int wake_fd;
    struct cache *cache;           /* NULL: no answers are kept */
    struct compressor *compressor;
    struct tongues tongues[TONGUES];
    struct request *spare;   /* of one that ended, for the next */
    bool wrote;              /* since the last tick a request committed on the write lane */
    bool quiet;              /* accepts no more */
    bool resumed;            /* a connection was resumed: MHD must run */
    bool starved;            /* since the last tick the system had no file for a connection */
    int64_t starved_told;    /* ms: when the log was told last; 0: never */
    atomic_uint_fast64_t refused; /* ticks in which this was so */
    atomic_size_t requests;  /* whole and not yet answered */
    atomic_size_t begun;     /* their headers are here, the end of their answer is not yet sent */
    atomic_llong turned;     /* clock_ms() of the last tick */
    atomic_bool stopping;
    pthread_t thread;
    bool started;
};

#define LOOPS_MAX 4

/* How many loops the daemon has: as configured, else one a core. src/operation/serve.c */
size_t loops_wanted(const struct config *config);

#define FILES_OTHER 256 /* that are no client's: database, jobs, admins, what is read and written */

/* Connections that each of so many loops may have: what the configuration says, or what the files this process may open allow. */
size_t loop_connections(const struct config *config, size_t loops);

/* Starts the loop's thread; listen_fd stays the caller's (the loop works on a duplicate). share = number of loops, by which lanes
 * are divided. False (logged) when something could not be had; loop_stop() is then still to be called. */
bool loop_start(struct loop *loop, struct service *service, size_t number, size_t share, int listen_fd);

/* Database connections of the lanes of so many loops together. */
size_t lanes_links(size_t loops);

/* Ends the thread (what is still in flight is cut off) and frees everything. */
void loop_stop(struct loop *loop);

#endif
