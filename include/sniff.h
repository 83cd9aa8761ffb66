/* SPDX-License-Identifier: EUPL-1.2
 * What bytes are, whatever is said about them. */
#ifndef WELCOME_SNIFF_H
#define WELCOME_SNIFF_H

#include <stdbool.h>
#include <stddef.h>

#define SNIFF_MAX 128

/* Writes the media type libmagic takes these bytes for. Takes some milliseconds. Any thread. False: out of memory. */
bool sniff(const void *bytes, size_t length, char type[SNIFF_MAX]);

#endif
