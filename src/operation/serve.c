/* SPDX-License-Identifier: EUPL-1.2
 * `welcomed serve`: proves, listens, works until told to stop, then finishes what it accepted. */
#include "admin.h"
#include "command.h"
#include "database.h"
#include "embed.h"
#include "explorer.h"
#include "jobs.h"
#include "log.h"
#include "loop.h"
#include "oidc.h"
#include "replica.h"
#include "schema_version.h"
#include "secret_key.h"
#include "security_text.h"
#include "seen.h"
#include "service.h"
#include "topic.h"
#include "vocabulary.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "banned.h"

#define FILES_LEAST 128 /* what database, jobs and listeners need */

/* What a SIGHUP brought. All are kept to the end: a loop may still be reading the one before. */
struct reread {
    struct config config;
    struct reread *older;
};

struct daemon {
    struct reread *reread;
    struct service service;
    struct loop loops[LOOPS_MAX];
    size_t loop_count;
    struct admin *admin;
    struct jobs *jobs;
    int listen_fd;
    int port, admin_port;
    bool handed; /* the listening socket, by whoever started this process */
};

/* Connected, or NULL with a line on standard error. */
static PGconn *database_reach(const struct config *config)
{
    PGconn *db = database_wait(database_connect_daemon, config);
    if (PQstatus(db) == CONNECTION_OK)
        return db;
    char error[256];
    database_error(db, error, sizeof error);
    PQfinish(db);
    fprintf(stderr, "welcomed: the database cannot be reached (WELCOME_DATABASE_URL): %s\n", error);
    return NULL;
}

/* Better no daemon than one in which nobody of staff can sign in. */
static bool key_fits(const struct config *config)
{
    unsigned char key[SECRET_KEY_BYTES];
    const bool read = secret_key_read(config, key);
    sodium_memzero(key, sizeof key);
    if (!read && secret_key_configured(config))
        fputs("welcomed: WELCOME_SECRET_KEY (or its file) is no key: 32 bytes in base64 or hexadecimal\n", stderr);
    else if (!read && config->second_factor_required)
        fputs("welcomed: WELCOME_STAFF_SECOND_FACTOR=required needs WELCOME_SECRET_KEY or WELCOME_SECRET_KEY_FILE\n", stderr);
    const char *missing = oidc_misconfigured(config) ? oidc_misconfigured(config) : security_text_misconfigured(config);
    if (missing)
        fprintf(stderr, "welcomed: %s\n", missing);
    return !missing && (read || !(secret_key_configured(config) || config->second_factor_required));
}

/* Whether the database has all that this program's migrations make. One that has more may still do: the proof tells. */
static bool schema_fits(PGconn *db, struct schema_version *version)
{
    if (!schema_version_read(db, version)) {
        fprintf(stderr, "welcomed: the database cannot be asked for its schema: %s", PQerrorMessage(db));
        return false;
    }
    if (version->empty)
        fputs("welcomed: the database has no schema yet, or one that is older than this program: run `welcomed migrate`\n", stderr);
    else if (version->missing > 0)
        fprintf(stderr, "welcomed: the database's schema is older than this program, it lacks %zu of its migrations, from %s on: run "
                        "`welcomed migrate`\n", version->missing, version->first_missing);
    else if (version->unknown > 0)
        log_warning("schema_newer", log_text("migration", version->last_unknown));
    return !version->empty && version->missing == 0;
}

static void disagreement_tell(const struct schema_version *version, struct buffer *report)
{
    const char *text = buffer_text(report);
    if (version->unknown > 0)
        fprintf(stderr, "welcomed: the database's schema is newer than this program, which does not know its migration %s: install the "
                        "program that made it\n", version->last_unknown);
    else
        fputs("welcomed: contract, program and database do not agree (does `welcomed migrate` help?):\n", stderr);
    fputs(text ? text : "out of memory\n", stderr);
}

static bool service_start(struct service *service, const struct config *config)
{
    struct schema_version version;
    struct buffer report;
    PGconn *db = database_reach(config);
    if (!db)
        return false;
    buffer_init(&report);
    const bool known = schema_fits(db, &version);
    const bool loaded = known && service_load(service, config, db, EMBEDDED, EMBEDDED_COUNT, &report);
    if (known && !loaded)
        disagreement_tell(&version, &report);
    const bool fits = loaded && replica_named_well(config, db);
    buffer_release(&report);
    PQfinish(db);
    return fits;
}

