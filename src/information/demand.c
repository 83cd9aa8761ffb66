/* SPDX-License-Identifier: EUPL-1.2
 * Counts of what readers ask for in vain: a small table in memory, which a job empties into the database. */
#include "demand.h"

#include "jobs.h"
#include "letter.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "banned.h"

enum { COUNTS_MAX = 1024, KEY_LETTERS_MAX = 60, KEY_BYTES = 4 * KEY_LETTERS_MAX + 1, LANGUAGE_BYTES = 36, DIGITS_MAX = 3 };

struct demand {
    const char *what; /* static */
    char key[KEY_BYTES], language[LANGUAGE_BYTES];
    int count;
};

/* What comes when it is full is not counted. */
static struct {
    pthread_mutex_t lock;
    size_t used;
    struct demand counts[COUNTS_MAX];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void demand_add(const char *what, const char *key, const char *language, int count)
{
    size_t i = 0;
    pthread_mutex_lock(&table.lock);
    while (i < table.used && (strcmp(table.counts[i].what, what) != 0 || strcmp(table.counts[i].key, key) != 0 ||
                              strcmp(table.counts[i].language, language) != 0))
        i++;
    if (i < table.used) {
        table.counts[i].count += table.counts[i].count < 1000000 ? count : 0;
    } else if (i < COUNTS_MAX) {
        struct demand *fresh = &table.counts[table.used++];
        fresh->what = what;
        snprintf(fresh->key, sizeof fresh->key, "%s", key);
        snprintf(fresh->language, sizeof fresh->language, "%s", language);
        fresh->count = count;
    }
    pthread_mutex_unlock(&table.lock);
}

void demand_read(struct request *request, const PGresult *rows)
{
    const char *fallback = row_text(rows, 0, "language.fallback"), *id = row_text(rows, 0, "id");
    if (fallback && *fallback == 't' && id) {
        demand_add("article", id, row_text(rows, 0, "language.requested"), 1);
        request_fresh(request);
    }
}

/* The words in one form, small letters, single spaces. False: not to be counted. */
static bool words_normalize(const char *typed, char key[KEY_BYTES])
{
    UErrorCode status = U_ZERO_ERROR;
    UChar units[1024], folded[1024];
    char text[4096];
    int32_t length = 0;
    int at = 0, letters = 0, digits = 0;
    const UNormalizer2 *forms = unorm2_getNFKCCasefoldInstance(&status);
    u_strFromUTF8(units, 1024, &length, typed, -1, &status);
    length = forms && U_SUCCESS(status) ? unorm2_normalize(forms, units, length, folded, 1024, &status) : 0;
    u_strToUTF8(text, sizeof text, &length, folded, length, &status);
    for (int i = 0; U_SUCCESS(status) && i < length; letters++) {
        UChar32 c = letter_next(text, &i, length);
        digits += u_isdigit(c);
        if (c == '@' || letters >= KEY_LETTERS_MAX || digits > DIGITS_MAX)
            return false;
        if (!u_isalnum(c) && !(U_GET_GC_MASK(c) & U_GC_M_MASK))
            c = ' ';
        if ((c != ' ' || (at > 0 && key[at - 1] != ' ')) && !letter_put(key, &at, KEY_BYTES - 1, c))
            return false;
    }
    at -= at > 0 && key[at - 1] == ' ';
    key[at] = '\0';
    return U_SUCCESS(status) && at > 0;
}

/* Pages behind the first and searches among one kind or topic say nothing about what there is. */
void demand_search(struct request *request, const PGresult *rows)
{
    const char *matched = row_text(rows, 0, "matched"), *typed = json_string_value(request_parameter(request, "q"));
    char key[KEY_BYTES];
    if (!request_parameter(request, "after") && !request_parameter(request, "kind") && !request_parameter(request, "topic") &&
        (!matched || strcmp(matched, "some_words") == 0) && typed && words_normalize(typed, key))
        demand_add("search", key, request_language(request), 1);
}

static size_t demand_take(struct demand *counts)
{
    pthread_mutex_lock(&table.lock);
    const size_t used = table.used;
    memcpy(counts, table.counts, used * sizeof *counts);
    table.used = 0;
    pthread_mutex_unlock(&table.lock);
    return used;
}

static const char *demand_json(const struct demand *counts, size_t used, struct buffer *out)
{
    buffer_putc(out, '[');
    for (size_t i = 0; i < used; i++) {
        buffer_printf(out, "%s{\"what\":\"%s\",\"count\":%d,\"key\":", i ? "," : "", counts[i].what, counts[i].count);
        buffer_json_text(out, counts[i].key);
        buffer_puts(out, ",\"language\":");
        buffer_json_text(out, counts[i].language);
        buffer_putc(out, '}');
    }
    buffer_putc(out, ']');
    return buffer_text(out);
}

/* What could not be handed over is counted again. */
static bool demand_run(struct job_run *run)
{
    static struct demand counts[COUNTS_MAX]; /* one job, one thread */
    const size_t used = demand_take(counts);
    struct buffer json;
    if (used == 0)
        return true;
    buffer_init(&json);
    const char *text = demand_json(counts, used, &json);
    PGresult *result = text ? database_query(run->db, "SELECT count_demand($1)", 1, &text) : NULL;
    const bool done = result != NULL;
    PQclear(result);
    buffer_release(&json);
    for (size_t i = 0; !done && i < used; i++)
        demand_add(counts[i].what, counts[i].key, counts[i].language, counts[i].count);
    return done;
}

const struct job DEMAND_JOB = {.name = "demand", .pause = job_pause, .run = demand_run};
