/* SPDX-License-Identifier: EUPL-1.2
 * Blocking connections for jobs and commands; the request path has links of its own (link.h). */
#ifndef WELCOME_DATABASE_H
#define WELCOME_DATABASE_H

#include "config.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* A blocking connection as the daemon's (worker's, owner's) role with the session settings every part of the program expects; NULL
 * only when out of memory, else ask PQstatus(). Free with PQfinish(), which also takes NULL. */
PGconn *database_connect_daemon(const struct config *config);
PGconn *database_connect_worker(const struct config *config);
PGconn *database_connect_owner(const struct config *config);

/* The same to the read replica that is configured. */
PGconn *database_connect_replica(const struct config *config);

/* One of these with patience, since the server may be about to start: again each second while WELCOME_START_SECONDS last, each time told in the
 * log; at once where a password is wanted that nobody gave. Returns like them. */
PGconn *database_wait(PGconn *(*connect_as)(const struct config *config), const struct config *config);

/* An address that names several servers, beginning with another: what overrides it. libpq begins at the first each time, and one that takes
 * connections but never answers would hold up all attempts. */
struct database_turn {
    char host[512], hostaddr[512], port[256]; /* empty: as the address says */
};
void database_turn(const char *url, unsigned turn, struct database_turn *out);

/* Has what the server says beside its answers logged (debug); libpq would print it between the log's lines. db may be NULL. */
void database_log_notices(PGconn *db);

/* Runs one or more statements; false on failure, with PQerrorMessage() telling why. */
bool database_do(PGconn *db, const char *sql);

/* Runs one statement with text parameters ($1 ...; NULL is SQL's NULL). The result is the caller's (PQclear()); NULL on failure. */
PGresult *database_query(PGconn *db, const char *sql, int count, const char *const *values);

/* The value at row and column, NULL for SQL's NULL; borrowed from result. */
const char *database_value(const PGresult *result, int row, int column);

/* Copies the first line of the last error without its severity, cut to size bytes with its end: what to log. db NULL reads as out
 * of memory. */
void database_error(PGconn *db, char *line, size_t size);

#endif