/* On the listener's thread: new reference data, or a gap in which some may have come. */
static bool on_notify(const char *payload, void *context)
{
    const struct daemon *daemon = context;
    if (*payload && strcmp(payload, "reference") != 0)
        return true;
    PGconn *db = database_connect_daemon(daemon->service.config);
    const bool read = PQstatus(db) == CONNECTION_OK && vocabulary_load(db);
    if (read && daemon->service.topics)
        topics_void_all(daemon->service.topics); /* what C wrote meanwhile has the old words */
    if (!read) {
        char error[200];
        database_error(db, error, sizeof error);
        log_warning("reference_not_read", log_text("error", error));
    }
    PQfinish(db);
    return read;
}

/* On a loop's thread: what was written may have put mails into the outbox. The database notifies only of what others write, since a
 * NOTIFY makes commits wait for each other. */
static void on_write(void *context)
{
    const struct daemon *daemon = context;
    jobs_wake(daemon->jobs, "outbox");
}

size_t loops_wanted(const struct config *config)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const long wanted = config->loops > 0 ? config->loops : cores;
    return wanted < 1 ? 1 : wanted > LOOPS_MAX ? LOOPS_MAX : (size_t)wanted;
}

static bool daemon_start(struct daemon *daemon, const struct config *config)
{
    const size_t wanted = loops_wanted(config);
    daemon->service.wrote = on_write;
    daemon->service.wrote_context = daemon;
    daemon->service.shown = seen_note;
    if (config->cache_mb > 0 && !(daemon->service.topics = topics_start(config, &daemon->service.contract)))
        return false;
    daemon->jobs = jobs_start(config, JOBS, JOB_COUNT, on_notify, daemon);
    if (!daemon->jobs)
        return false;
    struct listeners listeners;
    if (!listeners_open(&listeners, config))
        return false;
    daemon->listen_fd = listeners.public_fd;
    daemon->handed = listeners.handed;
    daemon->port = listener_port(listeners.public_fd);
    daemon->admin_port = listener_port(listeners.admin_fd);
    daemon->service.metrics = metrics_new(&daemon->service.contract, wanted);
    bool started = daemon->service.metrics != NULL;
    for (; started && daemon->loop_count < wanted; daemon->loop_count++)
        started = loop_start(&daemon->loops[daemon->loop_count], &daemon->service, daemon->loop_count, wanted, daemon->listen_fd);
    if (!started) {
        close(listeners.admin_fd);
        return false;
    }
    daemon->admin = admin_start(listeners.admin_fd, daemon->loops, daemon->loop_count, daemon->jobs);
    return daemon->admin != NULL;
}

/* Nothing new is accepted; what was begun gets its time to arrive whole and to be answered. A socket that was handed over goes on queueing
 * clients for whoever serves next. */
static void daemon_drain(struct daemon *daemon, int seconds)
{
    const int64_t end = clock_ms() + seconds * INT64_C(1000);
    sd_notify(0, "STOPPING=1");
    atomic_store(&daemon->service.draining, true);
    close(daemon->listen_fd);
    daemon->listen_fd = -1;
    int quiet = 0;
    while (clock_ms() < end && quiet < 5) {
        size_t requests = 0;
        for (size_t i = 0; i < daemon->loop_count; i++)
            requests += atomic_load(&daemon->loops[i].begun);
        quiet = requests ? 0 : quiet + 1;
        usleep(20000);
    }
}

/* What staff saw since the job's last turn. */
static void seen_flush(const struct config *config)
{
    if (!seen_waiting())
        return;
    PGconn *db = database_connect_worker(config);
    if (!seen_hand_over(db))
        log_warning("seen_lost");
    PQfinish(db);
}

static void daemon_stop(struct daemon *daemon)
{
    admin_stop(daemon->admin);
    for (size_t i = 0; i < daemon->loop_count; i++)
        loop_stop(&daemon->loops[i]);
    jobs_stop(daemon->jobs); /* behind the loops, which wake them */
    topics_stop(daemon->service.topics); /* behind both */
    seen_flush(daemon->service.config);
    if (daemon->listen_fd >= 0)
        close(daemon->listen_fd);
    metrics_free(daemon->service.metrics);
}

/* SIGHUP: limits, origins, languages and the log level change at once; addresses and databases with the next start. */
static void daemon_reread(struct daemon *daemon)
{
    struct reread *reread = calloc(1, sizeof *reread);
    if (!reread || !config_load(&reread->config, stderr)) {
        log_warning("configuration_kept");
        if (reread)
            config_release(&reread->config);
        free(reread);
        return;
    }
    reread->older = daemon->reread;
    daemon->reread = reread;
    log_set_level(reread->config.log_level);
    daemon->service.config = &reread->config;
    if (daemon->service.topics)
        topics_void_all(daemon->service.topics); /* headers and defaults are the configuration's */
    log_info("configuration_reread");
}

