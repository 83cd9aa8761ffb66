/* SPDX-License-Identifier: EUPL-1.2
 * A round from snapshot to proposals. Nothing is written that is not proved; what is written is one transaction. */
#include "matching_round.h"

#include "database.h"
#include "identity.h"
#include "log.h"
#include "sql_type.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

enum { TRIES = 5 };

static bool round_fail(struct round *round, PGconn *db)
{
    database_error(db, round->error, sizeof round->error);
    return false;
}

bool round_solve(struct round *round)
{
    if (round->requests == 0 || round->guides == 0)
        return true;
    round->solved = matching_solve(&round->instance, NULL, &round->result);
    if (!round->solved)
        snprintf(round->error, sizeof round->error, "out of memory");
    return round->solved;
}

bool round_proved(const struct round *round, struct matching_certificate *certificate)
{
    *certificate = (struct matching_certificate){.primal = true, .dual = true, .slackness = true, .clean = true};
    if (round->solved)
        matching_certify(&round->instance, &round->result, certificate);
    return certificate->clean;
}

uint32_t round_placed(const struct round *round)
{
    return round->solved ? round->result.placed : 0;
}

const struct matching_edge *round_edge(const struct round *round, uint32_t request)
{
    return round->solved && round->result.edge_of[request] >= 0 ? &round->instance.edges[round->result.edge_of[request]] : NULL;
}

json_t *round_certificate(const struct matching_certificate *certificate)
{
    return json_pack("{s:b,s:b,s:b,s:b,s:I,s:I,s:s?}", "clean", certificate->clean, "primal", certificate->primal, "dual", certificate->dual,
                     "slackness", certificate->slackness, "parts", (json_int_t)certificate->parts, "pairs",
                     (json_int_t)certificate->checked, "fault", certificate->fault[0] ? certificate->fault : NULL);
}

/* A version as JSON. */
static json_t *version_json(const char *version)
{
    return version ? json_integer(strtoll(version, NULL, 10)) : json_null();
}

json_t *round_figures(const struct round *round)
{
    struct matching_certificate certificate;
    round_proved(round, &certificate);
    return json_pack("{s:s?,s:I,s:b,s:s,s:o,s:o,s:s?,s:s?,s:I,s:I,s:I,s:I,s:o}", "id", round->id[0] ? round->id : NULL, "seed",
                     (json_int_t)round->instance.seed, "second", round->second, "digest", round->digest, "weights",
                     version_json(round->weights), "prices", version_json(round->prices), "started_by", round->started_by, "started_at",
                     round->started_at, "requests", (json_int_t)round->requests, "guides", (json_int_t)round->guides, "pairs",
                     (json_int_t)round->pairs, "placed", (json_int_t)round_placed(round), "certificate", round_certificate(&certificate));
}

json_t *round_pairs(const struct round *round)
{
    json_t *pairs = json_array();
    for (uint32_t i = 0; pairs && i < round->requests; i++) {
        const struct matching_edge *edge = round_edge(round, i);
        if (!edge)
            continue;
        json_t *second = round->result.second_known[i] ? json_integer(round->result.second[i]) : json_null();
        json_t *pair = json_pack("{s:s,s:s,s:i,s:o}", "request", round->instance.requests[i].id, "guide",
                                 round->instance.guides[edge->guide].id, "score", edge->score, "second_best", second);
        if (json_array_append_new(pairs, pair) != 0) {
            json_decref(pairs);
            return NULL;
        }
    }
    return pairs;
}

/* '{"..."}' of the requests that got nobody. */
static const char *unplaced_ids(struct round *round)
{
    size_t count = 0;
    const char **ids = arena_array(&round->arena, (size_t)round->requests + 1, sizeof *ids);
    for (uint32_t i = 0; ids && i < round->requests; i++)
        if (!round_edge(round, i))
            ids[count++] = round->solved ? round->instance.requests[i].id : round->waiting[i];
    return ids ? sql_text_array(ids, count, &round->arena) : NULL;
}

json_t *round_unplaced(struct round *round, PGconn *db)
{
    const char *ids = unplaced_ids(round);
    json_t *unplaced = ids ? json_array() : NULL;
    if (!unplaced || strcmp(ids, "{}") == 0)
        return unplaced;
    PGresult *rows = database_query(db, "SELECT coalesce(jsonb_agg(to_jsonb(w) ORDER BY w.request), '[]') FROM why_unplaced($1) w", 1, &ids);
    json_decref(unplaced);
    if (!rows) {
        round_fail(round, db);
        return NULL;
    }
    unplaced = json_loads(PQgetvalue(rows, 0, 0), 0, NULL);
    PQclear(rows);
    return unplaced;
}

/* Whether the same statement may succeed when it is sent again: serialization failure, deadlock. */
static bool may_try_again(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state && (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0);
}

static bool round_send(struct round *round, PGconn *db, const char *const *values, int *asked)
{
    for (int i = 0; i < TRIES; i++) {
        PGresult *result = PQexecParams(db, "SELECT write_round($1, $2, $3)", 3, NULL, values, NULL, NULL, 0);
        const bool done = PQresultStatus(result) == PGRES_TUPLES_OK, again = may_try_again(result);
        if (done)
            *asked = PQgetisnull(result, 0, 0) ? -1 : (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
        PQclear(result);
        if (done || !again)
            return done || round_fail(round, db);
    }
    return round_fail(round, db);
}

bool round_write(struct round *round, PGconn *db, json_t *unplaced, int *asked)
{
    struct matching_certificate certificate;
    if (!round_proved(round, &certificate)) {
        log_error("certificate_failed", log_text("round", round->id), log_text("fault", certificate.fault));
        snprintf(round->error, sizeof round->error, "the result is not proved: %s", certificate.fault);
        return false;
    }
    json_t *figures = round_figures(round), *pairs = round_pairs(round);
    char *texts[] = {figures ? json_dumps(figures, 0) : NULL, pairs ? json_dumps(pairs, 0) : NULL, json_dumps(unplaced, 0)};
    const char *const values[] = {texts[0], texts[1], texts[2]};
    bool written = texts[0] && texts[1] && texts[2];
    if (!written)
        snprintf(round->error, sizeof round->error, "out of memory");
    written = written && round_send(round, db, values, asked);
    for (int i = 0; i < 3; i++)
        free(texts[i]);
    json_decref(figures);
    json_decref(pairs);
    return written;
}

/* Everything that only reads sees one moment. */
static json_t *round_prepare(struct round *round, PGconn *db, int second_ask)
{
    json_t *unplaced = NULL;
    if (round_read(round, db, second_ask, round_seed(), NULL, 0) && round_solve(round))
        unplaced = round_unplaced(round, db);
    if (!unplaced && !round->error[0])
        snprintf(round->error, sizeof round->error, "out of memory");
    return unplaced;
}

bool round_run(struct round *round, PGconn *db, int second_ask, const char *started_by, int *asked)
{
    *asked = -1;
    *round = (struct round){0};
    if (!database_do(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        return round_fail(round, db);
    json_t *unplaced = round_prepare(round, db, second_ask);
    if (!database_do(db, unplaced ? "COMMIT" : "ROLLBACK") && unplaced) {
        json_decref(unplaced);
        return round_fail(round, db);
    }
    id_make(round->id);
    round->started_by = started_by;
    const bool done = unplaced && ((round->requests == 0 && !started_by) || round_write(round, db, unplaced, asked));
    json_decref(unplaced);
    return done;
}
