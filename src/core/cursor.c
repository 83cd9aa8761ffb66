/* SPDX-License-Identifier: EUPL-1.2
 * Signed places in a list, so that nobody can ask for a place no list has given out. */
#include "cursor.h"

#include <sodium.h>
#include <string.h>

#include "banned.h"

#define MAC_BYTES 16

/* Each part with its terminating NUL, so that no two scopes read alike. */
static void cursor_mac(const struct cursor_scope *scope, const char *place, size_t length, unsigned char mac[MAC_BYTES])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, scope->key, CURSOR_KEY_BYTES, MAC_BYTES);
    crypto_generichash_update(&state, (const unsigned char *)scope->operation, strlen(scope->operation) + 1);
    crypto_generichash_update(&state, (const unsigned char *)scope->filter, strlen(scope->filter) + 1);
    crypto_generichash_update(&state, (const unsigned char *)place, length);
    crypto_generichash_final(&state, mac, MAC_BYTES);
}

const char *cursor_sign(const struct cursor_scope *scope, const char *place, struct arena *arena)
{
    const size_t length = strlen(place), size = MAC_BYTES + length;
    unsigned char *plain = length <= CURSOR_PLACE_MAX ? arena_alloc(arena, size) : NULL;
    const size_t encoded = sodium_base64_encoded_len(size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *cursor = plain ? arena_alloc(arena, encoded) : NULL;
    if (!cursor)
        return NULL;
    cursor_mac(scope, place, length, plain);
    memcpy(plain + MAC_BYTES, place, length);
    return sodium_bin2base64(cursor, encoded, plain, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool cursor_open(const struct cursor_scope *scope, const char *cursor, char place[CURSOR_PLACE_MAX + 1])
{
    unsigned char plain[MAC_BYTES + CURSOR_PLACE_MAX], mac[MAC_BYTES];
    size_t size = 0;
    if (sodium_base642bin(plain, sizeof plain, cursor, strlen(cursor), NULL, &size, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        size <= MAC_BYTES)
        return false;
    const size_t length = size - MAC_BYTES;
    memcpy(place, plain + MAC_BYTES, length);
    place[length] = '\0';
    cursor_mac(scope, place, length, mac);
    return sodium_memcmp(mac, plain, MAC_BYTES) == 0;
}
