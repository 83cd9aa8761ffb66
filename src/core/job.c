/* SPDX-License-Identifier: EUPL-1.2
 * Threads of background jobs, and the listener that wakes them. */
#include "job.h"

#include "log.h"
#include "version.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "banned.h"

enum { BACKOFF_MAX = 60, LOCK_PAUSE = 5, NOTE_PAUSE = 60, STOP_PATIENCE = 5 };

struct worker {
    const struct job *job;
    struct jobs *jobs;
    pthread_t thread;
    bool started;
    bool woken;       /* under jobs->mutex, like cancel */
    bool own;         /* woken by this process, not by a notification that every process gets; under jobs->mutex */
    bool pass_on;     /* what `own` was when the turn began */
    PGcancel *cancel; /* for jobs_stop() while connected */
    PGconn *db;       /* the thread's own from here on */
    bool locked;      /* this connection holds the job's advisory lock */
    int failures;     /* in a row */
    time_t noted;     /* when the database was told last, monotonic; 0: never */
    struct {
        atomic_bool working;
        atomic_ullong done, failed, microseconds;
        atomic_llong done_at;
    } figures;
};

struct jobs {
    const struct config *config;
    bool (*on_notify)(const char *, void *);
    void *context;
    atomic_bool stopping;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* a worker was woken, has ended, or all must stop; on the monotonic clock */
    size_t running;         /* threads that have not ended, under mutex */
    int wake;               /* eventfd that ends the listener's poll */
    pthread_t listener;
    bool listening;
    size_t count;
    struct worker workers[];
};

int job_pause(const struct config *config)
{
    return config->job_pause;
}

static struct timespec time_after(struct timespec from, long seconds)
{
    return (struct timespec){.tv_sec = from.tv_sec + seconds, .tv_nsec = from.tv_nsec};
}

static struct timespec time_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now;
}

/* Sleeps until the time has come or, unless ignore_wakes, the worker is woken; clears the wake. False: time to stop. */
static bool worker_wait(struct worker *worker, struct timespec until, bool ignore_wakes)
{
    struct jobs *jobs = worker->jobs;
    pthread_mutex_lock(&jobs->mutex);
    while (!atomic_load(&jobs->stopping) && (ignore_wakes || !worker->woken))
        if (pthread_cond_timedwait(&jobs->changed, &jobs->mutex, &until) == ETIMEDOUT)
            break;
    if (!ignore_wakes) {
        worker->pass_on = worker->own;
        worker->woken = worker->own = false;
    }
    pthread_mutex_unlock(&jobs->mutex);
    return !atomic_load(&jobs->stopping);
}

static void worker_set_cancel(struct worker *worker, PGcancel *cancel)
{
    pthread_mutex_lock(&worker->jobs->mutex);
    PGcancel *old = worker->cancel;
    worker->cancel = cancel;
    pthread_mutex_unlock(&worker->jobs->mutex);
    PQfreeCancel(old);
}

static void worker_disconnect(struct worker *worker)
{
    worker_set_cancel(worker, NULL);
    PQfinish(worker->db);
    worker->db = NULL;
    worker->locked = false;
    atomic_store(&worker->figures.working, false);
}

/* Connected, between transactions; leaves worker->db for its error message when it fails. */
static bool worker_connect(struct worker *worker)
{
    if (worker->db && PQtransactionStatus(worker->db) == PQTRANS_IDLE)
        return true;
    worker_disconnect(worker);
    worker->db = database_connect_worker(worker->jobs->config);
    if (!worker->db || PQstatus(worker->db) != CONNECTION_OK)
        return false;
    worker_set_cancel(worker, PQgetCancel(worker->db));
    return true;
}

/* Takes the advisory lock once a connection. False when it could not be asked for; worker->locked says who has it. */
static bool worker_lock(struct worker *worker)
{
    if (!worker->job->exclusive || worker->locked)
        return true;
    PGresult *result = database_query(worker->db, "SELECT pg_try_advisory_lock(hashtextextended('welcomed job ' || $1, 0))", 1,
                                      &worker->job->name);
    worker->locked = result && *PQgetvalue(result, 0, 0) == 't';
    PQclear(result);
    return result != NULL;
}

/* Seconds to wait after this failure: 1, 2, 4 ... */
static int worker_failed(struct worker *worker, char error[], size_t size)
{
    if (*error == '\0')
        database_error(worker->db, error, size);
    const int backoff = worker->failures < 6 ? 1 << worker->failures : BACKOFF_MAX;
    worker->failures++;
    atomic_fetch_add(&worker->figures.failed, 1);
    worker_disconnect(worker); /* the server may have become a standby; and another process may have more luck */
    if (!atomic_load(&worker->jobs->stopping))
        log_warning("job_failed", log_text("job", worker->job->name), log_text("error", error), log_integer("again_in", backoff));
    return backoff;
}

