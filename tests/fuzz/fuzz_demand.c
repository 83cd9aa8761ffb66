/* SPDX-License-Identifier: EUPL-1.2
 * Whatever is searched for in vain: what goes to the database is short words in one form, which tell of nobody: no address, no number. */
#include "demand.h"
#include "fuzz.h"
#include "job.h"
#include "jobs.h"
#include "letter.h"
#include "request.h"

#include <string.h>
#include <unicode/uchar.h>

#include "banned.h"

enum { LETTERS_MOST = 60, DIGITS_MOST = 3 };

static void key_look(const char *key)
{
    const int length = (int)strlen(key);
    int letters = 0, digits = 0;
    require(length > 0 && *key != ' ' && key[length - 1] != ' ' && !strstr(key, "  ") && !strchr(key, '@'));
    for (int at = 0; at < length; letters++) {
        const UChar32 c = letter_next(key, &at, length);
        require(c == ' ' || (c > ' ' && (u_isalnum(c) || (U_GET_GC_MASK(c) & U_GC_M_MASK))));
        digits += u_isdigit(c);
    }
    require(letters <= LETTERS_MOST && digits <= DIGITS_MOST);
}

/* The database's side. */
PGresult *PQexecParams(PGconn *db, const char *sql, int count, const Oid *types, const char *const *values, const int *lengths,
                       const int *formats, int format)
{
    (void)db, (void)sql, (void)types, (void)lengths, (void)formats, (void)format;
    require(count == 1);
    json_t *counts = json_loads(values[0], 0, NULL);
    require(json_array_size(counts) == 1);
    key_look(json_string_value(json_object_get(json_array_get(counts, 0), "key")));
    json_decref(counts);
    return PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct parameter parameter = {.name = "q", .place = PLACE_QUERY};
    static const struct operation operation = {.id = "search", .parameters = &parameter, .parameter_count = 1};
    static const struct endpoint endpoint = {.operation = &operation};
    json_t *typed = json_stringn((const char *)data, size);
    struct request request = {.endpoint = &endpoint, .values = &typed, .languages = {.items = {"de"}, .count = 1}};
    struct job_run run = {.db = NULL};
    if (!typed)
        return 0;
    PGresult *rows = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    demand_search(&request, rows);
    require(DEMAND_JOB.run(&run));
    PQclear(rows);
    json_decref(typed);
    return 0;
}
