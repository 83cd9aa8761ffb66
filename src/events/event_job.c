/* SPDX-License-Identifier: EUPL-1.2
 * Keeps the occurrences of series two years ahead, and expands what was written without its occurrences. */
#include "jobs.h"
#include "log.h"
#include "recurrence.h"
#include "sql_type.h"

#include <stdlib.h>

#include "banned.h"

enum { BATCHES_MAX = 1000 };

/* One event in one transaction. A rule that cannot be expanded (nobody could write it through the API) is not looked at again. */
static bool event_extend(struct job_run *run, const PGresult *due, int row, struct arena *arena)
{
    struct occurrences found;
    struct faults faults;
    const char *event = PQgetvalue(due, row, 0), *times = PQgetvalue(due, row, 1), *last_day = PQgetvalue(due, row, 3);
    json_t *read = json_loads(times, 0, NULL);
    faults_init(&faults, arena);
    const bool expanded = read && recurrence_expand(read, PQgetvalue(due, row, 2), last_day, arena, &found, &faults);
    json_decref(read);
    if (!read || faults.failed)
        return false;
    if (!expanded)
        log_error("event_not_expanded", log_text("content", event), log_text("fault", faults.items[0].code));
    const char *starts = sql_text_array(found.starts, expanded ? found.count : 0, arena);
    const char *values[] = {event, times, starts, !expanded || found.ended ? "infinity" : last_day};
    PGresult *result = starts ? database_query(run->db, "SELECT extend_occurrences($1, $2, $3, $4)", 4, values) : NULL;
    PQclear(result);
    return result != NULL;
}

/* One batch; how many were due, -1 when something failed. */
static int batch_extend(struct job_run *run)
{
    PGresult *due = database_query(run->db, "SELECT e.event, e.times, e.first_day, e.last_day FROM events_to_expand() e", 0, NULL);
    const int count = due ? PQntuples(due) : -1;
    bool done = due != NULL;
    for (int row = 0; row < count && done && !atomic_load(run->stopping); row++) {
        struct arena arena;
        arena_init(&arena, 0);
        done = event_extend(run, due, row, &arena);
        arena_release(&arena);
    }
    PQclear(due);
    return done ? count : -1;
}

/* What began too long ago, until nothing is left of it. */
static bool past_clean(struct job_run *run)
{
    long cleaned = 1;
    for (int i = 0; i < BATCHES_MAX && cleaned > 0 && !atomic_load(run->stopping); i++) {
        PGresult *result = database_query(run->db, "SELECT clean_occurrences()", 0, NULL);
        if (!result)
            return false;
        cleaned = strtol(PQgetvalue(result, 0, 0), NULL, 10);
        PQclear(result);
    }
    return true;
}

static bool events_run(struct job_run *run)
{
    long extended = 0;
    int count = 1;
    for (int i = 0; i < BATCHES_MAX && count > 0 && !atomic_load(run->stopping); i++) {
        count = batch_extend(run);
        extended += count > 0 ? count : 0;
    }
    if (extended > 0)
        log_info("events_extended", log_integer("count", extended));
    return count >= 0 && past_clean(run);
}

const struct job EVENTS_JOB = {.name = "events", .exclusive = true, .pause = job_pause, .run = events_run};
