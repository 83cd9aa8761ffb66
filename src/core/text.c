/* SPDX-License-Identifier: EUPL-1.2
 * The program's sentences for people, read once from the embedded catalogue. */
#include "text.h"

#include "embed.h"
#include "log.h"

#include <jansson.h>
#include <string.h>

#include "banned.h"

static json_t *catalogue;

bool texts_load(void)
{
    const struct embedded *file = embedded_find("content/texts/problems.json");
    json_error_t error = {0};
    catalogue = file ? json_loadb(file->bytes, file->length, JSON_REJECT_DUPLICATES, &error) : NULL;
    if (!catalogue)
        log_error("texts_unreadable", log_text("detail", error.text), log_integer("line", error.line));
    return catalogue != NULL;
}

void texts_release(void)
{
    json_decref(catalogue);
    catalogue = NULL;
}

static bool starts_with_tag(const char *language, const char *tag)
{
    const size_t length = strlen(tag);
    return strncmp(language, tag, length) == 0 && (language[length] == '\0' || language[length] == '-');
}

const char *text_language(const char *language)
{
    return starts_with_tag(language, "de") ? "de" : "en";
}

const char *text_choose(const char *const *languages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (starts_with_tag(languages[i], "de"))
            return "de";
        if (starts_with_tag(languages[i], "en"))
            return "en";
    }
    return "en";
}

const char *text_find(const char *section, const char *key, const char *part, const char *language)
{
    const json_t *entry = json_object_get(json_object_get(catalogue, section), key);
    if (part)
        entry = json_object_get(entry, part);
    return json_string_value(json_object_get(entry, text_language(language)));
}

int text_problem_status(const char *code)
{
    return (int)json_integer_value(json_object_get(json_object_get(json_object_get(catalogue, "problems"), code), "status"));
}
