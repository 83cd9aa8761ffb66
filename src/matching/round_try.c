/* SPDX-License-Identifier: EUPL-1.2
 * A dry run: two rounds on one snapshot, with what is stored and with what is tried, in a transaction that cannot write. */
#include "matching_round.h"

#include "database.h"
#include "sql_type.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

/* Points for the rest of the transaction; weights_now() reads them. */
static const char TRY_WEIGHTS[] =
    "SELECT set_config('welcome.weights', ($1::jsonb || jsonb_build_object('least_level', level_rank($1::jsonb ->> 'least_level')))::text, true)";

static const char TERMS[] = "SELECT coalesce(jsonb_object_agg(request, terms), '{}') FROM terms_of_pairs($1, $2)";

static bool round_fail(struct round *round, PGconn *db)
{
    database_error(db, round->error, sizeof round->error);
    return false;
}

static json_t *reference(const char *id)
{
    return json_pack("{s:s}", "id", id);
}

/* {"<request>": [terms]} of the chosen pairs. */
static json_t *terms_read(struct round *round, PGconn *db)
{
    size_t count = 0;
    const char **requests = arena_array(&round->arena, (size_t)round->requests + 1, sizeof *requests);
    const char **guides = arena_array(&round->arena, (size_t)round->requests + 1, sizeof *guides);
    for (uint32_t i = 0; requests && guides && i < round->requests; i++) {
        const struct matching_edge *edge = round_edge(round, i);
        if (edge) {
            requests[count] = round->instance.requests[i].id;
            guides[count++] = round->instance.guides[edge->guide].id;
        }
    }
    const char *values[] = {requests ? sql_text_array(requests, count, &round->arena) : NULL,
                            guides ? sql_text_array(guides, count, &round->arena) : NULL};
    if (!values[0] || !values[1])
        return NULL;
    PGresult *rows = database_query(db, TERMS, 2, values);
    if (!rows) {
        round_fail(round, db);
        return NULL;
    }
    json_t *terms = json_loads(PQgetvalue(rows, 0, 0), 0, NULL);
    PQclear(rows);
    return terms;
}

/* As the API tells them; terms become an explanation when they are written. */
static json_t *proposals_make(struct round *round, PGconn *db)
{
    json_t *terms = terms_read(round, db), *pairs = round_pairs(round), *proposals = terms && pairs ? json_array() : NULL;
    size_t i;
    json_t *pair;
    json_array_foreach(pairs, i, pair) {
        const char *request = json_string_value(json_object_get(pair, "request"));
        json_array_append_new(proposals, json_pack("{s:n,s:n,s:o,s:o,s:O,s:O,s:O?}", "id", "state", "guide_request", reference(request), "guide",
                                                   reference(json_string_value(json_object_get(pair, "guide"))), "score",
                                                   json_object_get(pair, "score"), "second_best", json_object_get(pair, "second_best"),
                                                   "explanation", json_object_get(terms, request)));
    }
    if (proposals && json_array_size(proposals) != json_array_size(pairs)) {
        json_decref(proposals);
        proposals = NULL;
    }
    json_decref(terms);
    json_decref(pairs);
    return proposals;
}

static const char *guide_of(const struct round *round, uint32_t request)
{
    const struct matching_edge *edge = round_edge(round, request);
    return edge ? round->instance.guides[edge->guide].id : NULL;
}

/* Both rounds know the same requests in the same order. */
static json_t *difference_make(const struct round *now, const struct round *tried)
{
    json_t *gained = json_array(), *lost = json_array(), *moved = json_array();
    for (uint32_t i = 0; gained && lost && moved && i < now->requests && i < tried->requests; i++) {
        const char *from = guide_of(now, i), *to = guide_of(tried, i), *request = now->waiting[i];
        if (!from && to)
            json_array_append_new(gained, json_pack("{s:o,s:o}", "guide_request", reference(request), "guide", reference(to)));
        else if (from && !to)
            json_array_append_new(lost, json_pack("{s:o,s:o}", "guide_request", reference(request), "guide", reference(from)));
        else if (from && to && strcmp(from, to) != 0)
            json_array_append_new(moved, json_pack("{s:o,s:o,s:o}", "guide_request", reference(request), "from", reference(from), "to",
                                                   reference(to)));
    }
    return json_pack("{s:I,s:o,s:o,s:o}", "placed", (json_int_t)round_placed(tried) - (json_int_t)round_placed(now), "gained", gained, "lost",
                     lost, "moved", moved);
}

/* Pins of pairs that the hard rules do not allow, or that ask for more than there is. */
static json_t *ignored_make(const struct round *round, const struct round_hold *holds, size_t count)
{
    json_t *ignored = json_array();
    for (size_t i = 0; ignored && i < count; i++) {
        const int64_t request = round->solved ? matching_find_request(&round->instance, holds[i].request) : -1;
        const char *guide = request >= 0 ? guide_of(round, (uint32_t)request) : NULL;
        if (holds[i].hold == MATCHING_PINNED && (!guide || strcmp(guide, holds[i].guide) != 0))
            json_array_append_new(ignored, json_pack("{s:o,s:o}", "guide_request", reference(holds[i].request), "guide",
                                                     reference(holds[i].guide)));
    }
    return ignored;
}

static bool weights_try(struct round *round, PGconn *db, const json_t *weights)
{
    char *text = weights ? json_dumps(weights, 0) : NULL;
    if (!weights)
        return true;
    const char *const values[] = {text};
    PGresult *done = text ? database_query(db, TRY_WEIGHTS, 1, values) : NULL;
    free(text);
    PQclear(done);
    return done || round_fail(round, db);
}

static json_t *story_make(struct round *now, struct round *tried, PGconn *db, const struct round_hold *holds, size_t count)
{
    struct matching_certificate certificate;
    if (!round_proved(now, &certificate) || !round_proved(tried, &certificate)) {
        snprintf(tried->error, sizeof tried->error, "the result is not proved: %s", certificate.fault);
        return NULL;
    }
    json_t *story = round_figures(tried), *unplaced = round_unplaced(tried, db), *proposals = proposals_make(tried, db);
    if (story && unplaced && proposals && json_object_set(story, "unplaced", unplaced) == 0 &&
        json_object_set(story, "proposals", proposals) == 0 &&
        json_object_set_new(story, "difference", difference_make(now, tried)) == 0 &&
        json_object_set_new(story, "pins_ignored", ignored_make(tried, holds, count)) == 0) {
        json_decref(unplaced);
        json_decref(proposals);
        return story;
    }
    json_decref(story);
    json_decref(unplaced);
    json_decref(proposals);
    return NULL;
}

json_t *round_try(PGconn *db, uint64_t seed, const json_t *weights, const struct round_hold *holds, size_t count, char error[ROUND_ERROR_MAX])
{
    struct round now = {0}, tried = {0};
    json_t *story = NULL;
    bool done = database_do(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") || round_fail(&now, db);
    done = done && round_read(&now, db, 0, seed, NULL, 0) && round_solve(&now);
    done = done && (weights_try(&tried, db, weights) && round_read(&tried, db, 0, seed, holds, count) && round_solve(&tried));
    if (done)
        story = story_make(&now, &tried, db, holds, count);
    const char *why = now.error[0] ? now.error : tried.error[0] ? tried.error : "out of memory";
    snprintf(error, ROUND_ERROR_MAX, "%s", story ? "" : why);
    database_do(db, "ROLLBACK");
    round_release(&now);
    round_release(&tried);
    return story;
}
