/* SPDX-License-Identifier: EUPL-1.2
 * Which kind of thing bytes are, whatever is said about them, and what they then go through. */
#include "media.h"

#include "sniff.h"

#include <string.h>

#include "banned.h"

static const struct {
    const char *type;
    const char *ending; /* of files */
    bool (*clean)(struct media_input input, struct media_output *output, struct media_fault *fault);
} KINDS[] = {
    {"image/jpeg", "jpg", media_clean_jpeg},
    {"image/png", "png", media_clean_png},
    {"image/webp", "webp", media_clean_webp},
    {"application/pdf", "pdf", media_clean_apart},
};

enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

const char *media_type(const char *ending)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (strcmp(KINDS[i].ending, ending) == 0)
            return KINDS[i].type;
    return NULL;
}

const char *media_ending(const char *type)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (strcmp(KINDS[i].type, type) == 0)
            return KINDS[i].ending;
    return NULL;
}

bool media_refuse(struct media_fault *fault, const char *code, const char *limit)
{
    *fault = (struct media_fault){code, limit};
    return false;
}

bool media_size_fits(unsigned long width, unsigned long height, struct media_fault *fault)
{
    if (width == 0 || height == 0)
        return media_refuse(fault, "media_damaged", NULL);
    if (width > MEDIA_SIDE_MAX || height > MEDIA_SIDE_MAX)
        return media_refuse(fault, "media_pixels", "12000 x 12000");
    return width * height <= MEDIA_PIXELS_MAX || media_refuse(fault, "media_pixels", "40000000");
}

static bool recognised(const char *type, struct media_input input, struct media_fault *fault)
{
    char found[SNIFF_MAX];
    if (!sniff(input.bytes, input.length, found))
        return media_refuse(fault, NULL, NULL);
    return strcmp(found, type) == 0 || media_refuse(fault, "media_type", type);
}

bool media_clean(const char *type, struct media_input input, struct media_output *output, struct media_fault *fault)
{
    if (!recognised(type, input, fault))
        return false;
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (strcmp(KINDS[i].type, type) == 0)
            return KINDS[i].clean(input, output, fault);
    return media_refuse(fault, "media_type", type);
}
