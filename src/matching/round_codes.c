/* SPDX-License-Identifier: EUPL-1.2
 * Rounds that people ask for. They take as long as they take, so they run beside the loop, on a connection of their own. */
#include "codes.h"

#include "database.h"
#include "explanation.h"
#include "log.h"
#include "matching_round.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

#define SOMEBODY "00000000-0000-0000-0000-000000000000" /* not the job; the statement says who */

enum { HOLDS_MAX = 200 }; /* of each kind; the contract says so too */

static const json_t *body_member(struct request *request, const char *name)
{
    const json_t *value = json_object_get(request_body(request), name);
    return json_is_null(value) ? NULL : value;
}

/* An id as the database writes it, in small letters; NULL when out of memory. */
static const char *id_of(const json_t *pair, const char *member, struct arena *arena)
{
    const json_t *value = json_object_get(pair, member);
    char *id = arena_copy(arena, json_string_value(value), json_string_length(value));
    for (char *c = id; c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return id;
}

static size_t holds_take(struct request *request, const char *member, enum matching_hold hold, struct round_hold *holds)
{
    struct arena *arena = request_arena(request);
    size_t i;
    json_t *pair;
    json_array_foreach(body_member(request, member), i, pair) {
        if (i == HOLDS_MAX)
            break;
        holds[i] = (struct round_hold){id_of(pair, "guide_request", arena), id_of(pair, "guide", arena), hold};
        if (!holds[i].request || !holds[i].guide) {
            request_refuse(request, "overloaded");
            break;
        }
    }
    return i;
}

/* Failures are ours, not the caller's. */
static void work_failed(struct request *request, const char *error)
{
    log_error("round_failed", log_text("error", error));
    request_refuse(request, "unavailable");
}

static void try_work(struct request *request, PGconn *db)
{
    struct round_hold holds[2 * HOLDS_MAX];
    char error[ROUND_ERROR_MAX];
    const json_t *seed = body_member(request, "seed");
    size_t count = holds_take(request, "pins", MATCHING_PINNED, holds);
    count += holds_take(request, "forbids", MATCHING_FORBIDDEN, holds + count);
    json_t *story = round_try(db, seed ? (uint64_t)json_integer_value(seed) : round_seed(), body_member(request, "weights"), holds, count, error);
    char *text = story ? json_dumps(story, 0) : NULL;
    const char *kept = text ? arena_text(request_arena(request), text) : NULL;
    free(text);
    json_decref(story);
    if (kept)
        request_derive(request, "round", kept);
    else
        work_failed(request, error);
}

static void run_work(struct request *request, PGconn *db)
{
    struct round round;
    int asked;
    const bool done = round_run(&round, db, 0, SOMEBODY, &asked);
    const char *id = done ? arena_text(request_arena(request), round.id) : NULL;
    if (id) {
        request_derive(request, "round_id", id);
        request_variant(request, "real");
    } else
        work_failed(request, round.error);
    round_release(&round);
}

static void round_work(struct request *request)
{
    PGconn *db = database_connect_worker(request_config(request));
    if (PQstatus(db) != CONNECTION_OK)
        request_refuse(request, "unavailable");
    else if (json_is_true(body_member(request, "dry_run")))
        try_work(request, db);
    else
        run_work(request, db);
    PQfinish(db);
}

/* What is tried without being stored belongs into a dry run. */
static void round_prepare(struct request *request)
{
    static const char *const tried[] = {"weights", "pins", "forbids", "seed"};
    static const char *const pointers[] = {"/weights", "/pins", "/forbids", "/seed"};
    for (size_t i = 0; i < 4; i++)
        if (!json_is_true(body_member(request, "dry_run")) && body_member(request, tried[i]))
            faults_add(request_faults(request), (struct fault){.pointer = pointers[i], .code = "only_in_dry_run"});
}

/* Proposals with their terms as sentences. */
static bool proposals_write(struct buffer *out, const char *value, const char *reader)
{
    json_t *list = json_loads(value, 0, NULL);
    size_t i;
    json_t *proposal;
    bool written = json_is_array(list);
    buffer_putc(out, '[');
    json_array_foreach(list, i, proposal) {
        json_t *terms = json_incref(json_object_get(proposal, "explanation"));
        json_object_del(proposal, "explanation");
        char *text = json_dumps(proposal, JSON_COMPACT);
        written = written && text && strlen(text) > 2;
        if (written) {
            buffer_puts(out, i ? "," : "");
            buffer_append(out, text, strlen(text) - 1); /* without its brace */
            buffer_puts(out, ",\"explanation\":");
            explanation_terms_write(out, terms, reader);
            buffer_putc(out, '}');
        }
        free(text);
        json_decref(terms);
    }
    buffer_putc(out, ']');
    json_decref(list);
    return written;
}

static const struct column_code ROUND_COLUMNS[] = {{"proposals", proposals_write}, {0}};

const struct operation_code ROUND_CODES[] = {
    {.operation = "create_matching_round",
     .derived = {{"round", SQL_JSONB}, {"round_id", SQL_UUID}},
     .prepare = round_prepare,
     .work = round_work,
     .columns = ROUND_COLUMNS},
    {.operation = "get_matching_round", .columns = ROUND_COLUMNS},
    {0},
};