/* Tells the database, at most once a minute, that the job was done: other daemons, metrics and `doctor` look there. */
static bool worker_note(struct worker *worker, time_t now, long long took)
{
    char microseconds[32];
    if (worker->noted != 0 && now - worker->noted < NOTE_PAUSE)
        return true;
    snprintf(microseconds, sizeof microseconds, "%lld", took);
    const char *const values[] = {worker->job->name, microseconds, PROGRAM_VERSION};
    PGresult *result = database_query(worker->db, "SELECT note_job($1, $2, $3)", 3, values);
    worker->noted = result ? now : worker->noted;
    PQclear(result);
    return result != NULL;
}

/* Runs the job and counts it. */
static bool worker_run(struct worker *worker, struct job_run *run)
{
    const struct timespec begun = time_now();
    const bool done = worker->job->run(run);
    const struct timespec ended = time_now();
    const long long took = (ended.tv_sec - begun.tv_sec) * 1000000LL + (ended.tv_nsec - begun.tv_nsec) / 1000;
    atomic_fetch_add(&worker->figures.microseconds, (unsigned long long)took);
    if (!done)
        return false;
    atomic_fetch_add(&worker->figures.done, 1);
    atomic_store(&worker->figures.done_at, (long long)time(NULL));
    return worker_note(worker, ended.tv_sec, took);
}

/* One turn: connection, lock, run. Returns the seconds until the next turn without a wake. */
static int worker_turn(struct worker *worker)
{
    struct jobs *jobs = worker->jobs;
    struct job_run run = {.config = jobs->config, .stopping = &jobs->stopping};
    if (!worker_connect(worker) || !worker_lock(worker))
        return worker_failed(worker, run.error, sizeof run.error);
    if (worker->job->exclusive && !worker->locked) { /* another process works: it has to hear what only this one knows */
        if (worker->pass_on)
            PQclear(database_query(worker->db, "SELECT pg_notify('welcome', $1)", 1, &worker->job->wakes));
        return LOCK_PAUSE;
    }
    run.db = worker->db;
    atomic_store(&worker->figures.working, true);
    if (!worker_run(worker, &run))
        return worker_failed(worker, run.error, sizeof run.error);
    worker->failures = 0;
    return worker->job->pause(jobs->config);
}

static void thread_ended(struct jobs *jobs)
{
    pthread_mutex_lock(&jobs->mutex);
    jobs->running--;
    pthread_cond_broadcast(&jobs->changed);
    pthread_mutex_unlock(&jobs->mutex);
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    const struct config *config = worker->jobs->config;
    const int gap = worker->job->gap ? worker->job->gap(config) : 0;
    struct timespec next = time_now();
    while (worker_wait(worker, next, false)) {
        const struct timespec start = time_now();
        const int pause = worker_turn(worker);
        next = time_after(time_now(), pause);
        const int least = worker->failures ? pause : gap; /* wakes do not shorten a backoff */
        if (!worker_wait(worker, time_after(start, least), true))
            break;
    }
    worker_disconnect(worker);
    thread_ended(worker->jobs);
    return NULL;
}

/* own: nobody but this process has been told. */
static void workers_wake(struct jobs *jobs, const char *payload, bool own)
{
    pthread_mutex_lock(&jobs->mutex);
    for (size_t i = 0; i < jobs->count; i++)
        if (*payload == '\0' || (jobs->workers[i].job->wakes && strcmp(jobs->workers[i].job->wakes, payload) == 0)) {
            jobs->workers[i].woken = true;
            jobs->workers[i].own |= own;
        }
    pthread_cond_broadcast(&jobs->changed);
    pthread_mutex_unlock(&jobs->mutex);
}

bool jobs_figures(const struct jobs *jobs, size_t number, struct job_figures *figures)
{
    if (number >= jobs->count)
        return false;
    const struct worker *worker = &jobs->workers[number];
    *figures = (struct job_figures){
        .name = worker->job->name,
        .working = atomic_load(&worker->figures.working),
        .done = atomic_load(&worker->figures.done),
        .failed = atomic_load(&worker->figures.failed),
        .seconds = (double)atomic_load(&worker->figures.microseconds) / 1e6,
        .done_at = atomic_load(&worker->figures.done_at),
    };
    return true;
}

void jobs_wake(struct jobs *jobs, const char *payload)
{
    workers_wake(jobs, payload, true);
}

static bool jobs_notify(struct jobs *jobs, const char *payload)
{
    workers_wake(jobs, payload, false);
    return !jobs->on_notify || jobs->on_notify(payload, jobs->context);
}

