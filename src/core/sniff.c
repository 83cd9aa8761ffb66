/* SPDX-License-Identifier: EUPL-1.2
 * What bytes are, whatever is said about them: libmagic's view. */
#include "sniff.h"

#include <magic.h>
#include <stdio.h>

#include "banned.h"

/* The library's cookies belong to one thread, hence a new one each time: reading its file takes some milliseconds. */
bool sniff(const void *bytes, size_t length, char type[SNIFF_MAX])
{
    const magic_t magic = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR | MAGIC_NO_CHECK_CDF |
                                     MAGIC_NO_CHECK_ELF);
    if (!magic)
        return false;
    const char *found = magic_load(magic, NULL) == 0 ? magic_buffer(magic, bytes, length) : NULL;
    if (found)
        snprintf(type, SNIFF_MAX, "%s", found);
    magic_close(magic);
    return found != NULL;
}
