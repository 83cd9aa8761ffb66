/* SPDX-License-Identifier: EUPL-1.2
 * Why a guide was proposed, in words. */
#ifndef WELCOME_EXPLANATION_H
#define WELCOME_EXPLANATION_H

#include "buffer.h"

#include <jansson.h>

/* Writes stored terms ([{"criterion","points",...}]; NULL: none) as [{"criterion","detail","points"}] in the reader's language. */
void explanation_terms_write(struct buffer *out, const json_t *terms, const char *reader);

#endif
