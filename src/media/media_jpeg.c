/* SPDX-License-Identifier: EUPL-1.2
 * JPEG without loss: the same coefficients, turned the way the camera was held, without anything beside them but the colour profile. */
#include "media.h"

#include <libexif/exif-data.h>
#include <string.h>
#include <turbojpeg.h>

#include "banned.h"

/* Exif's orientations 1 to 8 (CIPA DC-008, 4.6.4), and what undoes them. */
static const int TURNS[] = {TJXOP_NONE, TJXOP_NONE, TJXOP_HFLIP, TJXOP_ROT180, TJXOP_VFLIP, TJXOP_TRANSPOSE, TJXOP_ROT90,
                            TJXOP_TRANSVERSE, TJXOP_ROT270};

static int turn_of(struct media_input input)
{
    ExifData *exif = exif_data_new_from_data(input.bytes, (unsigned)input.length);
    ExifEntry *entry = exif ? exif_content_get_entry(exif->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION) : NULL;
    unsigned orientation = 1;
    if (entry && entry->format == EXIF_FORMAT_SHORT && entry->size >= 2)
        orientation = exif_get_short(entry->data, exif_data_get_byte_order(exif));
    if (exif)
        exif_data_unref(exif);
    return TURNS[orientation <= 8 ? orientation : 1];
}

/* The length of the segment at this place with its marker (ITU-T T.81, B.1.1.4), 0 where there is none. */
static size_t segment_length(struct media_input input, size_t at)
{
    if (at + 4 > input.length || input.bytes[at] != 0xFF || input.bytes[at + 1] < 0xC0 || input.bytes[at + 1] == 0xDA)
        return 0;
    const size_t length = 2 + ((size_t)input.bytes[at + 2] << 8 | input.bytes[at + 3]);
    return length >= 4 && at + length <= input.length ? length : 0;
}

/* Colours are wrong without their profile (ICC.1, B.4): segments APP2, in front of the picture. */
static void profile_append(struct buffer *out, struct media_input input)
{
    static const char name[] = "ICC_PROFILE";
    size_t length;
    for (size_t at = 2; (length = segment_length(input, at)) > 0; at += length)
        if (input.bytes[at + 1] == 0xE2 && length > 4 + sizeof name && memcmp(input.bytes + at + 4, name, sizeof name) == 0)
            buffer_append(out, (const char *)input.bytes + at, length);
}

/* The new picture begins with SOI and, unless its colours are special, APP0: the profile comes behind. */
static void output_write(struct buffer *out, struct media_input input, struct media_input turned)
{
    size_t head = 2;
    if (turned.length > 4 && turned.bytes[3] == 0xE0)
        head += segment_length(turned, 2);
    buffer_append(out, (const char *)turned.bytes, head);
    profile_append(out, input);
    buffer_append(out, (const char *)turned.bytes + head, turned.length - head);
}

static bool turn(tjhandle handle, struct media_input input, struct media_output *output, struct media_fault *fault)
{
    tjtransform transform = {.op = turn_of(input), .options = TJXOPT_COPYNONE | TJXOPT_TRIM | TJXOPT_PROGRESSIVE};
    unsigned char *bytes = NULL;
    unsigned long length = 0;
    int width, height, subsampling, colours;
    const bool turned = tjTransform(handle, input.bytes, input.length, 1, &bytes, &length, &transform,
                                    TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS) == 0 && length >= 4 &&
                        tjDecompressHeader3(handle, bytes, length, &width, &height, &subsampling, &colours) == 0;
    if (turned) {
        output_write(&output->bytes, input, (struct media_input){bytes, length});
        output->width = (unsigned)width;
        output->height = (unsigned)height;
    }
    tjFree(bytes);
    return turned || media_refuse(fault, "media_damaged", NULL);
}

bool media_clean_jpeg(struct media_input input, struct media_output *output, struct media_fault *fault)
{
    int width, height, subsampling, colours;
    const tjhandle handle = tjInitTransform();
    if (!handle)
        return media_refuse(fault, NULL, NULL);
    const bool read = tjDecompressHeader3(handle, input.bytes, input.length, &width, &height, &subsampling, &colours) == 0 &&
                      width > 0 && height > 0;
    bool done;
    if (read)
        done = media_size_fits((unsigned long)width, (unsigned long)height, fault) && turn(handle, input, output, fault);
    else
        done = media_refuse(fault, "media_damaged", NULL);
    tjDestroy(handle);
    return done;
}
