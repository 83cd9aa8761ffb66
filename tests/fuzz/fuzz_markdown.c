/* SPDX-License-Identifier: EUPL-1.2
 * Whatever an article's text is, its HTML has no script and no foreign link. */
#include "markdown.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct markdown result;
    struct markdown_fault fault;
    arena_init(&arena, 0);
    if (markdown_render((const char *)data, size, &arena, &result, &fault)) {
        if (strstr(result.html, "<script") || strstr(result.html, "<img") || strstr(result.html, "href=\"java"))
            abort();
    } else if (!fault.message)
        abort();
    arena_release(&arena);
    return 0;
}
