/* SPDX-License-Identifier: EUPL-1.2
 * Blocking connections for jobs and commands. */
#include "database.h"

#include "log.h"

#include <string.h>

#include "banned.h"

/* Timestamps, durations and errors look the same on every server; a dead peer is noticed within a minute. Compiling a statement anew
 * takes longer than any of ours. */
#define SESSION                                                                                                                 \
    "-c search_path=welcome -c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=iso_8601 -c client_min_messages=warning "         \
    "-c client_encoding=UTF8 -c idle_in_transaction_session_timeout=60000 -c jit=off "

static void log_notice(void *context, const char *message)
{
    (void)context;
    log_debug("database_notice", log_text("message", message));
}

void database_log_notices(PGconn *db)
{
    PQsetNoticeProcessor(db, log_notice, NULL);
}

static PGconn *database_connect(const char *url, const char *user, const char *options)
{
    /* What stands before dbname is a default, what stands behind it overrides the connection string. */
    const char *const keywords[] = {"connect_timeout", "tcp_user_timeout", "keepalives_idle", "keepalives_interval",
                                    "fallback_application_name", "dbname", "options", "user", NULL};
    const char *const values[] = {"5", "30000", "30", "10", "welcomed", url, options, user, NULL};
    PGconn *db = PQconnectdbParams(keywords, values, 1);
    database_log_notices(db);
    return db;
}

PGconn *database_connect_daemon(const struct config *config)
{
    return database_connect(config->database_url, NULL, SESSION "-c statement_timeout=10000");
}

PGconn *database_connect_worker(const struct config *config)
{
    const char *options = SESSION "-c statement_timeout=60000";
    return config->database_worker_url ? database_connect(config->database_worker_url, NULL, options)
                                       : database_connect(config->database_url, "welcome_worker", options);
}

PGconn *database_connect_owner(const struct config *config)
{
    const char *options = SESSION "-c statement_timeout=0 -c lock_timeout=30000"; /* rather fail than hold up the whole service */
    return config->database_owner_url ? database_connect(config->database_owner_url, NULL, options)
                                      : database_connect(config->database_url, "welcome_owner", options);
}

bool database_do(PGconn *db, const char *sql)
{
    PGresult *result = PQexec(db, sql);
    const ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

PGresult *database_query(PGconn *db, const char *sql, int count, const char *const *values)
{
    PGresult *result = PQexecParams(db, sql, count, NULL, values, NULL, NULL, 0);
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        return result;
    PQclear(result);
    return NULL;
}

const char *database_value(const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

void database_error(PGconn *db, char *line, size_t size)
{
    const char *message = db ? PQerrorMessage(db) : "out of memory\n";
    const size_t severity = strspn(message, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (strncmp(message + severity, ":  ", 3) == 0)
        message += severity + 3;
    size_t length = strcspn(message, "\n");
    if (length >= size)
        length = size - 1;
    memcpy(line, message, length);
    line[length] = '\0';
}
