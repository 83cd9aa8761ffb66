/* SPDX-License-Identifier: EUPL-1.2
 * The connections of one loop, in the order in which their turn began: who keeps us waiting, or holds what others need, is closed. Core only. */
#ifndef WELCOME_VISITOR_H
#define WELCOME_VISITOR_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct config;

/* Whose turn it is: the client's to send a head, a body or to read the answer, or ours. */
enum visitor_turn { TURN_HEAD, TURN_BODY, TURN_OURS, TURN_ANSWER, TURN_COUNT };

enum visitor_cut { CUT_HEAD, CUT_BODY, CUT_ANSWER, CUT_CROWDED, CUT_MEMORY, CUT_COUNT };

struct visitor {
    struct visitor *older, *newer;
    char *target; /* of the present request, as it came; owned, and kept for the next, which is often as long */
    size_t room;  /* bytes there */
    const char *target_end; /* of what came, in MHD's memory; not to be read */
    int fd;       /* MHD's; -1 once it was shut down */
    enum visitor_turn turn;
    int64_t since, deadline; /* of the turn; ms, monotonic */
    size_t held;             /* bytes of body or answer kept for it */
};

struct visitors {
    struct visitor *oldest, *newest;
    size_t most;                     /* so many at once */
    int64_t looked;                  /* when we last did; ms */
    const struct config *_Atomic *config; /* what it says counts at once */
    atomic_size_t count, held;          /* of all together; written by the loop's thread only */
    atomic_size_t cuts[CUT_COUNT];
};

/* A connection that has just been accepted; when there are as many as may be, the one whose turn has lasted longest is closed. NULL: out of
 * memory, and it was closed itself. All the functions below do nothing with NULL. */
struct visitor *visitor_new(struct visitors *visitors, int fd);
void visitor_free(struct visitors *visitors, struct visitor *visitor);

/* The first line of its request is there. */
void visitor_aim(struct visitor *visitor, const char *target);

/* The next turn begins. Heads: of a new connection or a request whose first line is there. */
void visitor_turn(struct visitors *visitors, struct visitor *visitor, enum visitor_turn turn);

/* It has been answered and may ask again. */
void visitor_rest(struct visitors *visitors, struct visitor *visitor);

/* So many bytes are kept for it now; when all together keep too many, those whose turn has lasted longest are closed. In the client's turn
 * its time grows with what it has sent or has to read. */
void visitor_hold(struct visitors *visitors, struct visitor *visitor, size_t bytes);

/* To be called often; once a second it closes who is late. Time in which it was not called, because we were busy, does not count. */
void visitors_look(struct visitors *visitors, int64_t now);

#endif
