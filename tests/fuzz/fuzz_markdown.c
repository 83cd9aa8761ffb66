/* SPDX-License-Identifier: EUPL-1.2
 * Whatever an article's text is, its HTML has no script and no foreign link, and what it shows of others is named by key. */
#include "fuzz.h"
#include "markdown.h"

#include <string.h>

#include "banned.h"

/* Whether every one of them stands where it may: pictures of ours, links of our schemes. */
static bool each(const char *html, const char *what, const char *const *allowed)
{
    for (const char *at = html; (at = strstr(at, what)); at++) {
        bool fine = false;
        for (const char *const *start = allowed; *start; start++)
            fine = fine || strncmp(at + strlen(what), *start, strlen(*start)) == 0;
        if (!fine)
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const schemes[] = {"https:", "tel:", "mailto:", "article:", NULL}, *const pictures[] = {" src=\"/v1/media/", NULL};
    struct arena arena;
    struct markdown result;
    struct markdown_faults faults;
    arena_init(&arena, 0);
    if (markdown_render((const char *)data, size, &arena, &result, &faults)) {
        require(!strstr(result.html, "<script") && each(result.html, " href=\"", schemes) && each(result.html, "<img", pictures));
        for (size_t i = 0; i < result.embed_count; i++)
            require(strchr(result.embeds[i], ':') && !strpbrk(result.embeds[i], "\"<>& "));
    } else
        require(faults.count > 0 && faults.items[0].line > 0);
    arena_release(&arena);
    return 0;
}
