/* SPDX-License-Identifier: EUPL-1.2
 * The way to the database: pipelined connections in lanes, bounded queues, deadlines, retries. Everything here belongs to one loop
 * and its thread. */
#ifndef WELCOME_LANE_H
#define WELCOME_LANE_H

#include "contract.h"
#include "histogram.h"
#include "watch.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A statement every link prepares on first use. Immutable. */
struct prepared {
    const char *name; /* "accept_proposal.2" */
    const char *sql;
    const Oid *types;
    int count;    /* of its parameters */
    size_t index; /* among all prepared statements of the program */
};

struct topics;

struct step {
    const struct prepared *statement;
    const char *const *values; /* text form, NULL is NULL; borrowed until done */
    bool keep;                 /* the segment wants its result */
};

enum outcome {
    OUTCOME_ANSWERED,    /* committed; results are there */
    OUTCOME_REFUSED,     /* rolled back; error holds PostgreSQL's */
    OUTCOME_OVERLOADED,  /* never sent: the queue was full or too slow */
    OUTCOME_UNAVAILABLE, /* never committed: no link */
    OUTCOME_LOST,        /* sent on the write lane, then the link or its answer was lost: it may have happened */
    OUTCOME_ABANDONED,   /* never sent: nobody waits any more */
};

#define SEGMENT_STEPS_MAX 20
#define SEGMENT_ATTEMPTS_MAX 5

/* One round trip and one transaction: steps, then Sync. The caller fills the first part. */
struct segment {
    struct step steps[SEGMENT_STEPS_MAX];
    size_t count;
    void (*done)(struct segment *segment);         /* called once, on the loop's thread */
    bool (*wanted)(const struct segment *segment); /* asked before a queued one is sent; NULL: always */
    bool fixed; /* to the link it was given to: never sent again, nor anywhere else */

    enum outcome outcome;
    PGresult *results[SEGMENT_STEPS_MAX]; /* of the kept steps; freed by segment_release() */
    PGresult *error;
    bool lagging;     /* answered by a server that may be behind the one whose changes are heard */
    unsigned attempts;
    int64_t begun;    /* ms: when it was submitted */
    int64_t deadline; /* ms: must have been sent by then */
    int64_t queued;   /* µs: when it was put into the queue */
    int64_t waited, ran; /* µs: in the queue, and while it was the server's turn; all attempts together */
    struct segment *next;
};

/* Frees results and error. */
void segment_release(struct segment *segment);

struct lane;
struct replica;

extern const char *const LANE_NAMES[LANE_COUNT];

struct lane_options {
    enum lane_kind kind;
    struct replica *replica; /* its links lead to a read replica, of which this says how fresh it is; NULL: to the primary */
    struct lane *instead;    /* then: the lane that gets whatever this one cannot answer */
    const char *database_url;
    struct topics *topics; /* voided by what is written here, before it is answered; NULL: none */
    const char *settings; /* of each connection, as options begin: " -c name=value" ... or "" */
    size_t links;      /* connections */
    unsigned depth;    /* segments in flight on one */
    size_t queue_max;  /* segments waiting */
    int queue_ms;      /* how long one may wait; a second where no link is up any more */
    int statement_ms;  /* PostgreSQL's statement_timeout; twice that and the link is given up */
    size_t statements; /* how many prepared statements the program has */
};

/* Starts connecting. NULL when out of memory. */
struct lane *lane_new(const struct lane_options *options, int epoll_fd);
void lane_free(struct lane *lane);

/* Gives up all links; every segment still here ends, unanswered. */
void lane_stop(struct lane *lane);

/* Takes the segment over until done() is called, which may happen inside this call. now in ms of the monotonic clock. */
void lane_submit(struct lane *lane, struct segment *segment, int64_t now);

/* Whether one of its links leads to a server that is there and, of a replica, fresh. Of the loop's own thread. */
bool lane_open(const struct lane *lane);

/* Deadlines, frozen links, reconnects: to be called every few dozen ms. */
void lane_tick(struct lane *lane, int64_t now);

struct lane_figures {
    size_t links_up, in_flight, queued;
    uint64_t retries, timeouts, refused, statements, reconnects;
    size_t fresh;         /* of a replica: links that may be used */
    uint64_t answered;    /* segments of the other lane's that this one answered */
    uint64_t handed_over; /* segments the other lane got */
    int64_t behind;       /* ms that the latest of its links is behind at most; -1: not known */
};

/* Safe to call from other threads, both; the times are added to what the sums hold. */
struct lane_figures lane_figures(const struct lane *lane);
void lane_times(const struct lane *lane, struct histogram_sum *waited, struct histogram_sum *ran);

#endif
