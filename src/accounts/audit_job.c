/* SPDX-License-Identifier: EUPL-1.2
 * The audit's job: hands over what staff saw, and once a minute seals what was recorded. Every daemon hands over its own. */
#include "jobs.h"
#include "log.h"
#include "seen.h"

#include <stdlib.h>
#include <time.h>

#include "banned.h"

enum { SEAL_SECONDS = 60, SEALS_MAX = 100 };

/* The hashes go to the log as well: whoever keeps logs elsewhere can tell a chain that was made anew. */
static bool audit_seal(struct job_run *run)
{
    bool more = true;
    for (int i = 0; i < SEALS_MAX && more && !atomic_load(run->stopping); i++) {
        PGresult *result = database_query(run->db, "SELECT sealed, records, seal_hash FROM seal_audit()", 0, NULL);
        if (!result)
            return false;
        more = PQntuples(result) == 1;
        if (more)
            log_info("audit_sealed", log_integer("number", strtoll(PQgetvalue(result, 0, 0), NULL, 10)),
                     log_integer("records", strtoll(PQgetvalue(result, 0, 1), NULL, 10)), log_text("hash", PQgetvalue(result, 0, 2)));
        PQclear(result);
    }
    return true;
}

static bool audit_run(struct job_run *run)
{
    static time_t sealed; /* one job, one thread */
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (!seen_hand_over(run->db))
        return false;
    if (sealed && now.tv_sec - sealed < SEAL_SECONDS)
        return true;
    sealed = now.tv_sec;
    return audit_seal(run);
}

const struct job AUDIT_JOB = {.name = "audit", .pause = job_pause, .run = audit_run};
