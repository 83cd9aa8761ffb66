/* SPDX-License-Identifier: EUPL-1.2
 * Any request target: refused with a code, or within its bounds, all of it clean UTF-8; what was read of a refused one is clean, too. */
#include "fuzz.h"
#include "target.h"

#include <string.h>

#include "banned.h"

static void require_clean(const char *text)
{
    require(text && utf8_valid(text, strlen(text)));
    for (; *text; text++)
        require((unsigned char)*text >= 0x20 && *text != 0x7F);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct target target;
    arena_init(&arena, 0);
    const char *raw = arena_copy(&arena, (const char *)data, size);
    const char *fault = target_parse(&target, raw, &arena);
    require(!fault || *fault);
    require(target.segment_count <= ROUTE_SEGMENTS_MAX + 1 && target.query_count <= QUERY_MAX);
    for (size_t i = 0; i < target.segment_count; i++)
        require_clean(target.segments[i]);
    for (size_t i = 0; i < target.query_count; i++) {
        require_clean(target.query[i].name);
        require_clean(target.query[i].value);
    }
    arena_release(&arena);
    return 0;
}
