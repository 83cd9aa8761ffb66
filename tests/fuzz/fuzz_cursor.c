/* SPDX-License-Identifier: EUPL-1.2
 * No bytes open as a cursor but those that were signed, and these open for their own list only. */
#include "cursor.h"
#include "fuzz.h"

#include <string.h>

#include "banned.h"

static const unsigned char KEY[CURSOR_KEY_BYTES] = "a key of which nobody knows much";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cursor_scope scope = {KEY, "list_guides", "city=essen\n"}, other = {KEY, "list_guides", "city=bochum\n"};
    struct arena arena;
    char place[CURSOR_PLACE_MAX + 1];
    arena_init(&arena, 0);
    const char *text = arena_copy(&arena, (const char *)data, size);
    require(!cursor_open(&scope, text, place));
    const char *cursor = cursor_sign(&scope, text, &arena);
    require(!cursor == (strlen(text) > CURSOR_PLACE_MAX));
    if (cursor && *text)
        require(cursor_open(&scope, cursor, place) && strcmp(place, text) == 0 && !cursor_open(&other, cursor, place));
    arena_release(&arena);
    return 0;
}
