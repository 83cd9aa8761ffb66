/* SPDX-License-Identifier: EUPL-1.2
 * From the database's snapshot to the solver's: rows of pairs, sorted by request and guide, become guides, requests and edges. */
#include "matching_round.h"

#include "database.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

/* The columns of matching_snapshot(). */
enum column { REQUEST, CITY, WAITING_SINCE, GUIDE, PLACES, PRICE, PINNED, SCORE, TERMS, COLUMNS = TERMS + MATCHING_CRITERIA };

/* What is known while reading. */
struct reading {
    struct round *round;
    const PGresult *rows;
    const struct round_hold *holds;
    size_t hold_count;
    uint32_t *pins;     /* by guide: so far */
    const char *pinned; /* the request that has a pin already */
};

static const char *cell(const struct reading *reading, int row, enum column column)
{
    return PQgetvalue(reading->rows, row, (int)column);
}

static int64_t number(const struct reading *reading, int row, int column)
{
    return strtoll(PQgetvalue(reading->rows, row, column), NULL, 10);
}

static bool reading_fail(struct reading *reading, const struct matching_fault *fault)
{
    snprintf(reading->round->error, ROUND_ERROR_MAX, "the snapshot cannot be matched: %s %s", fault->pointer, matching_fault_text(fault->code));
    return false;
}

uint64_t round_seed(void)
{
    uint64_t seed;
    randombytes_buf(&seed, sizeof seed);
    return seed >> 11;
}

static const char *text_or_null(struct round *round, const PGresult *row, int column)
{
    return PQgetisnull(row, 0, column) ? NULL : arena_text(&round->arena, PQgetvalue(row, 0, column));
}

/* Which points and prices count, and when it is. */
static bool versions_read(struct round *round, PGconn *db, uint64_t seed)
{
    PGresult *row = database_query(db, "SELECT weights, prices, at, started_at FROM matching_versions()", 0, NULL);
    if (!row) {
        database_error(db, round->error, sizeof round->error);
        return false;
    }
    round->weights = text_or_null(round, row, 0);
    round->prices = text_or_null(round, row, 1);
    round->started_at = text_or_null(round, row, 3);
    matching_instance_init(&round->instance, seed, strtoll(PQgetvalue(row, 0, 2), NULL, 10));
    PQclear(row);
    return true;
}

static void digest_text(crypto_generichash_state *state, const char *text)
{
    crypto_generichash_update(state, (const unsigned char *)(text ? text : ""), strlen(text ? text : "") + 1);
}

static void digest_make(struct round *round, const PGresult *rows)
{
    crypto_generichash_state state;
    unsigned char hash[32];
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    digest_text(&state, round->weights);
    digest_text(&state, round->prices);
    for (int row = 0; row < PQntuples(rows); row++)
        for (int column = 0; column < COLUMNS; column++)
            digest_text(&state, PQgetvalue(rows, row, column));
    crypto_generichash_final(&state, hash, sizeof hash);
    sodium_bin2hex(round->digest, sizeof round->digest, hash, sizeof hash);
}

/* Rows of one request stand together; one without a pair has a row without a guide. Who came after versions_read() asked when it is
 * waits since then. */
static bool requests_add(struct reading *reading)
{
    struct round *round = reading->round;
    struct matching_fault fault;
    const int rows = PQntuples(reading->rows);
    round->waiting = arena_array(&round->arena, (size_t)rows + 1, sizeof *round->waiting);
    const char *last = "";
    for (int row = 0; round->waiting && row < rows; row++) {
        const char *id = cell(reading, row, REQUEST);
        if (strcmp(id, last) == 0)
            continue;
        last = id;
        const int64_t since = number(reading, row, WAITING_SINCE), now = round->instance.at;
        if (!matching_add_request(&round->instance, id, cell(reading, row, CITY), since < now ? since : now, NULL, &fault))
            return reading_fail(reading, &fault);
        if (!(round->waiting[round->requests++] = arena_text(&round->arena, id)))
            break;
    }
    if (!round->waiting || (round->requests && !round->waiting[round->requests - 1])) {
        snprintf(round->error, sizeof round->error, "out of memory");
        return false;
    }
    return true;
}

struct guide_row {
    const char *id;
    int row;
};

static int guide_compare(const void *a, const void *b)
{
    return strcmp(((const struct guide_row *)a)->id, ((const struct guide_row *)b)->id);
}

