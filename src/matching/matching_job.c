/* SPDX-License-Identifier: EUPL-1.2
 * The matching: one worker proposes to each waiting request its best guide. The rules and points are the database's
 * (place() in migrations/functions); a solver that looks at all requests at once belongs here too. */
#include "jobs.h"

#include "log.h"

#include <stdlib.h>
#include <string.h>

#include "banned.h"

enum { TRIES = 5 };

/* Rules that only time changes (asks in 30 days, 14 days after an expiry) need a look without an event: within a minute by default. */
static int matching_pause(const struct config *config)
{
    const int pause = 12 * config->matching_pause;
    return pause > config->job_pause ? pause : config->job_pause;
}

static int matching_gap(const struct config *config)
{
    return config->matching_pause;
}

/* Whether the same statement may succeed when it is sent again: serialization failure, deadlock. */
static bool may_try_again(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state && (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0);
}

/* Tries to place one request, a transaction of its own. False: the database refused to do so. */
static bool request_place(PGconn *db, const char *request, int *placed)
{
    for (int i = 0; i < TRIES; i++) {
        PGresult *result = PQexecParams(db, "SELECT place($1)", 1, NULL, &request, NULL, NULL, 0);
        const bool done = PQresultStatus(result) == PGRES_TUPLES_OK;
        const bool again = may_try_again(result);
        *placed += done && *PQgetvalue(result, 0, 0) == 't';
        PQclear(result);
        if (done || !again)
            return done;
    }
    return false;
}

/* One round, longest waiting first. A request that fails does not hold up those behind it. */
static bool matching_run(struct job_run *run)
{
    PGresult *waiting = run->config->matching ? database_query(run->db, "SELECT requests_waiting()", 0, NULL) : NULL;
    bool done = waiting || !run->config->matching;
    int placed = 0;
    for (int i = 0; i < PQntuples(waiting) && PQstatus(run->db) == CONNECTION_OK && !atomic_load(run->stopping); i++) {
        if (request_place(run->db, PQgetvalue(waiting, i, 0), &placed))
            continue;
        done = false;
        database_error(run->db, run->error, sizeof run->error);
        log_warning("placing_failed", log_text("guide_request", PQgetvalue(waiting, i, 0)), log_text("error", run->error));
    }
    if (placed > 0)
        log_info("matching_round", log_integer("waiting", PQntuples(waiting)), log_integer("proposed", placed));
    PQclear(waiting);
    return done;
}

const struct job MATCHING_JOB = {
    .name = "matching",
    .wakes = "matching",
    .exclusive = true,
    .pause = matching_pause,
    .gap = matching_gap,
    .run = matching_run,
};
