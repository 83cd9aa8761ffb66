/* SPDX-License-Identifier: EUPL-1.2
 * Whatever an attachment is, it is refused with a reason, or begins as its type does; text is whole letters. The first byte chooses the type. */
#include "attachment.h"
#include "fuzz.h"
#include "target.h"

#include <string.h>

#include "banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        const char *type, *start;
    } kinds[] = {{"text/plain", ""}, {"application/pdf", ""}, {"image/jpeg", "\xFF\xD8\xFF"}, {"image/png", "\x89PNG"}, {"image/webp", "RIFF"},
                 {"text/html", NULL}};
    struct attachment_fault fault = {NULL, NULL};
    if (size == 0)
        return 0;
    const size_t kind = *data % 6;
    const char *bytes = (const char *)data + 1, *start = kinds[kind].start;
    if (!attachment_check(kinds[kind].type, bytes, size - 1, &fault)) {
        require(fault.code);
        return 0;
    }
    require(start && size - 1 > strlen(start) && memcmp(bytes, start, strlen(start)) == 0);
    require(kind != 0 || (utf8_valid(bytes, size - 1) && !memchr(bytes, '\0', size - 1)));
    return 0;
}
