/* SPDX-License-Identifier: EUPL-1.2
 * Whatever an article's text is, its HTML has no script and no foreign link. */
#include "fuzz.h"
#include "markdown.h"

#include <string.h>

#include "banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct markdown result;
    struct markdown_faults faults;
    arena_init(&arena, 0);
    if (markdown_render((const char *)data, size, &arena, &result, &faults))
        require(!strstr(result.html, "<script") && !strstr(result.html, "<img") && !strstr(result.html, "href=\"java"));
    else
        require(faults.count > 0);
    arena_release(&arena);
    return 0;
}
