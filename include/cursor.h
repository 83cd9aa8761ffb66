/* SPDX-License-Identifier: EUPL-1.2
 * Signed places in a list: what `next` holds and `after` brings back. */
#ifndef WELCOME_CURSOR_H
#define WELCOME_CURSOR_H

#include "arena.h"

#include <stdbool.h>

#define CURSOR_KEY_BYTES 32
#define CURSOR_PLACE_MAX 1024 /* bytes a place may have */

/* What a cursor is bound to besides its place: the operation and the list's filter (any text that identifies them). */
struct cursor_scope {
    const unsigned char *key; /* CURSOR_KEY_BYTES */
    const char *operation;
    const char *filter;
};

/* The place (a JSON array as text) as a cursor: base64url of a 16-byte keyed BLAKE2b (RFC 7693) and the place. NULL: out of
 * memory, or too long. */
const char *cursor_sign(const struct cursor_scope *scope, const char *place, struct arena *arena);

/* The place of a cursor made for the same scope; false (place is then nothing) when it is not one of ours. */
bool cursor_open(const struct cursor_scope *scope, const char *cursor, char place[CURSOR_PLACE_MAX + 1]);

#endif
