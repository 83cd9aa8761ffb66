/* SPDX-License-Identifier: EUPL-1.2
 * Sessions slide while they are used; requests only note the use, since the read lane cannot write. */
#include "identity.h"
#include "jobs.h"
#include "sql_type.h"

#include "banned.h"

static bool sessions_run(struct job_run *run)
{
    char ids[SESSIONS_USED_MAX][37];
    const char *items[SESSIONS_USED_MAX];
    const size_t count = sessions_take(ids);
    struct arena arena;
    if (count == 0)
        return true;
    for (size_t i = 0; i < count; i++)
        items[i] = ids[i];
    arena_init(&arena, 0);
    const char *list = sql_text_array(items, count, &arena);
    PGresult *result = list ? database_query(run->db, "SELECT extend_sessions($1)", 1, &list) : NULL;
    const bool done = result != NULL;
    PQclear(result);
    arena_release(&arena);
    return done;
}

const struct job SESSIONS_JOB = {.name = "sessions", .pause = job_pause, .run = sessions_run};
