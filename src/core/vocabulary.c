/* SPDX-License-Identifier: EUPL-1.2
 * The words of the reference data in memory: sorted lists, replaced as a whole. */
#include "vocabulary.h"

#include "log.h"
#include "schema.h"
#include "text.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "banned.h"

struct words {
    struct words *older; /* kept until the end: a reader may still be looking, and replacing is rare */
    PGresult *result;    /* kind, word, title in English, in German; sorted by kind and word */
    int first[VOCABULARY_COUNT + 1];
};

static _Atomic(struct words *) current;

static const char *const NAMES[VOCABULARY_COUNT] = {"city", "language", "topic", "audience", "stage", "country"};
static const char *const FAULTS[VOCABULARY_COUNT] = {"unknown_city", "unknown_language", "unknown_topic", "unknown_audience",
                                                     "unknown_stage", "unknown_country"};
static const enum vocabulary KINDS[VOCABULARY_COUNT] = {VOCABULARY_CITY, VOCABULARY_LANGUAGE, VOCABULARY_TOPIC, VOCABULARY_AUDIENCE,
                                                        VOCABULARY_STAGE, VOCABULARY_COUNTRY};

static int word_compare(const char *stored, const char *word, size_t length)
{
    const int order = strncasecmp(stored, word, length);
    return order ? order : stored[length] != '\0';
}

/* The row of a word; -1 when there is none. */
static int word_row(const struct words *words, enum vocabulary kind, const char *word, size_t length)
{
    int low = words ? words->first[kind] : 0, high = words ? words->first[kind + 1] : 0;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        const char *stored = PQgetvalue(words->result, middle, 1);
        const int order = word_compare(stored, word, length);
        if (order == 0) /* only language tags compare without case (RFC 5646 §2.1.1) */
            return kind == VOCABULARY_LANGUAGE || strncmp(stored, word, length) == 0 ? middle : -1;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

const char *vocabulary_find(enum vocabulary kind, const char *word, size_t length)
{
    const struct words *words = atomic_load_explicit(&current, memory_order_acquire);
    const int row = word_row(words, kind, word, length);
    return row < 0 ? NULL : PQgetvalue(words->result, row, 1);
}

const char *vocabulary_title(enum vocabulary kind, const char *word, const char *language)
{
    const struct words *words = atomic_load_explicit(&current, memory_order_acquire);
    const int row = word_row(words, kind, word, strlen(word));
    return row < 0 ? word : PQgetvalue(words->result, row, strcmp(text_language(language), "de") == 0 ? 3 : 2);
}

bool vocabulary_knows(enum vocabulary kind, const char *word, size_t length)
{
    const char *stored = vocabulary_find(kind, word, length);
    return stored && strncmp(stored, word, length) == 0;
}

static bool word_known(const char *text, size_t length, const void *context)
{
    return vocabulary_knows(*(const enum vocabulary *)context, text, length);
}

bool vocabulary_register(void)
{
    bool registered = true;
    for (size_t i = 0; i < VOCABULARY_COUNT; i++)
        registered = format_register(NAMES[i], word_known, &KINDS[i], FAULTS[i]) && registered;
    return registered;
}

/* The same words again are not worth keeping twice. */
static bool words_equal(const PGresult *a, const PGresult *b)
{
    bool equal = PQntuples(a) == PQntuples(b);
    for (int i = 0; equal && i < 4 * PQntuples(a); i++)
        equal = strcmp(PQgetvalue(a, i / 4, i % 4), PQgetvalue(b, i / 4, i % 4)) == 0;
    return equal;
}

bool vocabulary_load(PGconn *db)
{
    PGresult *result = PQexec(db, "SELECT k.n, k.word, k.en, k.de FROM ("
                                  "SELECT 0 AS n, slug AS word, coalesce(name_en, name) AS en, name AS de FROM city "
                                  "UNION ALL SELECT 1, tag, name_en, name_de FROM language "
                                  "UNION ALL SELECT 2, slug, title ->> 'en', title ->> 'de' FROM topic "
                                  "UNION ALL SELECT 3, slug, title ->> 'en', title ->> 'de' FROM audience "
                                  "UNION ALL SELECT 4, slug, title ->> 'en', title ->> 'de' FROM stage "
                                  "UNION ALL SELECT 5, code, name_en, name_de FROM country"
                                  ") k ORDER BY k.n, lower(k.word) COLLATE \"C\"");
    struct words *older = atomic_load(&current);
    if (PQresultStatus(result) != PGRES_TUPLES_OK || (older && words_equal(older->result, result))) {
        const bool same = PQresultStatus(result) == PGRES_TUPLES_OK;
        if (!same)
            log_error("vocabulary_unreadable", log_text("sqlstate", PQresultErrorField(result, PG_DIAG_SQLSTATE)));
        PQclear(result);
        return same;
    }
    struct words *words = calloc(1, sizeof *words);
    if (!words) {
        PQclear(result);
        return false;
    }
    words->result = result;
    words->older = older;
    for (int row = 0; row < PQntuples(result); row++)
        for (int kind = PQgetvalue(result, row, 0)[0] - '0' + 1; kind <= VOCABULARY_COUNT; kind++)
            words->first[kind] = row + 1;
    atomic_store_explicit(&current, words, memory_order_release);
    return true;
}

void vocabulary_release(void)
{
    struct words *words = atomic_exchange(&current, NULL);
    while (words) {
        struct words *older = words->older;
        PQclear(words->result);
        free(words);
        words = older;
    }
}
