/* SPDX-License-Identifier: EUPL-1.2
 * The list of the jobs. */
#include "jobs.h"

#include "banned.h"

const struct job *const JOBS[] = {&MAILER_JOB, &MATCHING_JOB, &PRICES_JOB, &TIMES_JOB, &DEMAND_JOB, &EVENTS_JOB, &SESSIONS_JOB, &AUDIT_JOB,
                                  &ATTACHMENTS_JOB, &FIGURES_JOB};
const size_t JOB_COUNT = sizeof JOBS / sizeof *JOBS;
