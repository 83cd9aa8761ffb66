/* SPDX-License-Identifier: EUPL-1.2
 * Everything that can go wrong, as RFC 9457 problem details. */
#ifndef WELCOME_PROBLEM_H
#define WELCOME_PROBLEM_H

#include "buffer.h"
#include "schema.h"

#include <libpq-fe.h>

/* Writes {"type","title","status","detail","code","request_id"[,"errors"]} in German or English, but for the bracket at its end, so that
 * members may be added. The code is one of the catalogue's; detail NULL: the catalogue's sentence. */
void problem_write(struct buffer *out, const char *code, const char *detail, const struct faults *faults, const char *language,
                   const char *request_id);

/* Writes the page behind a problem's type: what it means, what to do. False when there is no such code. */
bool problem_page_write(struct buffer *out, const char *code, const char *language);

/* A fault's sentence in German or English, its limit filled in; in the arena or static. Its code when there is none. */
const char *fault_sentence(const struct fault *fault, const char *language, struct arena *arena);

/* Adds the faults in a list that the database's functions give: [{"pointer","code","limit"}] as JSON text, or NULL. */
void faults_read(const char *list, struct faults *faults);

/* The problem code for PostgreSQL's error: problem() raises ours (SQLSTATE WR000), constraints named after a code mean it, some
 * states are the server's own trouble. NULL: an internal error, of which nothing may be shown. Faults that problem() gave are
 * added. The code is static or in the faults' arena. */
const char *problem_of_error(const PGresult *error, struct faults *faults);

#endif
