/* SPDX-License-Identifier: EUPL-1.2
 * How fresh a read replica is: what the primary had written some time ago it must have replayed by now. So an idle primary does not look
 * like a late replica, no clocks are compared, and nothing has to be written. Belongs to one loop. */
#ifndef WELCOME_REPLICA_H
#define WELCOME_REPLICA_H

#include "config.h"
#include "lane.h"

#define REPLICA_ASK 500   /* ms between two questions, to the primary and to each link of a replica */
#define REPLICA_SURE 1500 /* ms for which an answer counts: part of the lag that is allowed */
#define REPLICA_MARKS 128 /* enough for a lag of a minute */

/* Asks a server which database it has, how far its log goes, and whether it replays one. */
extern const char REPLICA_POSITION[];

struct replica {
    int64_t lag;                        /* ms a replica may be behind, REPLICA_SURE included */
    const struct prepared *position;    /* CORE_POSITION: which database it is, how far its log goes, and whether it replays one */
    struct lane *primary;               /* who is asked where it is */
    struct segment question;
    bool asking;
    int64_t asked;                      /* ms: when the last question was put */
    char database[64];                  /* as the primary names it; empty: not known yet */
    struct {
        int64_t at, position;           /* what was committed before `at` (ms) lies before `position` of the log */
    } marks[REPLICA_MARKS];             /* ring */
    size_t first, count;
};

/* Asks the primary from time to time; to be called with each tick of the loop. */
void replica_tick(struct replica *replica, int64_t now);

/* The segment that asks a server where it is. */
void replica_question(const struct replica *replica, struct segment *segment, void (*done)(struct segment *));

/* Whether the answer to a question put at `asked` says that this is the primary's database and not too far behind. *behind becomes the
 * ms it is behind at most, -1: unknown. */
bool replica_sure(const struct replica *replica, const struct segment *answer, int64_t asked, int64_t *behind);

/* Whether the answer says that the server replays nothing: it is the primary. */
bool replica_is_primary(const struct segment *answer);

/* The answer to REPLICA_POSITION over a blocking connection; false: there was none, database_error() tells why. */
struct replica_place {
    char database[64];
    int64_t position;
    bool standby; /* it replays the log of another */
};
bool replica_place_read(PGconn *db, struct replica_place *place);

/* What is wrong with an address, as libpq says; NULL: it is one. Free with PQfreemem(). */
char *replica_address_fault(const char *url);

/* At start: whether WELCOME_DATABASE_READ_URL, if it is set, is an address and leads, as the same user, to the database behind db; if not, a
 * line on standard error says so. A replica that cannot be reached is logged only: it may come. */
bool replica_named_well(const struct config *config, PGconn *db);

#endif
