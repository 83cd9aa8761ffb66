/* SPDX-License-Identifier: EUPL-1.2
 * The matching: one worker runs rounds, at once after each event, then at most every WELCOME_MATCHING_PAUSE seconds. */
#include "jobs.h"

#include "log.h"
#include "matching_round.h"

#include <stdio.h>

#include "banned.h"

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

static bool job_round(struct job_run *run, int second_ask)
{
    struct round round;
    int asked;
    const bool done = round_run(&round, run->db, second_ask, NULL, &asked);
    if (!done)
        snprintf(run->error, sizeof run->error, "%s", round.error);
    else if (asked > 0)
        log_info("matching_round", log_text("round", round.id), log_integer("waiting", round.requests), log_integer("proposed", asked),
                 log_integer("second", round.second));
    round_release(&round);
    return done;
}

/* First those nobody is asked for; silence is answered with the places they leave. */
static bool matching_run(struct job_run *run)
{
    if (!run->config->matching)
        return true;
    const int hours = run->config->matching_second_ask;
    return job_round(run, 0) && (hours == 0 || atomic_load(run->stopping) || job_round(run, hours));
}

const struct job MATCHING_JOB = {
    .name = "matching",
    .wakes = "matching",
    .exclusive = true,
    .pause = matching_pause,
    .gap = matching_gap,
    .run = matching_run,
};
