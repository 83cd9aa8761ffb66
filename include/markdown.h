/* SPDX-License-Identifier: EUPL-1.2
 * CommonMark to safe HTML and to plain text for reading aloud. */
#ifndef WELCOME_MARKDOWN_H
#define WELCOME_MARKDOWN_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>

/* What the text shows of others is named by key, since it changes without the text: with_embeds() (migrations/functions/47_embeds.sql)
 * puts it in when it is read. Until then
 *   [](place:key), [](contact:key) alone in a paragraph   html <div data-embed="place:key"></div>, text U+FFFC place:key U+FFFC
 *   [words](article:key)                                  html <a href="article:key">words</a>, text the words
 *   ![words](media:hash)                                  html <img src="/v1/media/hash" alt="words" loading="lazy">, text the words */
struct markdown {
    const char *html;          /* no other tags than CommonMark's, links only to https:, tel:, mailto: and article: */
    const char *text;          /* a line for each block, no markup */
    const char *const *embeds; /* "place:key", "contact:key", "article:key", "media:hash": each once, in the order of the text */
    size_t embed_count;
};

struct markdown_fault {
    unsigned line;       /* 1-based */
    const char *code;    /* static: its name among the faults of content/texts/problems.json */
    const char *message; /* static: what it says to somebody at a command line */
};

#define MARKDOWN_FAULTS_MAX 20 /* more are counted out */

struct markdown_faults {
    struct markdown_fault items[MARKDOWN_FAULTS_MAX];
    size_t count;
};

/* Fills result, its texts in the arena. False: the text has what may not stand there (faults say what and where), or out of memory (no
 * faults). The time it takes is bounded by the text's length: what could take longer is a fault. */
bool markdown_render(const char *text, size_t length, struct arena *arena, struct markdown *result, struct markdown_faults *faults);

#endif
