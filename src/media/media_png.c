/* SPDX-License-Identifier: EUPL-1.2
 * PNG: the chunks a picture is drawn from, byte for byte, once libpng has read them to the end. */
#include "media.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>

#include "banned.h"

#define SIGNATURE_LENGTH 8
#define CHUNK_FRAME 12 /* length, name, checksum (PNG, 5.3) */

/* All that changes what is seen, and nothing else: no text, times, previews, second pictures. */
static const char *const KEPT[] = {"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP", "pHYs"};

static bool chunk_kept(const unsigned char *name)
{
    for (size_t i = 0; i < sizeof KEPT / sizeof *KEPT; i++)
        if (memcmp(name, KEPT[i], 4) == 0)
            return true;
    return false;
}

/* Copies up to IEND what is kept. False: it does not get there, or holds what no reader may skip (a capital first letter). */
static bool chunks_copy(struct media_input input, struct buffer *out)
{
    size_t at = SIGNATURE_LENGTH;
    if (input.length < SIGNATURE_LENGTH || png_sig_cmp(input.bytes, 0, SIGNATURE_LENGTH) != 0)
        return false;
    buffer_append(out, (const char *)input.bytes, SIGNATURE_LENGTH);
    while (input.length - at >= CHUNK_FRAME) {
        const unsigned char *chunk = input.bytes + at, *name = chunk + 4;
        const size_t length = (size_t)png_get_uint_32(chunk);
        if (length > input.length - at - CHUNK_FRAME || (!chunk_kept(name) && !(name[0] & 0x20)))
            return false;
        if (chunk_kept(name))
            buffer_append(out, (const char *)chunk, length + CHUNK_FRAME);
        if (memcmp(name, "IEND", 4) == 0)
            return true;
        at += length + CHUNK_FRAME;
    }
    return false;
}

struct png_source {
    const char *bytes;
    size_t left;
    bool memory; /* was short */
};

static void source_read(png_structp png, png_bytep to, size_t length)
{
    struct png_source *source = png_get_io_ptr(png);
    if (length > source->left)
        png_error(png, "end of file");
    memcpy(to, source->bytes, length);
    source->bytes += length;
    source->left -= length;
}

static void fault_silently(png_structp png, png_const_charp message)
{
    (void)message;
    png_longjmp(png, 1);
}

/* Reads all pixels into one row. What libpng merely warns of is a fault here. */
static bool pixels_read(png_structp png, png_infop info, struct media_output *output, struct media_fault *fault)
{
    png_bytep volatile row = NULL;
    bool volatile fits = true;
    if (setjmp(png_jmpbuf(png)) != 0) {
        png_free(png, row);
        return fits && media_refuse(fault, "media_damaged", NULL);
    }
    png_set_user_limits(png, 0x7FFFFFFF, 0x7FFFFFFF);
    png_set_chunk_malloc_max(png, 8u << 20);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_benign_errors(png, 0);
    png_read_info(png, info);
    output->width = png_get_image_width(png, info);
    output->height = png_get_image_height(png, info);
    fits = media_size_fits(output->width, output->height, fault);
    if (!fits)
        png_error(png, "too large");
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    row = png_malloc(png, png_get_rowbytes(png, info));
    for (int pass = 0; pass < passes; pass++)
        for (unsigned y = 0; y < output->height; y++)
            png_read_row(png, row, NULL);
    png_read_end(png, NULL);
    png_free(png, row);
    return true;
}

bool media_clean_png(struct media_input input, struct media_output *output, struct media_fault *fault)
{
    if (!chunks_copy(input, &output->bytes))
        return media_refuse(fault, "media_damaged", NULL);
    struct png_source source = {.bytes = output->bytes.bytes, .left = output->bytes.length};
    png_structp png = buffer_failed(&output->bytes) ? NULL : png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, fault_silently, fault_silently);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool done;
    if (info) {
        png_set_read_fn(png, &source, source_read);
        done = pixels_read(png, info, output, fault);
    } else
        done = media_refuse(fault, NULL, NULL);
    if (png)
        png_destroy_read_struct(&png, &info, NULL);
    return done;
}
