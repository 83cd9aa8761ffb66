/* SPDX-License-Identifier: EUPL-1.2
 * The passage of a text in which words were found, as HTML that is safe to insert. */
#ifndef WELCOME_PASSAGE_H
#define WELCOME_PASSAGE_H

#include "buffer.h"

/* Writes some 240 letters of text, those with most of the words to mark, which stand in <mark>; the beginning when there is none. words: as
 * folded() of the database has them, separated by spaces; one that ends with a star, or has four letters or more, marks all that begins
 * with it. At most 64 words count. */
void passage_write(struct buffer *out, const char *words, const char *text);

#endif
