/* SPDX-License-Identifier: EUPL-1.2
 * By night: prices of guides from the last year's requests, or from their languages while there are few. */
#include "jobs.h"

#include "log.h"
#include "matching_prices.h"
#include "matching_round.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

enum { PAUSE = 300 };

static int prices_pause(const struct config *config)
{
    (void)config;
    return PAUSE;
}

static int32_t integer(const PGresult *rows, int row, int column)
{
    return (int32_t)strtol(PQgetvalue(rows, row, column), NULL, 10);
}

/* Whether the row is the first of its id in that column; rows of one id stand together. */
static bool is_first(const PGresult *rows, int row, int column)
{
    return row == 0 || strcmp(PQgetvalue(rows, row, column), PQgetvalue(rows, row - 1, column)) != 0;
}

/* A snapshot of the past: its requests, every guide of a pair once. */
static bool history_people(struct matching_instance *history, const PGresult *rows, struct matching_fault *fault)
{
    json_t *known = json_object();
    bool added = known != NULL;
    for (int row = 0; added && row < PQntuples(rows); row++) {
        const char *guide = PQgetvalue(rows, row, 1);
        if (is_first(rows, row, 0))
            added = matching_add_request(history, PQgetvalue(rows, row, 0), "", 0, NULL, fault);
        if (added && *guide && !json_object_get(known, guide))
            added = json_object_set_new(known, guide, json_true()) == 0 && matching_add_guide(history, guide, integer(rows, row, 2), 0, fault);
    }
    json_decref(known);
    return added;
}

static bool history_fill(struct matching_instance *history, const PGresult *rows, struct matching_fault *fault)
{
    if (!history_people(history, rows, fault) || !matching_index(history, fault))
        return false;
    for (int row = 0; row < PQntuples(rows); row++)
        if (!PQgetisnull(rows, row, 1) &&
            !matching_add_edge(history, matching_find_request(history, PQgetvalue(rows, row, 0)),
                               matching_find_guide(history, PQgetvalue(rows, row, 1)), integer(rows, row, 3), MATCHING_FREE, NULL, fault))
            return false;
    return matching_close(history, fault);
}

/* {"<guide>": price} */
static json_t *history_learn(const struct matching_instance *history, uint32_t draw)
{
    const struct matching_price_settings settings = {.seed = round_seed(), .draw = draw, .worth = MATCHING_PRICE_COLD};
    int32_t *prices = calloc((size_t)history->guide_count + 1, sizeof *prices);
    json_t *learned = prices && matching_learn_prices(history, &settings, prices) ? json_object() : NULL;
    for (uint32_t i = 0; learned && i < history->guide_count; i++)
        json_object_set_new(learned, history->guides[i].id, json_integer(prices[i]));
    free(prices);
    return learned;
}

static json_t *prices_learned(PGconn *db, uint32_t draw)
{
    struct matching_instance history;
    struct matching_fault fault = {.code = MATCHING_OUT_OF_MEMORY};
    json_t *prices = NULL;
    PGresult *rows = database_query(db, "SELECT request, guide, capacity, score FROM price_pairs()", 0, NULL);
    matching_instance_init(&history, 0, 0);
    if (rows && history_fill(&history, rows, &fault))
        prices = history_learn(&history, draw);
    else if (rows && fault.code == MATCHING_NO_GUIDES)
        prices = json_object(); /* nobody to have a price */
    matching_instance_release(&history);
    PQclear(rows);
    return prices;
}

/* What the cold start is told, arrays over rows that are sorted by language. */
struct cold {
    struct matching_scarcity scarcity;
    int32_t *places, *prices;
    uint32_t *demand;
    struct matching_speaker *speakers;
    const char **ids;
    struct arena arena;
};

