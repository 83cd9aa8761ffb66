/* SPDX-License-Identifier: EUPL-1.2
 * Stands in for libpq's PQexec(), so that vocabulary_load() finds some words of each kind without a server. */
#ifndef WELCOME_WORDS_H
#define WELCOME_WORDS_H

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

PGresult *PQexec(PGconn *db, const char *sql)
{
    static const char *const words[][16] = {
        {"bochum", "dortmund", "duisburg", "essen", "hagen"},
        {"ar", "de", "de-simple", "en", "tr", "uk", "zh-Hant"},
        {"arriving", "business", "entry", "everyday", "family", "health", "housing", "language", "research", "residence", "study",
         "work"},
        {"entrepreneur", "scientist", "skilled-worker", "student"},
        {"before-arrival", "first-weeks", "settled"},
        {"NG", "UA"},
    };
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc columns[] = {{.name = "n"}, {.name = "word"}, {.name = "en"}, {.name = "de"}};
    (void)db, (void)sql;
    PQsetResultAttrs(result, 4, columns);
    for (int kind = 0, row = 0; kind < (int)(sizeof words / sizeof *words); kind++)
        for (int i = 0; i < 16 && words[kind][i]; i++, row++)
            for (int column = 0; column < 4; column++) {
                char text[32];
                const int length = column ? snprintf(text, sizeof text, "%s", words[kind][i]) : snprintf(text, sizeof text, "%d", kind);
                PQsetvalue(result, row, column, text, length);
            }
    return result;
}

#endif
