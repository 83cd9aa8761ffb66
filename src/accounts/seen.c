/* SPDX-License-Identifier: EUPL-1.2
 * Whose data staff were shown: reads run on links that cannot write, so they are noted in a table in memory, which a job empties. */
#include "seen.h"

#include "log.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "banned.h"

enum { SLOTS = 2 * SEEN_MAX, ID_BYTES = 37 };

struct seen {
    const char *action, *kind; /* static; action NULL: a free slot */
    char account[ID_BYTES], thing[ID_BYTES];
};

/* What shows somebody's data, and where the thing's id stands: a column, or NULL for the path's {id}. */
static const struct shown {
    const char *operation, *action, *kind, *column;
} SHOWN[] = {
    {"get_staff_guide", "saw", "guide", "id"},
    {"get_guide_request", "saw", "guide_request", "id"},
    {"get_proposal", "saw", "proposal", "id"},
    {"get_match", "saw", "match", "id"},
    {"get_report", "saw", "report", "id"},
    {"get_service_request", "saw", "service_request", "id"},
    {"get_service_request_attachment", "saw", "service_request", NULL},
    {"list_service_request_events", "saw", "service_request", NULL},
    {"get_appointment", "saw", "appointment", "id"},
    {"get_appointment_calendar", "saw", "service_request", NULL},
    {"list_staff_guides", "listed", "guide", "id"},
    {"list_candidates", "listed", "guide", "guide.id"},
    {"list_guide_requests", "listed", "guide_request", "id"},
    {"list_proposals", "listed", "proposal", "id"},
    {"list_matches", "listed", "match", "id"},
    {"list_reports", "listed", "report", "id"},
    {"list_service_requests", "listed", "service_request", "id"},
    {"list_appointments", "listed", "appointment", "id"},
    {"list_accounts", "listed", "account", "id"},
    {"list_bars", "listed", "bar", "id"},
};

static struct {
    pthread_mutex_t lock;
    size_t used, lost;
    struct seen slots[SLOTS]; /* open addressing */
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t hash_of(size_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * (size_t)1099511628211u;
    return hash;
}

/* Under the lock. The same once more changes nothing. */
static void seen_add(const char *action, const char *kind, const char *account, const char *thing)
{
    size_t at = hash_of(hash_of(hash_of((size_t)14695981039346656037u, action), account), thing) % SLOTS;
    for (; table.slots[at].action; at = (at + 1) % SLOTS)
        if (strcmp(table.slots[at].action, action) == 0 && strcmp(table.slots[at].account, account) == 0 &&
            strcmp(table.slots[at].thing, thing) == 0)
            return;
    if (table.used == SEEN_MAX) {
        table.lost++;
        return;
    }
    struct seen *seen = &table.slots[at];
    *seen = (struct seen){.action = action, .kind = kind};
    snprintf(seen->account, sizeof seen->account, "%s", account);
    snprintf(seen->thing, sizeof seen->thing, "%s", thing);
    table.used++;
}

static const struct shown *shown_find(const char *operation)
{
    for (size_t i = 0; i < sizeof SHOWN / sizeof *SHOWN; i++)
        if (strcmp(SHOWN[i].operation, operation) == 0)
            return &SHOWN[i];
    return NULL;
}

void seen_note(const struct request *request, const char *account, const PGresult *rows)
{
    const struct shown *shown = shown_find(request_operation(request));
    if (!shown)
        return;
    const int count = shown->column ? request_shown(request, rows) : 1;
    pthread_mutex_lock(&table.lock);
    for (int i = 0; i < count; i++) {
        const char *thing = shown->column ? row_text(rows, i, shown->column) : json_string_value(request_parameter(request, "id"));
        if (thing && strlen(thing) < ID_BYTES)
            seen_add(shown->action, shown->kind, account, thing);
    }
    pthread_mutex_unlock(&table.lock);
}

bool seen_waiting(void)
{
    pthread_mutex_lock(&table.lock);
    const bool waiting = table.used > 0 || table.lost > 0;
    pthread_mutex_unlock(&table.lock);
    return waiting;
}

/* Empties the table; returns how many notes are in taken. */
static size_t seen_take(struct seen taken[SEEN_MAX], size_t *lost)
{
    size_t count = 0;
    pthread_mutex_lock(&table.lock);
    for (size_t i = 0; table.used > 0 && i < SLOTS; i++)
        if (table.slots[i].action)
            taken[count++] = table.slots[i];
    memset(table.slots, 0, sizeof table.slots);
    *lost = table.lost;
    table.used = table.lost = 0;
    pthread_mutex_unlock(&table.lock);
    return count;
}

static void seen_put_back(const struct seen *taken, size_t count)
{
    pthread_mutex_lock(&table.lock);
    for (size_t i = 0; i < count; i++)
        seen_add(taken[i].action, taken[i].kind, taken[i].account, taken[i].thing);
    pthread_mutex_unlock(&table.lock);
}

bool seen_hand_over(PGconn *db)
{
    static struct seen taken[SEEN_MAX]; /* one at a time: the job, and the end of the program when the job has ended */
    size_t lost;
    const size_t count = seen_take(taken, &lost);
    struct buffer json;
    if (lost > 0)
        log_error("seen_lost", log_integer("count", (long long)lost));
    if (count == 0)
        return true;
    buffer_init(&json);
    for (size_t i = 0; i < count; i++) /* words of ours and ids: nothing to escape */
        buffer_printf(&json, "%c{\"actor\":\"%s\",\"action\":\"%s\",\"kind\":\"%s\",\"thing\":\"%s\"}", i ? ',' : '[', taken[i].account,
                      taken[i].action, taken[i].kind, taken[i].thing);
    buffer_putc(&json, ']');
    const char *text = buffer_text(&json);
    PGresult *result = text ? database_query(db, "SELECT record_seen($1)", 1, &text) : NULL;
    if (!result)
        seen_put_back(taken, count);
    PQclear(result);
    buffer_release(&json);
    return result != NULL;
}
