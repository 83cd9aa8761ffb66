/* SPDX-License-Identifier: EUPL-1.2
 * Whatever an archive is, looking through it ends, and says why it is refused. The first byte chooses the type. */
#include "attachment.h"
#include "fuzz.h"

#include <string.h>

#include "banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = {
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
    };
    struct attachment_fault fault = {NULL, NULL};
    if (size == 0)
        return 0;
    if (!archive_check(types[*data % 4], data + 1, size - 1, &fault))
        require(fault.code);
    else
        require(size > 4 && memcmp(data + 1, "PK\3\4", 4) == 0);
    return 0;
}
