/* SPDX-License-Identifier: EUPL-1.2
 * Tokens, their hashes, ids, and which sessions want their life extended. */
#ifndef WELCOME_IDENTITY_H
#define WELCOME_IDENTITY_H

#include "arena.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#define TOKEN_LENGTH 43 /* base64url of 32 bytes, without padding */

/* A UUID version 7 (RFC 9562 §5.7): milliseconds, then random bits. */
void id_make(char id[37]);

/* A new token: 256 random bits as base64url. */
void token_make(char token[TOKEN_LENGTH + 1]);

/* SHA-256 of the token's text in bytea's hex form ("\x..."), in the arena; NULL when out of memory. */
const char *token_hash_text(const char *token, struct arena *arena);

/* Whether the client of a connection has not hung up. */
bool connection_alive(struct MHD_Connection *connection);

/* Remembers that a session was used and wants its expiry moved; forgets when too many wait (the next use asks again). Any thread. */
void session_used(const char *session_id);

#define SESSIONS_USED_MAX 512

/* Takes the ids remembered so far, returns how many. Any thread. */
size_t sessions_take(char ids[SESSIONS_USED_MAX][37]);

#endif