static void daemon_forget(struct daemon *daemon)
{
    while (daemon->reread) {
        struct reread *reread = daemon->reread;
        daemon->reread = reread->older;
        config_release(&reread->config);
        free(reread);
    }
}

/* Tells the service manager's watchdog that every loop turns; its silence makes the manager start us anew. */
static void daemon_vouch(const struct daemon *daemon, uint64_t watchdog_us)
{
    const int64_t oldest = clock_ms() - (int64_t)(watchdog_us / 2000);
    for (size_t i = 0; i < daemon->loop_count; i++)
        if (atomic_load_explicit(&daemon->loops[i].turned, memory_order_relaxed) < oldest)
            return;
    sd_notify(0, "WATCHDOG=1");
}

/* Until a signal says stop. The service manager hears that we are ready once every lane has a link. */
static void daemon_wait(struct daemon *daemon, const sigset_t *signals)
{
    uint64_t watchdog_us = 0;
    const bool watched = sd_watchdog_enabled(0, &watchdog_us) > 0;
    const uint64_t pause_us = watched ? watchdog_us / 3 : UINT64_C(3600000000);
    const struct timespec pause = {.tv_sec = (time_t)(pause_us / 1000000), .tv_nsec = (long)(pause_us % 1000000) * 1000};
    const struct timespec moment = {.tv_nsec = 20 * 1000000};
    bool ready = false;
    for (;;) {
        if (!ready && (ready = admin_ready(daemon->admin)))
            sd_notify(0, "READY=1");
        const int number = sigtimedwait(signals, NULL, ready ? &pause : &moment);
        if (number < 0 && errno != EAGAIN && errno != EINTR)
            return;
        if (number == SIGHUP) {
            sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_us());
            daemon_reread(daemon);
            sd_notify(0, "READY=1");
        } else if (number > 0) {
            log_info("stopping", log_integer("signal", number));
            return;
        }
        if (watched)
            daemon_vouch(daemon, watchdog_us);
    }
}

/* Each client is a file; fewer clients than configured is better than none let in once files have run out. */
static void connections_tell(const struct daemon *daemon, const struct config *config)
{
    const size_t most = loop_connections(config, daemon->loop_count);
    if (most < (size_t)config->connections_max)
        log_info("connections_limited", log_integer("connections_max", config->connections_max), log_integer("allowed", (long long)most),
                 log_text("by", "the number of files this process may open (LimitNOFILE of its service)"));
}

static int daemon_run(struct daemon *daemon, const struct config *config, const sigset_t *signals)
{
    int status = COMMAND_FAILED;
    explorer_load(config->swagger_ui);
    if (key_fits(config) && service_start(&daemon->service, config) && daemon_start(daemon, config)) {
        log_info("serving", log_text("address", daemon->handed ? "handed over" : config->listen), log_integer("port", daemon->port),
                 log_integer("admin_port", daemon->admin_port), log_integer("loops", (long long)daemon->loop_count),
                 log_integer("operations", (long long)daemon->service.contract.count));
        connections_tell(daemon, config);
        daemon_wait(daemon, signals);
        daemon_drain(daemon, config->drain_seconds);
        status = COMMAND_OK;
    }
    daemon_stop(daemon);
    service_release(&daemon->service);
    explorer_release();
    return status;
}

/* Shells allow a process a thousand files unless it asks for more; every client is one. */
static bool files_allow(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return true;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur > FILES_LEAST)
        return true;
    fprintf(stderr, "welcomed: this process may open %llu files (RLIMIT_NOFILE), and needs more than %d\n",
            (unsigned long long)limit.rlim_cur, FILES_LEAST);
    return false;
}

int command_serve(const struct config *config, int argc, char **argv)
{
    sigset_t signals;
    (void)argv;
    if (argc > 1) {
        fputs("usage: welcomed serve\n", stderr);
        return COMMAND_USAGE;
    }
    struct daemon *daemon = calloc(1, sizeof *daemon);
    if (!daemon)
        return COMMAND_FAILED;
    daemon->listen_fd = -1;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* inherited by every thread; sigwait() takes them */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* writing beyond a limit fails like writing to a full disk */
    const int status = files_allow() ? daemon_run(daemon, config, &signals) : COMMAND_FAILED;
    daemon_forget(daemon);
    free(daemon);
    return status;
}