static bool cold_fill(struct cold *cold, const PGresult *rows, uint32_t draw)
{
    const size_t count = (size_t)PQntuples(rows);
    json_t *known = json_object();
    cold->places = arena_array(&cold->arena, count + 1, sizeof *cold->places);
    cold->prices = arena_array(&cold->arena, count + 1, sizeof *cold->prices);
    cold->demand = arena_array(&cold->arena, count + 1, sizeof *cold->demand);
    cold->speakers = arena_array(&cold->arena, count + 1, sizeof *cold->speakers);
    cold->ids = arena_array(&cold->arena, count + 1, sizeof *cold->ids);
    bool filled = known && cold->places && cold->prices && cold->demand && cold->speakers && cold->ids;
    size_t guides = 0, languages = 0;
    for (int row = 0; filled && row < (int)count; row++) {
        const char *guide = PQgetvalue(rows, row, 0);
        if (is_first(rows, row, 2))
            cold->demand[languages++] = (uint32_t)integer(rows, row, 3);
        if (!json_object_get(known, guide)) {
            filled = json_object_set_new(known, guide, json_integer((json_int_t)guides)) == 0;
            cold->ids[guides] = guide;
            cold->places[guides++] = integer(rows, row, 1);
        }
        cold->speakers[row] = (struct matching_speaker){(uint32_t)json_integer_value(json_object_get(known, guide)), (uint32_t)languages - 1};
    }
    json_decref(known);
    cold->scarcity = (struct matching_scarcity){cold->places, guides, cold->demand, languages, cold->speakers, count, draw};
    return filled;
}

static json_t *prices_cold(PGconn *db, uint32_t draw)
{
    struct cold cold = {0};
    json_t *prices = NULL;
    PGresult *rows = database_query(db, "SELECT guide, capacity, language, demand FROM price_speakers()", 0, NULL);
    arena_init(&cold.arena, 0);
    if (rows && cold_fill(&cold, rows, draw) && (cold.scarcity.guides == 0 || matching_cold_prices(&cold.scarcity, cold.prices)))
        prices = json_object();
    for (size_t i = 0; prices && i < cold.scarcity.guides; i++)
        json_object_set_new(prices, cold.ids[i], json_integer(cold.prices[i]));
    arena_release(&cold.arena);
    PQclear(rows);
    return prices;
}

static bool prices_write(PGconn *db, bool cold, const char *requests, const json_t *prices)
{
    char samples[12];
    char *text = json_dumps(prices, 0);
    snprintf(samples, sizeof samples, "%d", cold ? 0 : MATCHING_SAMPLES);
    const char *const values[] = {cold ? "cold_start" : "bootstrap", requests, samples, text};
    PGresult *written = text ? database_query(db, "SELECT write_prices($1, $2, $3, $4)", 4, values) : NULL;
    if (written)
        log_info("prices_learned", log_text("method", values[0]), log_text("version", PQgetvalue(written, 0, 0)),
                 log_text("requests", requests), log_integer("guides", (long long)json_object_size(prices)));
    const bool done = written != NULL;
    PQclear(written);
    free(text);
    return done;
}

static bool prices_run(struct job_run *run)
{
    PGresult *due = database_query(run->db, "SELECT f.requests, f.draw FROM price_figures() f WHERE prices_due()", 0, NULL);
    bool done = due && PQntuples(due) == 0;
    if (due && !done) {
        const bool cold = integer(due, 0, 0) < MATCHING_PRICES_LEAST;
        const uint32_t draw = (uint32_t)integer(due, 0, 1);
        json_t *prices = cold ? prices_cold(run->db, draw) : prices_learned(run->db, draw);
        done = prices && prices_write(run->db, cold, PQgetvalue(due, 0, 0), prices);
        if (!prices && PQstatus(run->db) == CONNECTION_OK && PQerrorMessage(run->db)[0] == '\0')
            snprintf(run->error, sizeof run->error, "prices cannot be learned from this year");
        json_decref(prices);
    }
    PQclear(due);
    return done;
}

const struct job PRICES_JOB = {.name = "prices", .wakes = "prices", .exclusive = true, .pause = prices_pause, .run = prices_run};
