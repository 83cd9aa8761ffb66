/* SPDX-License-Identifier: EUPL-1.2
 * Figures of the whole service: a job asks the database for them, so that whoever reads them waits for nobody. */
#include "figures.h"

#include "jobs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "banned.h"

enum { FIGURES_MAX = 256, LABEL_BYTES = 40 };

/* What figures() may answer, in the order it is written; label NULL: it has none. */
static const struct kind {
    const char *name, *label, *help;
} KINDS[] = {
    {"outbox_mails", "state", "Mails that wait, wait after a failure (tried) or were given up (dead)."},
    {"outbox_oldest_seconds", NULL, "Age of the oldest mail that waits."},
    {"job_done_timestamp_seconds", "name", "When the job was done last by any daemon, by the database's clock; told once a minute."},
    {"job_done_age_seconds", "name", "How long ago that was, by the same clock."},
    {"guide_requests_waiting", NULL, "Guide requests that nobody is asked for."},
    {"guide_requests_oldest_seconds", NULL, "How long the oldest of them has waited."},
    {"round_timestamp_seconds", NULL, "When the newest round of the matching that is kept ended."},
    {"round_seconds", NULL, "How long it took."},
    {"round_requests", "what", "Its requests: looked at, placed by the solution, proposed."},
    {"service_clocks", "clock", "Service requests at offices whose clock runs, is late, or is stopped until the asker answers."},
    {"service_latest_seconds", NULL, "How late the latest of them is."},
    {"audit_unsealed_seconds", NULL, "Age of the oldest record of the audit without a seal."},
    {"database_connections", NULL, "Connections the database server has, of everybody."},
    {"database_connections_max", NULL, "How many it takes (max_connections)."},
};
enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

struct figure {
    size_t kind;
    char label[LABEL_BYTES];
    double value;
};

static struct {
    pthread_mutex_t lock;
    struct figure figures[FIGURES_MAX];
    size_t count;
    double asked_at; /* 0: never */
    double skew;     /* seconds the database's clock is ahead of ours */
} newest = {.lock = PTHREAD_MUTEX_INITIALIZER};

static double now_real(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t kind_of(const char *name)
{
    size_t kind = 0;
    while (kind < KIND_COUNT && strcmp(KINDS[kind].name, name) != 0)
        kind++;
    return kind;
}

/* Labels are states and names of jobs: words. What is none would break the format. */
static bool label_fits(const char *label)
{
    const size_t length = strlen(label);
    return length < LABEL_BYTES && strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

static void figures_take(const PGresult *rows, double skew)
{
    pthread_mutex_lock(&newest.lock);
    newest.count = 0;
    for (int i = 0; i < PQntuples(rows) && newest.count < FIGURES_MAX; i++) {
        const size_t kind = kind_of(PQgetvalue(rows, i, 0));
        const char *label = PQgetvalue(rows, i, 1), *value = database_value(rows, i, 2);
        if (kind == KIND_COUNT || !label_fits(label) || !value)
            continue;
        struct figure *figure = &newest.figures[newest.count++];
        *figure = (struct figure){.kind = kind, .value = strtod(value, NULL)};
        memcpy(figure->label, label, strlen(label) + 1);
    }
    newest.asked_at = now_real();
    newest.skew = skew;
    pthread_mutex_unlock(&newest.lock);
}

/* The database's clock is read in the middle of a round trip. */
static bool skew_measure(PGconn *db, double *skew)
{
    const double before = now_real();
    PGresult *result = database_query(db, "SELECT extract(epoch FROM clock_timestamp())", 0, NULL);
    const double after = now_real();
    if (result)
        *skew = strtod(PQgetvalue(result, 0, 0), NULL) - (before + after) / 2;
    PQclear(result);
    return result != NULL;
}

static bool figures_run(struct job_run *run)
{
    double skew = 0;
    PGresult *rows = skew_measure(run->db, &skew) ? database_query(run->db, "SELECT figure, label, value FROM figures()", 0, NULL) : NULL;
    if (rows)
        figures_take(rows, skew);
    PQclear(rows);
    return rows != NULL;
}

static void kind_write(struct buffer *out, size_t kind)
{
    bool told = false;
    for (size_t i = 0; i < newest.count; i++) {
        const struct figure *figure = &newest.figures[i];
        const struct kind *is = &KINDS[kind];
        if (figure->kind != kind)
            continue;
        if (!told)
            buffer_printf(out, "# HELP welcome_%s %s\n# TYPE welcome_%s gauge\n", is->name, is->help, is->name);
        told = true;
        if (is->label)
            buffer_printf(out, "welcome_%s{%s=\"%s\"} %.15g\n", is->name, is->label, figure->label, figure->value);
        else
            buffer_printf(out, "welcome_%s %.15g\n", is->name, figure->value);
    }
}

void figures_write(struct buffer *out)
{
    pthread_mutex_lock(&newest.lock);
    for (size_t kind = 0; newest.asked_at > 0 && kind < KIND_COUNT; kind++)
        kind_write(out, kind);
    if (newest.asked_at > 0)
        buffer_printf(out, "# HELP welcome_figures_timestamp_seconds When this daemon asked the database for figures last.\n"
                           "# TYPE welcome_figures_timestamp_seconds gauge\nwelcome_figures_timestamp_seconds %.15g\n"
                           "# HELP welcome_database_clock_ahead_seconds How far the database's clock is ahead of this host's.\n"
                           "# TYPE welcome_database_clock_ahead_seconds gauge\nwelcome_database_clock_ahead_seconds %.6f\n",
                      newest.asked_at, newest.skew);
    pthread_mutex_unlock(&newest.lock);
}

const struct job FIGURES_JOB = {.name = "figures", .pause = job_pause, .run = figures_run};
