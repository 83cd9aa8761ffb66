/* SPDX-License-Identifier: EUPL-1.2
 * Pictures and documents as editors send them, made fit to be served to everybody: what they say they are, whole, of a bearable size,
 * and nothing in them but what is seen. */
#ifndef WELCOME_MEDIA_H
#define WELCOME_MEDIA_H

#include "buffer.h"

#include <stdbool.h>
#include <stddef.h>

#define MEDIA_BYTES_MAX 10485760 /* as upload_media takes */
#define MEDIA_SIDE_MAX 12000   /* pixels */
#define MEDIA_PIXELS_MAX 40000000

struct media_input {
    const unsigned char *bytes;
    size_t length;
};

/* What is served. Starts zeroed; the caller releases bytes. */
struct media_output {
    struct buffer bytes;
    unsigned width, height; /* pixels as they are seen; 0: no picture */
};

/* Why something is refused: a code of content/texts/problems.json, both static; code NULL: out of memory. */
struct media_fault {
    const char *code;
    const char *limit;
};

/* Makes output of input, which is said to be of this media type (one of image/jpeg, image/png, image/webp, application/pdf). May take
 * seconds and, for the largest pictures, half a gigabyte. Any thread. False: refused, see fault. */
bool media_clean(const char *type, struct media_input input, struct media_output *output, struct media_fault *fault);

/* The media type that files of this ending ("jpg", "png", "webp", "pdf") are of, and the other way round; NULL for others. Static. */
const char *media_type(const char *ending);
const char *media_ending(const char *type);

/* The same for one type each, already recognised. */
bool media_clean_jpeg(struct media_input input, struct media_output *output, struct media_fault *fault);
bool media_clean_png(struct media_input input, struct media_output *output, struct media_fault *fault);
bool media_clean_webp(struct media_input input, struct media_output *output, struct media_fault *fault);
bool media_clean_pdf(struct media_input input, struct media_output *output, struct media_fault *fault);

/* media_clean_pdf() in a process of its own, which has bounds; only in the program itself. */
bool media_clean_apart(struct media_input input, struct media_output *output, struct media_fault *fault);

/* Fills fault; returns false. */
bool media_refuse(struct media_fault *fault, const char *code, const char *limit);

/* Whether a picture is not larger than pictures may be, which is to be asked before its pixels are. */
bool media_size_fits(unsigned long width, unsigned long height, struct media_fault *fault);

#endif
