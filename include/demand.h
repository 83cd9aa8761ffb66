/* SPDX-License-Identifier: EUPL-1.2
 * Counts what readers ask for in vain, in memory, until a job hands it to the database. Any thread may count. */
#ifndef WELCOME_DEMAND_H
#define WELCOME_DEMAND_H

#include "operation_code.h"

/* `answered` of an operation that shows one thing: counts where its text had to be in another language than the one asked for. The
 * row has the columns id, language.requested and language.fallback. */
void demand_read(struct request *request, const PGresult *rows);

/* The same of a search: counts words by which nothing was found, unless they might tell of a person: with an @, four digits or more
 * than 60 letters. */
void demand_search(struct request *request, const PGresult *rows);

#endif
