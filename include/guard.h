/* SPDX-License-Identifier: EUPL-1.2
 * What keeps a request from doing something twice. Core only. */
#ifndef WELCOME_GUARD_H
#define WELCOME_GUARD_H

#include "request.h"

#define IDEMPOTENCY_KEY "Idempotency-Key" /* as openapi.yaml names the header */

/* The key of a request that is to be carried out once, or NULL. */
const char *guard_key(const struct request *request);

/* For claim(), in bytea's text form and in the arena: a name made of operation, key and, where nobody is signed in, the address in the
 * body; and a hash of the whole request. Both keyed, so that they tell nothing. False: out of memory. */
bool guard_claim(struct request *request, const char **name, const char **body);

#endif
