/* SPDX-License-Identifier: EUPL-1.2
 * The database's schema held against this program's migrations. */
#ifndef WELCOME_SCHEMA_VERSION_H
#define WELCOME_SCHEMA_VERSION_H

#include <libpq-fe.h>
#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>

enum { FUNCTIONS_HASH_BYTES = 2 * crypto_hash_sha256_BYTES + 1 };

struct schema_version {
    bool empty;            /* there is no schema, or one from before it told its version */
    size_t missing;        /* migrations of this program that the database has not */
    size_t unknown;        /* the other way round: it belongs to a newer program */
    char first_missing[64]; /* "0036_watching" */
    char last_unknown[64];  /* "0099" */
    bool functions_same;
};

/* Asks over a connection of the daemon's or the worker's role. False: the database could not be asked; PQerrorMessage() tells why. */
bool schema_version_read(PGconn *db, struct schema_version *version);

/* The hash of all function files of this program, as text. */
void schema_functions_hash(char hash[FUNCTIONS_HASH_BYTES]);

#endif
