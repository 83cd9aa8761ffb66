/* SPDX-License-Identifier: EUPL-1.2
 * Notes whose data staff were shown, in memory, until a job hands it to the database. Any thread may note. */
#ifndef WELCOME_SEEN_H
#define WELCOME_SEEN_H

#include "database.h"
#include "operation_code.h"

/* For service.shown: notes the thing, or each of a list, that this answer showed to an account of staff. Operations that show nobody's
 * data are passed over. What comes while SEEN_MAX wait is lost, and told as an error. */
void seen_note(const struct request *request, const char *account, const PGresult *rows);

/* Whether anything waits to be handed over. */
bool seen_waiting(void);

/* Writes what was noted into the audit, as the worker role. False: it failed, and all is kept. */
bool seen_hand_over(PGconn *db);

enum { SEEN_MAX = 4096 };

#endif
