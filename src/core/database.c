/* SPDX-License-Identifier: EUPL-1.2
 * Blocking connections for jobs and commands. */
#include "database.h"

#include "log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "banned.h"

/* Timestamps, durations and errors look the same on every server; each side notices within a minute that the other is dead: as long as the
 * server believes in a daemon, it keeps that daemon's locks. Compiling a statement anew takes longer than any of ours. */
#define SESSION                                                                                                                 \
    "-c search_path=welcome -c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=iso_8601 -c client_min_messages=warning "         \
    "-c client_encoding=UTF8 -c idle_in_transaction_session_timeout=60000 -c jit=off " \
    "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 -c tcp_user_timeout=30000 "

/* The list, its comma-separated parts turned round. */
static void list_turn(const char *list, unsigned turn, char *text, size_t size)
{
    size_t parts = 1;
    for (const char *comma = strchr(list, ','); comma; comma = strchr(comma + 1, ','))
        parts++;
    const char *start = list;
    for (size_t i = turn % parts; i > 0; i--)
        start = strchr(start, ',') + 1;
    if (start > list && snprintf(text, size, "%s,%.*s", start, (int)(start - 1 - list), list) >= (int)size)
        *text = '\0'; /* longer than any address there is: as it stands */
}

void database_turn(const char *url, unsigned turn, struct database_turn *out)
{
    *out = (struct database_turn){{0}, {0}, {0}};
    PQconninfoOption *options = turn ? PQconninfoParse(url, NULL) : NULL;
    for (const PQconninfoOption *option = options; option && option->keyword; option++) {
        if (option->val && strcmp(option->keyword, "host") == 0)
            list_turn(option->val, turn, out->host, sizeof out->host);
        else if (option->val && strcmp(option->keyword, "hostaddr") == 0)
            list_turn(option->val, turn, out->hostaddr, sizeof out->hostaddr);
        else if (option->val && strcmp(option->keyword, "port") == 0)
            list_turn(option->val, turn, out->port, sizeof out->port);
    }
    PQconninfoFree(options);
}

static void log_notice(void *context, const char *message)
{
    (void)context;
    log_debug("database_notice", log_text("message", message));
}

void database_log_notices(PGconn *db)
{
    PQsetNoticeProcessor(db, log_notice, NULL);
}

/* attrs: the kind of server that will do, of several in the address. */
static PGconn *database_connect(const char *url, const char *user, const char *options, const char *attrs)
{
    /* What stands before dbname is a default, what stands behind it overrides the connection string. */
    const char *const keywords[] = {"connect_timeout", "tcp_user_timeout", "keepalives_idle", "keepalives_interval",
                                    "fallback_application_name", "dbname", "options", "user", "target_session_attrs", NULL};
    const char *const values[] = {"5", "30000", "30", "10", "welcomed", url, options, user, attrs, NULL};
    PGconn *db = PQconnectdbParams(keywords, values, 1);
    database_log_notices(db);
    return db;
}

PGconn *database_connect_daemon(const struct config *config)
{
    return database_connect(config->database_url, NULL, SESSION "-c statement_timeout=10000", "primary");
}

PGconn *database_connect_replica(const struct config *config)
{
    return database_connect(config->database_read_url, NULL, SESSION "-c statement_timeout=10000", NULL);
}

PGconn *database_connect_worker(const struct config *config)
{
    const char *options = SESSION "-c statement_timeout=60000";
    return config->database_worker_url ? database_connect(config->database_worker_url, NULL, options, "primary")
                                       : database_connect(config->database_url, "welcome_worker", options, "primary");
}

PGconn *database_connect_owner(const struct config *config)
{
    const char *options = SESSION "-c statement_timeout=0 -c lock_timeout=30000"; /* rather fail than hold up the whole service */
    return config->database_owner_url ? database_connect(config->database_owner_url, NULL, options, "primary")
                                      : database_connect(config->database_url, "welcome_owner", options, "primary");
}

PGconn *database_wait(PGconn *(*connect_as)(const struct config *config), const struct config *config)
{
    for (int second = 0;; second++) {
        PGconn *db = connect_as(config);
        if (PQstatus(db) == CONNECTION_OK || second >= config->start_seconds || (db && PQconnectionNeedsPassword(db)))
            return db;
        char error[256];
        database_error(db, error, sizeof error);
        PQfinish(db);
        log_warning("database_unreachable", log_integer("waited_s", second), log_text("error", error));
        sleep(1);
    }
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
