/* SPDX-License-Identifier: EUPL-1.2
 * What time does by itself: proposals expire, people and offices are reminded, guides come back, promises break, what nobody confirmed is
 * deleted, what was kept long enough goes, news begin and end. */
#include "jobs.h"

#include "log.h"
#include "retention.h"

#include <stdlib.h>

#include "banned.h"

/* Each handles a batch in one transaction and answers how many there were. */
static const struct step {
    const char *name;
    const char *sql;
} STEPS[] = {
    {"expire_proposals", "SELECT expire_proposals()"},
    {"remind", "SELECT remind()"},
    {"resume_guides", "SELECT resume_guides()"},
    {"expire_unconfirmed", "SELECT expire_unconfirmed()"},
    {"expire_tokens", "SELECT expire_tokens()"},
    {"clean_claims", "SELECT clean_claims()"},
    {"clean_address_uses", "SELECT clean_address_uses()"},
    {"clean_challenges", "SELECT clean_challenges()"},
    {"ask_to_widen", "SELECT ask_to_widen()"},
    {"ask_still_looking", "SELECT ask_still_looking()"},
    {"ask_check_ins", "SELECT ask_check_ins()"},
    {"close_stale_requests", "SELECT close_stale_requests()"},
    {"remind_offices", "SELECT remind_offices()"},
    {"escalate_offices", "SELECT escalate_offices()"},
    {"confess_breaches", "SELECT confess_breaches()"},
    {"ask_waiting_requesters", "SELECT ask_waiting_requesters()"},
    {"tell_waiting_offices", "SELECT tell_waiting_offices()"},
    {"close_resolved_requests", "SELECT close_resolved_requests()"},
    {"ask_satisfaction", "SELECT ask_satisfaction()"},
    {"expire_service_requests", "SELECT expire_service_requests()"},
    {"expire_matches", "SELECT expire_matches()"},
    {"expire_guide_requests", "SELECT expire_guide_requests()"},
    {"expire_guides", "SELECT expire_guides()"},
    {"expire_accounts", "SELECT expire_accounts()"},
    {"expire_erasures", "SELECT expire_erasures()"},
    {"remind_of_reports", "SELECT remind_of_reports()"},
    {"escalate_reports", "SELECT escalate_reports()"},
    {"expire_reports", "SELECT expire_reports()"},
    {"expire_bars", "SELECT expire_bars()"},
    {"remind_of_appointments", "SELECT remind_of_appointments()"},
    {"end_appointments", "SELECT end_appointments()"},
    {"clean_slots", "SELECT clean_slots()"},
    {"clean_rounds", "SELECT clean_rounds()"},
    {"clean_outbox", "SELECT clean_outbox()"},
    {"clean_demand", "SELECT clean_demand()"},
    {"turn_changes", "SELECT turn_changes()"},
    {"renumber_changes", "SELECT renumber_changes()"},
    {"expire_audit", "SELECT expire_audit()"},
    {"expire_feedback", "SELECT expire_feedback()"},
};

enum { BATCHES_MAX = 1000 };

/* Runs one step until nothing is left to do. */
static bool step_run(struct job_run *run, const struct step *step)
{
    long handled = 0, batch = 1;
    for (int i = 0; i < BATCHES_MAX && batch > 0 && !atomic_load(run->stopping); i++) {
        PGresult *result = database_query(run->db, step->sql, 0, NULL);
        if (!result) {
            database_error(run->db, run->error, sizeof run->error);
            if (!atomic_load(run->stopping)) /* else it was cancelled, and comes again */
                log_warning("step_failed", log_text("step", step->name), log_text("error", run->error));
            return false;
        }
        batch = strtol(PQgetvalue(result, 0, 0), NULL, 10);
        handled += batch;
        PQclear(result);
    }
    if (handled > 0)
        log_info("step_done", log_text("step", step->name), log_integer("count", handled));
    return true;
}

/* A step that fails does not keep the others from running; without the configured periods the ones there are hold. */
static bool times_run(struct job_run *run)
{
    bool done = retention_set(run->db, run->config);
    for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS && PQstatus(run->db) == CONNECTION_OK && !atomic_load(run->stopping); i++)
        done = step_run(run, &STEPS[i]) && done;
    return done && PQstatus(run->db) == CONNECTION_OK && !atomic_load(run->stopping);
}

const struct job TIMES_JOB = {.name = "times", .exclusive = true, .pause = job_pause, .run = times_run};