/* Waits for bytes from the server, the wish to stop, or the timeout (-1: none). */
static void listener_wait(const struct jobs *jobs, const PGconn *db, int milliseconds)
{
    struct pollfd fds[] = {{.fd = jobs->wake, .events = POLLIN}, {.fd = db ? PQsocket(db) : -1, .events = POLLIN}};
    poll(fds, 2, milliseconds);
}

/* Passes notifications on until the connection breaks or all must stop. False: one was refused, and has to be repeated. */
static bool listener_serve(struct jobs *jobs, PGconn *db)
{
    bool taken = jobs_notify(jobs, "");
    while (taken && !atomic_load(&jobs->stopping) && PQconsumeInput(db)) {
        for (PGnotify *notify; taken && (notify = PQnotifies(db)) != NULL; PQfreemem(notify))
            taken = jobs_notify(jobs, notify->extra);
        if (taken)
            listener_wait(jobs, db, -1);
    }
    return taken;
}

static void *listener_main(void *argument)
{
    struct jobs *jobs = argument;
    int backoff = 0; /* milliseconds; the first reconnect is at once */
    while (!atomic_load(&jobs->stopping)) {
        PGconn *db = database_connect_worker(jobs->config);
        if (db && PQstatus(db) == CONNECTION_OK && database_do(db, "LISTEN welcome"))
            backoff = listener_serve(jobs, db) ? 0 : 1000;
        if (backoff == 0 && !atomic_load(&jobs->stopping)) { /* once, not at each try */
            char error[200];
            database_error(db, error, sizeof error);
            log_warning("listener_lost", log_text("error", error));
        }
        PQfinish(db);
        listener_wait(jobs, NULL, backoff);
        backoff = backoff ? 1000 : 100;
    }
    thread_ended(jobs);
    return NULL;
}

static struct jobs *jobs_new(const struct config *config, const struct job *const *list, size_t count)
{
    struct jobs *jobs = calloc(1, sizeof *jobs + count * sizeof *jobs->workers);
    if (!jobs)
        return NULL;
    jobs->config = config;
    jobs->count = count;
    for (size_t i = 0; i < count; i++)
        jobs->workers[i] = (struct worker){.job = list[i], .jobs = jobs};
    jobs->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (jobs->wake < 0) {
        free(jobs);
        return NULL;
    }
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&jobs->mutex, NULL);
    pthread_cond_init(&jobs->changed, &clock);
    pthread_condattr_destroy(&clock);
    return jobs;
}

static bool thread_start(struct jobs *jobs, pthread_t *thread, void *(*main)(void *), void *argument)
{
    pthread_mutex_lock(&jobs->mutex);
    const bool started = pthread_create(thread, NULL, main, argument) == 0;
    jobs->running += started;
    pthread_mutex_unlock(&jobs->mutex);
    return started;
}

struct jobs *jobs_start(const struct config *config, const struct job *const *list, size_t count,
                        bool (*on_notify)(const char *payload, void *context), void *context)
{
    struct jobs *jobs = jobs_new(config, list, count);
    if (!jobs)
        return NULL;
    jobs->on_notify = on_notify;
    jobs->context = context;
    bool started = jobs->listening = thread_start(jobs, &jobs->listener, listener_main, jobs);
    for (size_t i = 0; i < count && started; i++)
        started = jobs->workers[i].started = thread_start(jobs, &jobs->workers[i].thread, worker_main, &jobs->workers[i]);
    if (started)
        return jobs;
    jobs_stop(jobs);
    return NULL;
}

/* Waits until all threads have ended or patience has; then cancels what runs in the database. */
static void jobs_wind_up(struct jobs *jobs)
{
    const struct timespec end = time_after(time_now(), STOP_PATIENCE);
    pthread_mutex_lock(&jobs->mutex);
    pthread_cond_broadcast(&jobs->changed);
    while (jobs->running > 0)
        if (pthread_cond_timedwait(&jobs->changed, &jobs->mutex, &end) == ETIMEDOUT)
            break;
    for (size_t i = 0; i < jobs->count; i++) {
        char error[256];
        if (jobs->workers[i].cancel)
            PQcancel(jobs->workers[i].cancel, error, sizeof error);
    }
    pthread_mutex_unlock(&jobs->mutex);
}

void jobs_stop(struct jobs *jobs)
{
    if (!jobs)
        return;
    atomic_store(&jobs->stopping, true);
    eventfd_write(jobs->wake, 1);
    jobs_wind_up(jobs);
    if (jobs->listening)
        pthread_join(jobs->listener, NULL);
    for (size_t i = 0; i < jobs->count; i++)
        if (jobs->workers[i].started)
            pthread_join(jobs->workers[i].thread, NULL);
    pthread_cond_destroy(&jobs->changed);
    pthread_mutex_destroy(&jobs->mutex);
    close(jobs->wake);
    free(jobs);
}
