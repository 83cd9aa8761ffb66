/* SPDX-License-Identifier: EUPL-1.2
 * gzip (RFC 1952) of whole answers. */
#ifndef WELCOME_COMPRESS_H
#define WELCOME_COMPRESS_H

#include "buffer.h"

#include <stdbool.h>
#include <stddef.h>

#define COMPRESS_MIN 1024          /* bytes; what is shorter fits into a packet anyway */
#define COMPRESS_MAX (1024 * 1024) /* what is longer would hold up the loop */

/* Whether this media type gets smaller: texts, JSON and XML of all kinds do, pictures and archives do not. */
bool compressible(const char *type);

struct compressor;

/* For one thread; NULL: out of memory. */
struct compressor *compressor_new(void);
void compressor_free(struct compressor *compressor);

/* Replaces the buffer's content: well, for what is sent often, else fast. False: out of memory, and the content is as it was. */
bool compress_buffer(struct compressor *compressor, struct buffer *buffer, bool well);

#endif
