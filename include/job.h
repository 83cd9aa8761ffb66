/* SPDX-License-Identifier: EUPL-1.2
 * Background work: one thread and one blocking connection a job, woken by NOTIFY or the clock. */
#ifndef WELCOME_JOB_H
#define WELCOME_JOB_H

#include "config.h"
#include "database.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct job_run {
    PGconn *db; /* connected as the worker role, search_path welcome; borrowed */
    const struct config *config;
    const atomic_bool *stopping; /* look at it between units of work */
    char error[256];             /* why run() fails, unless the connection's last error tells */
};

struct job {
    const char *name;  /* log field, and, hashed, the advisory lock */
    const char *wakes; /* payload on channel `welcome` that wakes it, or NULL */
    bool exclusive;    /* runs only while this process holds the job's advisory lock */
    int (*pause)(const struct config *); /* seconds between two runs without a wake; at least 0 */
    int (*gap)(const struct config *);   /* least seconds between two runs, also when woken; NULL = 0 */
    /* One run. Must be idempotent and killable at any line. False: logged with its error and tried again
     * after a backoff; a transaction left open then ends with its connection. */
    bool (*run)(struct job_run *run);
};

/* A `pause` for the timed jobs: WELCOME_JOB_PAUSE. */
int job_pause(const struct config *config);

struct jobs; /* threads of one process */

/* A listener thread (LISTEN welcome) and one thread a job. on_notify (may be NULL) is called on the listener's thread with every
 * payload, and with "" after each (re)connect, when notifications may have been missed; where it returns false, the listener connects anew
 * after a second. config and list must outlive the jobs.
 * NULL when memory or a thread cannot be had. */
struct jobs *jobs_start(const struct config *config, const struct job *const *list, size_t count,
                        bool (*on_notify)(const char *payload, void *context), void *context);

/* What a job did in this process. */
struct job_figures {
    const char *name;
    bool working; /* here, not in another process */
    unsigned long long done, failed;
    double seconds;     /* spent in all runs */
    long long done_at;  /* when the last good run ended, by this host's clock; 0: none did */
};

/* Of the job with that number; false: there is none. Any thread. */
bool jobs_figures(const struct jobs *jobs, size_t number, struct job_figures *figures);

/* Wakes the jobs this payload is for; one that another process works on is woken there. Any thread. */
void jobs_wake(struct jobs *jobs, const char *payload);

/* Asks all to stop, wakes them, cancels running statements after 5 s, joins, frees. Takes NULL. */
void jobs_stop(struct jobs *jobs);

#endif
