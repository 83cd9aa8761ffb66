/* SPDX-License-Identifier: EUPL-1.2
 * Whatever a picture or document is, it is refused with a reason, or what is served is of bearable size and, cleaned again, the same picture.
 * The first byte chooses the type. */
#include "fuzz.h"
#include "media.h"

#include <string.h>

#include "banned.h"

typedef bool (*media_cleaner)(struct media_input, struct media_output *, struct media_fault *);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const media_cleaner cleaners[] = {media_clean_jpeg, media_clean_png, media_clean_webp, media_clean_pdf};
    struct media_output once = {0}, twice = {0};
    struct media_fault fault = {NULL, NULL};
    if (size == 0)
        return 0;
    const size_t kind = *data % 4;
    if (cleaners[kind]((struct media_input){data + 1, size - 1}, &once, &fault)) {
        const struct media_input served = {(const unsigned char *)once.bytes.bytes, once.bytes.length};
        require(once.bytes.length > 0 && !buffer_failed(&once.bytes));
        require(cleaners[kind](served, &twice, &fault) && twice.width == once.width && twice.height == once.height);
        if (kind < 3) {
            require(once.width > 0 && once.width <= MEDIA_SIDE_MAX && once.height > 0 && once.height <= MEDIA_SIDE_MAX);
            require((unsigned long)once.width * once.height <= MEDIA_PIXELS_MAX);
            require(twice.bytes.length == once.bytes.length && memcmp(twice.bytes.bytes, once.bytes.bytes, once.bytes.length) == 0);
        }
    } else
        require(fault.code);
    buffer_release(&once.bytes);
    buffer_release(&twice.bytes);
    return 0;
}
