/* SPDX-License-Identifier: EUPL-1.2
 * The jobs the daemon runs. */
#ifndef WELCOME_JOBS_H
#define WELCOME_JOBS_H

#include "job.h"

extern const struct job MAILER_JOB;   /* src/mail/mailer.c: sends what waits in the outbox */
extern const struct job MATCHING_JOB; /* src/matching/matching_job.c: runs rounds that propose guides to who waits */
extern const struct job PRICES_JOB;   /* src/matching/prices_job.c: learns by night how scarce guides are */
extern const struct job TIMES_JOB;    /* src/operation/times_job.c: expiry, reminders, cleaning */
extern const struct job DEMAND_JOB;   /* src/information/demand.c: hands over counts of what readers asked for in vain */
extern const struct job EVENTS_JOB;   /* src/events/event_job.c: keeps the occurrences of series two years ahead */
extern const struct job SESSIONS_JOB; /* src/accounts/session_job.c: moves the expiry of sessions that are in use */
extern const struct job AUDIT_JOB;    /* src/accounts/audit_job.c: hands over what staff saw, seals the audit */
extern const struct job ATTACHMENTS_JOB; /* src/services/attachment_job.c: removes files whose row is gone */
extern const struct job FIGURES_JOB;  /* src/operation/figures.c: brings what /metrics tells of the whole service */

extern const struct job *const JOBS[]; /* src/operation/jobs.c */
extern const size_t JOB_COUNT;

#endif
