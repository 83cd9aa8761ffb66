/* SPDX-License-Identifier: EUPL-1.2
 * Signing in and confirming: the new session's token is made here, so that only its hash reaches the database's tables. */
#include "codes.h"

#include "identity.h"

#include "banned.h"

static void make_access_token(struct request *request)
{
    char *token = arena_alloc(request_arena(request), TOKEN_LENGTH + 1);
    const char *hash = NULL;
    if (token) {
        token_make(token);
        hash = token_hash_text(token, request_arena(request));
    }
    if (!hash) {
        request_refuse(request, "overloaded");
        return;
    }
    request_derive(request, "access_token", token);
    request_derive(request, "access_token_hash", hash);
}

#define ACCESS_TOKEN {{"access_token", SQL_TEXT}, {"access_token_hash", SQL_BYTEA}}

const struct operation_code ACCOUNT_CODES[] = {
    {.operation = "create_session", .derived = ACCESS_TOKEN, .prepare = make_access_token},
    {.operation = "create_confirmation", .derived = ACCESS_TOKEN, .prepare = make_access_token},
    {0},
};