/* Each guide stands in the row of every pair; once is enough. */
static bool guides_add(struct reading *reading)
{
    struct matching_fault fault;
    const int rows = PQntuples(reading->rows);
    size_t count = 0;
    struct guide_row *guides = calloc((size_t)rows + 1, sizeof *guides);
    if (!guides) {
        snprintf(reading->round->error, ROUND_ERROR_MAX, "out of memory");
        return false;
    }
    for (int row = 0; row < rows; row++)
        if (!PQgetisnull(reading->rows, row, GUIDE))
            guides[count++] = (struct guide_row){cell(reading, row, GUIDE), row};
    qsort(guides, count, sizeof *guides, guide_compare);
    bool added = true;
    for (size_t i = 0; added && i < count; i++) {
        if (i > 0 && strcmp(guides[i].id, guides[i - 1].id) == 0)
            continue;
        added = matching_add_guide(&reading->round->instance, guides[i].id, number(reading, guides[i].row, PLACES),
                                   number(reading, guides[i].row, PRICE), &fault);
        reading->round->guides += added;
    }
    free(guides);
    return added || reading_fail(reading, &fault);
}

/* What is tried comes before what is stored. */
static enum matching_hold hold_wanted(const struct reading *reading, int row)
{
    const char *request = cell(reading, row, REQUEST), *guide = cell(reading, row, GUIDE);
    bool elsewhere = false;
    for (size_t i = 0; i < reading->hold_count; i++) {
        const struct round_hold *hold = &reading->holds[i];
        if (strcmp(hold->request, request) != 0)
            continue;
        if (strcmp(hold->guide, guide) == 0)
            return hold->hold;
        elsewhere |= hold->hold == MATCHING_PINNED;
    }
    return *cell(reading, row, PINNED) == 't' && !elsewhere ? MATCHING_PINNED : MATCHING_FREE;
}

/* A second pin of a request and one beyond a guide's places wish for what cannot be: the first counts. */
static enum matching_hold hold_of(struct reading *reading, int row, int64_t guide)
{
    const enum matching_hold hold = hold_wanted(reading, row);
    if (hold != MATCHING_PINNED)
        return hold;
    const char *request = cell(reading, row, REQUEST);
    if ((reading->pinned && strcmp(reading->pinned, request) == 0) || reading->pins[guide] >= (uint32_t)number(reading, row, PLACES))
        return MATCHING_FREE;
    reading->pinned = request;
    reading->pins[guide]++;
    return hold;
}

static bool edges_add(struct reading *reading)
{
    struct matching_instance *instance = &reading->round->instance;
    struct matching_fault fault;
    for (int row = 0; row < PQntuples(reading->rows); row++) {
        if (PQgetisnull(reading->rows, row, GUIDE))
            continue;
        int64_t terms[MATCHING_CRITERIA];
        for (int i = 0; i < MATCHING_CRITERIA; i++)
            terms[i] = number(reading, row, TERMS + i);
        const int64_t guide = matching_find_guide(instance, cell(reading, row, GUIDE));
        const int64_t request = matching_find_request(instance, cell(reading, row, REQUEST));
        if (guide < 0 || request < 0 ||
            !matching_add_edge(instance, request, guide, number(reading, row, SCORE), hold_of(reading, row, guide), terms, &fault))
            return reading_fail(reading, &fault);
        reading->round->pairs++;
    }
    return true;
}

/* The rest once all requests and guides are there: a snapshot without one of them has nothing to match, which is no fault. */
static bool instance_fill(struct reading *reading)
{
    struct round *round = reading->round;
    struct matching_fault fault;
    if (!requests_add(reading) || !guides_add(reading))
        return false;
    if (round->requests == 0 || round->guides == 0)
        return true;
    reading->pins = arena_array(&round->arena, round->guides, sizeof *reading->pins);
    if (!reading->pins) {
        snprintf(round->error, sizeof round->error, "out of memory");
        return false;
    }
    if (!matching_index(&round->instance, &fault))
        return reading_fail(reading, &fault);
    if (!edges_add(reading))
        return false;
    return matching_close(&round->instance, &fault) || reading_fail(reading, &fault);
}

bool round_read(struct round *round, PGconn *db, int second_ask, uint64_t seed, const struct round_hold *holds, size_t count)
{
    char hours[12];
    const char *values[] = {hours};
    *round = (struct round){.second = second_ask > 0};
    arena_init(&round->arena, 0);
    matching_instance_init(&round->instance, seed, 0);
    snprintf(hours, sizeof hours, "%d", second_ask);
    if (!versions_read(round, db, seed))
        return false;
    PGresult *rows = database_query(db,
                                    "SELECT request, city, waiting_since, guide, places, price, pinned, score, preferred, language, near,"
                                    " audience, topics, gender, load, recent, worth FROM matching_snapshot($1)", 1, values);
    if (!rows) {
        database_error(db, round->error, sizeof round->error);
        return false;
    }
    digest_make(round, rows);
    struct reading reading = {.round = round, .rows = rows, .holds = holds, .hold_count = count};
    const bool filled = instance_fill(&reading);
    PQclear(rows);
    return filled;
}

void round_release(struct round *round)
{
    if (round->solved)
        matching_result_release(&round->result);
    matching_instance_release(&round->instance);
    arena_release(&round->arena);
    *round = (struct round){0};
}
