/* SPDX-License-Identifier: EUPL-1.2
 * Generations of topics, and the listener: what it cannot have heard must not be trusted, so it asks for an answer every second. */
#include "topic.h"

#include "database.h"
#include "log.h"
#include "watch.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "banned.h"

#define PROBE_MS 1000 /* between two questions whether the connection lives */

struct topics {
    const struct config *config;
    const struct contract *contract;
    atomic_uint_fast64_t generations[TOPICS_MAX];
    atomic_int_fast64_t heard; /* µs: when the last question was sent that was answered; 0: nobody listens */
    atomic_uint_fast64_t voided, lost;
    atomic_bool stopping;
    int wake; /* eventfd that ends the listener's poll */
    pthread_t thread;
};

uint64_t topics_generation(const struct topics *topics, unsigned which)
{
    uint64_t sum = 0; /* each only grows */
    for (size_t i = 0; i < topics->contract->topic_count; i++)
        if (which & 1u << i)
            sum += atomic_load_explicit(&topics->generations[i], memory_order_acquire);
    return sum;
}

bool topics_heard(const struct topics *topics, int64_t now)
{
    const int64_t heard = atomic_load_explicit(&topics->heard, memory_order_acquire);
    return heard && now - heard < TOPICS_TRUST;
}

void topics_void(struct topics *topics, unsigned which)
{
    for (size_t i = 0; i < topics->contract->topic_count; i++)
        if (which & 1u << i) {
            atomic_fetch_add_explicit(&topics->generations[i], 1, memory_order_acq_rel);
            atomic_fetch_add_explicit(&topics->voided, 1, memory_order_relaxed);
        }
}

void topics_void_all(struct topics *topics)
{
    topics_void(topics, TOPIC_MANY - 1);
}

unsigned topics_named(const struct topics *topics, const char *name)
{
    for (size_t i = 0; i < topics->contract->topic_count; i++)
        if (strcmp(topics->contract->topics[i], name) == 0)
            return 1u << i;
    return 0;
}

struct topics_figures topics_figures(const struct topics *topics)
{
    return (struct topics_figures){
        .voided = atomic_load_explicit(&topics->voided, memory_order_relaxed),
        .lost = atomic_load_explicit(&topics->lost, memory_order_relaxed),
        .heard = topics_heard(topics, clock_us()),
    };
}

static void listener_wait(const struct topics *topics, const PGconn *db, int milliseconds)
{
    struct pollfd fds[] = {{.fd = topics->wake, .events = POLLIN}, {.fd = db ? PQsocket(db) : -1, .events = POLLIN}};
    poll(fds, 2, milliseconds);
}

static void notifications_take(struct topics *topics, PGconn *db)
{
    for (PGnotify *notify; (notify = PQnotifies(db)) != NULL; PQfreemem(notify))
        topics_void(topics, topics_named(topics, notify->extra));
}

/* Takes what has come: notifications first, since they were sent before the answer they arrived with, and again those that libpq found
 * behind it: no byte of the socket would tell of them. */
static bool listener_read(struct topics *topics, PGconn *db, int64_t *asked)
{
    if (!PQconsumeInput(db))
        return false;
    notifications_take(topics, db);
    while (*asked && !PQisBusy(db)) {
        PGresult *result = PQgetResult(db);
        if (!result) {
            atomic_store_explicit(&topics->heard, *asked, memory_order_release);
            *asked = 0;
        }
        PQclear(result);
    }
    notifications_take(topics, db);
    return PQstatus(db) == CONNECTION_OK;
}

/* Until the connection is lost, no longer answers, or all must stop. */
static void listener_serve(struct topics *topics, PGconn *db)
{
    int64_t asked = 0, next = 0;
    while (!atomic_load(&topics->stopping)) {
        const int64_t now = clock_us();
        if (!asked && now >= next) {
            if (!PQsendQuery(db, "SELECT"))
                return;
            asked = now;
            next = now + PROBE_MS * INT64_C(1000);
        }
        if (!listener_read(topics, db, &asked)) /* before it is judged: this machine may have stood still itself */
            return;
        if (asked && now - asked > TOPICS_TRUST)
            return;
        listener_wait(topics, db, PROBE_MS);
    }
}

/* What was missed while nobody listened is unknown, so everything is void with each new connection. */
static void listener_connected(struct topics *topics, PGconn *db)
{
    topics_void_all(topics);
    listener_serve(topics, db);
    atomic_store_explicit(&topics->heard, 0, memory_order_release);
    if (atomic_load(&topics->stopping))
        return;
    char error[200];
    database_error(db, error, sizeof error);
    atomic_fetch_add_explicit(&topics->lost, 1, memory_order_relaxed);
    log_warning("cache_listener_lost", log_text("error", error));
}

static void *listener_main(void *argument)
{
    struct topics *topics = argument;
    int backoff = 0; /* milliseconds; the first reconnect is at once */
    while (!atomic_load(&topics->stopping)) {
        PGconn *db = database_connect_daemon(topics->config);
        if (db && PQstatus(db) == CONNECTION_OK && database_do(db, "LISTEN welcome")) {
            backoff = 0;
            listener_connected(topics, db);
        }
        PQfinish(db);
        listener_wait(topics, NULL, backoff);
        backoff = backoff ? 1000 : 100;
    }
    return NULL;
}

struct topics *topics_start(const struct config *config, const struct contract *contract)
{
    struct topics *topics = calloc(1, sizeof *topics);
    if (!topics)
        return NULL;
    topics->config = config;
    topics->contract = contract;
    topics->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (topics->wake >= 0 && pthread_create(&topics->thread, NULL, listener_main, topics) == 0)
        return topics;
    if (topics->wake >= 0)
        close(topics->wake);
    free(topics);
    return NULL;
}

void topics_stop(struct topics *topics)
{
    if (!topics)
        return;
    atomic_store(&topics->stopping, true);
    eventfd_write(topics->wake, 1);
    pthread_join(topics->thread, NULL);
    close(topics->wake);
    free(topics);
}
