/* SPDX-License-Identifier: EUPL-1.2
 * CommonMark to safe HTML and to plain text for reading aloud. */
#ifndef WELCOME_MARKDOWN_H
#define WELCOME_MARKDOWN_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>

struct markdown {
    const char *html; /* no raw HTML, no pictures, links only to https: and tel: */
    const char *text; /* a line for each block, no markup */
    const char *const *embeds; /* what it shows of others */
    size_t embed_count;
};

struct markdown_fault {
    unsigned line;       /* 1-based; 0: out of memory */
    const char *message; /* a static sentence */
    const char *code;    /* static: its name among the faults of content/texts/problems.json */
};

/* Fills result, its texts in the arena. False: the text has what articles may not have (fault says what and where), or out of
 * memory. */
bool markdown_render(const char *text, size_t length, struct arena *arena, struct markdown *result, struct markdown_fault *fault);

#endif
