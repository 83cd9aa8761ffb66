/* SPDX-License-Identifier: EUPL-1.2
 * What all loops of the daemon share: read-only once serving has begun. */
#ifndef WELCOME_SERVICE_H
#define WELCOME_SERVICE_H

#include "config.h"
#include "contract.h"
#include "cursor.h"
#include "endpoint.h"

#include <stdatomic.h>
#include <stdbool.h>

struct limit_table;
struct topics;
struct metrics;
struct request;

/* What keyed hashes are made with, the same in all daemons on one database. */
enum service_key { KEY_CLAIM, KEY_CHALLENGE, KEY_COUNT };

#define KEY_BYTES 32

struct service {
    _Atomic(const struct config *) config; /* SIGHUP exchanges it */
    struct contract contract;
    struct endpoints endpoints;
    unsigned char cursor_key[CURSOR_KEY_BYTES];
    unsigned char keys[KEY_COUNT][KEY_BYTES];
    unsigned char client_key[16]; /* of the clients' hashes; this process's own */
    struct limit_table *limits;   /* of this daemon's clients */
    struct topics *topics;        /* what kept answers depend on; NULL: none are kept */
    const char *version;      /* info.version of the contract: the API-Version header */
    struct metrics *metrics;
    void (*wrote)(void *context); /* called by a loop some milliseconds after requests of its wrote something; may be NULL */
    void *wrote_context;
    /* Called by a loop after each successful answer from rows to somebody of staff; may be NULL. */
    void (*shown)(const struct request *request, const char *account, const PGresult *rows);
    atomic_bool draining;     /* accepted requests are finished, connections are not kept */
};

struct embedded;

/* Compiles openapi.yaml and the operation files among these files, proves them against the database behind db (the daemon's role),
 * reads the vocabulary and the cursor key. Every fault goes to report, one a line. The service is to be released in any case;
 * files must outlive it. */
bool service_load(struct service *service, const struct config *config, PGconn *db, const struct embedded *files, size_t count,
                  struct buffer *report);
void service_release(struct service *service);

#endif
