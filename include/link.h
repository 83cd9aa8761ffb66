/* SPDX-License-Identifier: EUPL-1.2
 * One connection in libpq's pipeline mode: prepares on first use, keeps segments in order, reconnects. */
#ifndef WELCOME_LINK_H
#define WELCOME_LINK_H

#include "lane.h"

enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_READY };

/* One Sync on its way: a segment, or the preparing in front of it. */
struct flight {
    struct segment *segment;
    uint32_t prepares; /* bits of the segment's steps this flight prepares; 0: it runs the segment */
    size_t results;    /* how many came */
    PGresult *error;   /* the first */
    int64_t sent;      /* µs: when it became the server's turn to answer it */
};

struct link {
    struct watch watch; /* first: epoll hands it back */
    struct lane *lane;
    PGconn *conn;
    enum link_state state;
    int fd;          /* registered with epoll, -1: none */
    uint32_t events; /* registered for */
    int64_t since;   /* ms: when connecting began, or when the next attempt is due */
    int backoff;     /* ms */
    unsigned generation;
    bool *prepared; /* by statement index */
    struct flight *flights; /* ring */
    size_t first, flying, capacity;
    unsigned told;     /* topics that what runs now has changed */
    unsigned segments; /* in flight */
    unsigned turn;     /* of several servers in the address, the one to try first */
    const char *leave; /* why nothing new is sent and it is given up once nothing is on its way; NULL: it is not */
    struct segment question; /* of a replica: where it is */
    bool asking;
    int64_t asked;     /* ms: when that was asked last */
    int64_t sure;      /* ms: until when it counts as fresh */
    int64_t behind;    /* ms, at most; -1: not known */
};

/* What a link tells its lane. */
void lane_link_ready(struct lane *lane);                                          /* it can take segments (again) */
void lane_segment_back(struct lane *lane, struct segment *segment, PGresult *error); /* Sync came; error (the server's) NULL: committed */
void lane_segment_lost(struct lane *lane, struct segment *segment);               /* the connection broke under it */

bool link_init(struct link *link, struct lane *lane);
void link_release(struct link *link);

/* Asks a replica's link where it is, when that is due. The link must be LINK_READY. */
void link_ask(struct link *link, int64_t now);

/* Begins connecting when it is due. */
void link_connect(struct link *link, int64_t now);

/* Sends a segment, preparing what is not yet prepared. The link must be LINK_READY. */
void link_send(struct link *link, struct segment *segment);

/* Gives the connection up; its segments go back to the lane as lost; the next attempt is scheduled. why is logged; NULL: it is meant. */
void link_break(struct link *link, const char *why);

/* Whether an error says that a prepared statement is gone or no longer fits the tables: preparing it again helps. */
bool plan_void(const PGresult *error);

/* Whether an error says that the server cannot write although the lane can: it is no primary any more, and nothing was done. */
bool refused_to_write(const struct lane *lane, const PGresult *error);

const struct lane_options *lane_options(const struct lane *lane);
int lane_epoll(const struct lane *lane);

#endif
