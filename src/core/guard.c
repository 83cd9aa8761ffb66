/* SPDX-License-Identifier: EUPL-1.2
 * What keeps a request from doing something twice: the names under which the database remembers it. */
#include "guard.h"

#include "loop.h"
#include "sql_type.h"

#include <sodium.h>
#include <string.h>

#include "banned.h"

const char *guard_key(const struct request *request)
{
    return request->endpoint->operation->idempotent ? json_string_value(request_parameter(request, IDEMPOTENCY_KEY)) : NULL;
}

/* With its end, so that two texts never run together. */
static void hash_text(crypto_generichash_state *state, const char *text)
{
    if (text)
        crypto_generichash_update(state, (const unsigned char *)text, strlen(text) + 1);
    else
        crypto_generichash_update(state, (const unsigned char *)"", 1);
}

static const char *hash_end(crypto_generichash_state *state, struct arena *arena)
{
    unsigned char hash[32];
    crypto_generichash_final(state, hash, sizeof hash);
    return sql_bytes_text(hash, sizeof hash, arena);
}

bool guard_claim(struct request *request, const char **name, const char **body)
{
    const struct operation *operation = request->endpoint->operation;
    const unsigned char *key = request->loop->service->keys[KEY_CLAIM];
    crypto_generichash_state state;
    crypto_generichash_init(&state, key, KEY_BYTES, 32);
    hash_text(&state, operation->id);
    hash_text(&state, guard_key(request));
    if (operation->anonymous) {
        const char *address = request_address(request);
        const struct address client = guard_client(request);
        hash_text(&state, address);
        if (!address)
            crypto_generichash_update(&state, client.bytes, sizeof client.bytes);
    }
    *name = hash_end(&state, &request->arena);
    crypto_generichash_init(&state, key, KEY_BYTES, 32);
    hash_text(&state, guard_key(request));
    hash_text(&state, request->raw);
    hash_text(&state, request->content_type);
    crypto_generichash_update(&state, (const unsigned char *)request->body.bytes, request->body.length);
    *body = hash_end(&state, &request->arena);
    return *name && *body;
}
