/* SPDX-License-Identifier: EUPL-1.2
 * Any Accept and Accept-Language (and lang=): somebody is always answered in some language, none of them twice. */
#include "fuzz.h"
#include "negotiate.h"
#include "../words.h"
#include "vocabulary.h"

#include <string.h>

#include "banned.h"

static void choose(const char *lang, const char *header)
{
    struct languages languages;
    languages_choose(&languages, lang, header, "en,de");
    require(languages.count > 0 && languages.count <= LANGUAGES_MAX && languages.asked <= languages.count);
    for (size_t i = 0; i < languages.count; i++)
        for (size_t k = 0; k < i; k++)
            require(strcmp(languages.items[i], languages.items[k]) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool loaded;
    struct arena arena;
    if (!loaded)
        require(vocabulary_load(NULL));
    loaded = true;
    arena_init(&arena, 0);
    const char *text = arena_copy(&arena, (const char *)data, size);
    accept_quality(text, "application/json");
    etags_include(text, "\"a\"");
    choose(NULL, text);
    choose(text, text);
    arena_release(&arena);
    return 0;
}
