/* SPDX-License-Identifier: EUPL-1.2
 * What keeps a request from doing something twice, and a client or an address from too much; where much was had, work is asked for. Core only. */
#ifndef WELCOME_GUARD_H
#define WELCOME_GUARD_H

#include "client.h"
#include "request.h"

#define GUARD_LEFT_MAX 128 /* two names of rates and four numbers, with room */
#define IDEMPOTENCY_KEY "Idempotency-Key" /* as openapi.yaml names the header */

/* The key of a request that is to be carried out once, or NULL. */
const char *guard_key(const struct request *request);

/* For claim(), in bytea's text form and in the arena: a name made of operation, key and, where nobody is signed in, the address in the
 * body or else the client; and a hash of the whole request. Both keyed, so that they tell nothing. False: out of memory. */
bool guard_claim(struct request *request, const char **name, const char **body);

/* Counts an admitted request; false: its client has had enough, and request->problem says so. Needs no database and takes no lock. */
bool guard_limit(struct request *request);

/* Counts what was asked of the database for somebody signed in. An account has the limits of one client, from however many it comes; who it
 * is is known with the answer only, so each session of one that has had enough is stopped by guard_limit() from its next request on. */
void guard_account(const struct request *request, const char *account);

/* What limit_address() is asked: kind, address, where it stands in the body, how many in how many seconds, as text in the arena.
 * False: the request names no address that is limited; or (request->problem) out of memory. */
bool guard_address(struct request *request, const char *values[5]);

/* Whether a challenge was solved for this request, and then for spend_challenge(): which and until when it counts. As above. */
bool guard_solved(struct request *request, const char *values[2]);

/* RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10) of a request that was counted, and its RateLimit; false: it was not. */
void guard_headers(struct request *request);
bool guard_left(const struct request *request, char text[GUARD_LEFT_MAX]);

/* Whom the request came from: an address or a network that counts as one. */
struct address guard_client(const struct request *request);

#endif
