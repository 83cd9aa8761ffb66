/* SPDX-License-Identifier: EUPL-1.2
 * Finds files that are part of the program; src/operation/embed.sh writes their table. */
#include "embed.h"

#include <stdlib.h>
#include <string.h>

#include "banned.h"

static int path_compare(const void *path, const void *entry)
{
    return strcmp(path, ((const struct embedded *)entry)->path);
}

const struct embedded *embedded_find(const char *path)
{
    return bsearch(path, EMBEDDED, EMBEDDED_COUNT, sizeof(EMBEDDED[0]), path_compare);
}
