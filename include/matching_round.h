/* SPDX-License-Identifier: EUPL-1.2
 * A round of the matching: the database's snapshot, the solver's answer, its proof, and what becomes of it. */
#ifndef WELCOME_MATCHING_ROUND_H
#define WELCOME_MATCHING_ROUND_H

#include "matching.h"

#include <jansson.h>
#include <libpq-fe.h>
#include <stdbool.h>

#define ROUND_ERROR_MAX 256

/* What somebody tries in a dry run beside what is stored. */
struct round_hold {
    const char *request, *guide;
    enum matching_hold hold; /* MATCHING_PINNED or MATCHING_FORBIDDEN */
};

struct round {
    struct matching_instance instance;
    struct matching_result result;
    bool solved;             /* result is there: there was something to match */
    bool second;             /* asks added to silent ones */
    uint32_t requests, guides, pairs;
    const char **waiting;    /* ids of all requests, sorted; as many as requests */
    const char *weights;     /* version; NULL: what is tried */
    const char *prices;      /* version; NULL: none yet */
    const char *started_at;  /* RFC 3339 */
    const char *started_by;  /* account, borrowed; NULL: the job */
    char digest[65];         /* of the snapshot */
    char id[37];
    struct arena arena;      /* owns the texts */
    char error[ROUND_ERROR_MAX]; /* why a function below answered false */
};

/* A number below 2^53 for the round's ties. */
uint64_t round_seed(void);

/* Reads the snapshot, in a transaction of the caller's, which keeps it from changing. second_ask: hours, or 0 for those nobody is asked
 * for. round_release() in any case. */
bool round_read(struct round *round, PGconn *db, int second_ask, uint64_t seed, const struct round_hold *holds, size_t count);
void round_release(struct round *round);

/* Solves. False: out of memory. */
bool round_solve(struct round *round);

/* Checks the result once more as it stands. A round that is not proved is never written, and an error of the program. */
bool round_proved(const struct round *round, struct matching_certificate *certificate);

/* How many were placed, and with whom the request at that place of `waiting` was: NULL with nobody. */
uint32_t round_placed(const struct round *round);
const struct matching_edge *round_edge(const struct round *round, uint32_t request);

/* JSON, NULL when out of memory: what the database keeps, the chosen pairs, the proof. */
json_t *round_figures(const struct round *round);
json_t *round_pairs(const struct round *round);
json_t *round_certificate(const struct matching_certificate *certificate);

/* [{"request","speakers","reasons"}] of those who got nobody, asked of the database in the snapshot's transaction; NULL with error. */
json_t *round_unplaced(struct round *round, PGconn *db);

/* Writes all of it in one transaction if it is proved; *asked is how many guides were, -1: nothing new, nothing kept. */
bool round_write(struct round *round, PGconn *db, json_t *unplaced, int *asked);

/* The whole of a round: snapshot, solution, proof, proposals. round is read, solved and written, and still to be released. */
bool round_run(struct round *round, PGconn *db, int second_ask, const char *started_by, int *asked);

/* A dry run in a transaction that cannot write: with other points (members of the table `weights`; NULL: those that count) and holds. The
 * answer's JSON, and what differs from a round with what is stored; NULL with error. */
json_t *round_try(PGconn *db, uint64_t seed, const json_t *weights, const struct round_hold *holds, size_t count, char error[ROUND_ERROR_MAX]);

#endif
