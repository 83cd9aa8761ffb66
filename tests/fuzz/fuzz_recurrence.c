/* SPDX-License-Identifier: EUPL-1.2
 * Whatever the times of an event are: an answer in bounded time and memory, faults that name a member, starts that are in order. */
#include "fuzz.h"
#include "recurrence.h"

#include <string.h>

#include "banned.h"

enum { OCCURRENCES_MOST = 9 * 366 * 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct faults faults;
    struct occurrences found;
    json_t *event = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
    arena_init(&arena, 0);
    faults_init(&faults, &arena);
    if (recurrence_expand(event, "2021-01-01", "2028-12-01", &arena, &found, &faults)) {
        require(faults.count == 0 && found.count <= OCCURRENCES_MOST);
        for (size_t i = 0; i < found.count; i++)
            require(strlen(found.starts[i]) == 16 && (i == 0 || strcmp(found.starts[i - 1], found.starts[i]) < 0));
    } else
        for (size_t i = 0; i < faults.count; i++)
            require(faults.items[i].pointer && faults.items[i].pointer[0] == '/' && faults.items[i].code);
    arena_release(&arena);
    json_decref(event);
    return 0;
}
