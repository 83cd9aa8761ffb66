/* SPDX-License-Identifier: EUPL-1.2
 * gzip of whole answers: the state of both levels is made once, since making it costs as much as an answer. */
#include "compress.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "banned.h"

#define GZIP (15 + 16) /* zlib's largest window, in gzip's form */
#define FAST 1
#define WELL 5

struct compressor {
    z_stream streams[2];
};

bool compressible(const char *type)
{
    const size_t length = strcspn(type, "; ");
    return strncasecmp(type, "text/", 5) == 0 || (length >= 4 && strncasecmp(type + length - 4, "json", 4) == 0) ||
           (length >= 4 && strncasecmp(type + length - 4, "yaml", 4) == 0) || (length >= 3 && strncasecmp(type + length - 3, "xml", 3) == 0);
}

struct compressor *compressor_new(void)
{
    struct compressor *compressor = calloc(1, sizeof *compressor);
    if (!compressor)
        return NULL;
    if (deflateInit2(&compressor->streams[0], FAST, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY) == Z_OK &&
        deflateInit2(&compressor->streams[1], WELL, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY) == Z_OK)
        return compressor;
    compressor_free(compressor);
    return NULL;
}

void compressor_free(struct compressor *compressor)
{
    for (size_t i = 0; compressor && i < 2; i++)
        if (compressor->streams[i].state)
            deflateEnd(&compressor->streams[i]);
    free(compressor);
}

bool compress_buffer(struct compressor *compressor, struct buffer *buffer, bool well)
{
    z_stream *stream = &compressor->streams[well];
    if (buffer->length > COMPRESS_MAX || deflateReset(stream) != Z_OK)
        return false;
    const size_t most = deflateBound(stream, (uLong)buffer->length);
    char *bytes = malloc(most);
    if (!bytes)
        return false;
    stream->next_in = (Bytef *)buffer->bytes;
    stream->avail_in = (uInt)buffer->length;
    stream->next_out = (Bytef *)bytes;
    stream->avail_out = (uInt)most;
    if (deflate(stream, Z_FINISH) != Z_STREAM_END) {
        free(bytes);
        return false;
    }
    const size_t length = most - stream->avail_out;
    char *fitting = realloc(bytes, length);
    buffer_release(buffer);
    buffer->bytes = fitting ? fitting : bytes;
    buffer->length = buffer->capacity = length;
    return true;
}
