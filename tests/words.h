/* SPDX-License-Identifier: EUPL-1.2
 * Stands in for libpq's PQexec(), so that vocabulary_load() finds some languages without a server. */
#ifndef WELCOME_WORDS_H
#define WELCOME_WORDS_H

#include <libpq-fe.h>
#include <string.h>

PGresult *PQexec(PGconn *db, const char *sql)
{
    static char *tags[] = {"ar", "de", "de-simple", "en", "tr", "uk", "zh-Hant"};
    (void)db, (void)sql;
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc columns[] = {{.name = "n"}, {.name = "word"}, {.name = "en"}, {.name = "de"}};
    PQsetResultAttrs(result, 4, columns);
    for (int i = 0; i < 7; i++) {
        PQsetvalue(result, i, 0, "1", 1);
        for (int column = 1; column < 4; column++)
            PQsetvalue(result, i, column, tags[i], (int)strlen(tags[i]));
    }
    return result;
}

#endif
