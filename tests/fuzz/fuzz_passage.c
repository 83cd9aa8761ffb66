/* SPDX-License-Identifier: EUPL-1.2
 * Words in the first line, then a text: what is shown is short, whole letters, and has no elements but marks around what stands there. */
#define _GNU_SOURCE /* strsep() */
#include "fuzz.h"
#include "passage.h"
#include "target.h"

#include "arena.h"

#include <string.h>

#include "banned.h"

enum { SHOWN_MOST = 240 * 4 * 8 }; /* letters of four bytes, each escaped or marked */

static void look(const char *html)
{
    bool open = false;
    require(utf8_valid(html, strlen(html)) && strlen(html) < SHOWN_MOST);
    for (const char *at = html; (at = strchr(at, '<')); at++) {
        require(strncmp(at, open ? "</mark>" : "<mark>", open ? 7 : 6) == 0);
        open = !open;
    }
    require(!open && !strchr(html, '"'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct buffer out;
    arena_init(&arena, 0);
    buffer_init(&out);
    char *text = arena_copy(&arena, (const char *)data, size);
    if (utf8_valid(text, strlen(text))) {
        const char *words = strsep(&text, "\n");
        passage_write(&out, words, text ? text : words);
        look(buffer_text(&out));
    }
    buffer_release(&out);
    arena_release(&arena);
    return 0;
}
