/* SPDX-License-Identifier: EUPL-1.2
 * Any text as the value of every placeholder of every mail: the subject stays one line, the page keeps the elements it has with a harmless
 * value. The first two bytes choose template and language. */
#include "embed.h"
#include "fuzz.h"
#include "mail.h"
#include "target.h"

#include <string.h>

#include "banned.h"

static const struct mail_texts *texts;
static json_t *words; /* content/mail/en.json */

static void prepare(void)
{
    const struct embedded *file = embedded_find("content/mail/en.json");
    texts = mail_texts_load();
    words = file ? json_loadb(file->bytes, file->length, 0, NULL) : NULL;
    require(texts && words);
}

/* {name: text} for every {name} there is anywhere in this value; of languages a list. */
static void placeholders(const json_t *value, const char *text, json_t *data)
{
    size_t i;
    const char *name;
    json_t *item;
    json_array_foreach(value, i, item)
        placeholders(item, text, data);
    json_object_foreach((json_t *)value, name, item)
        placeholders(item, text, data);
    for (const char *at = json_is_string(value) ? strchr(json_string_value(value), '{') : NULL; at; at = strchr(at + 1, '{')) {
        char key[64] = "";
        const size_t length = strcspn(at + 1, "}");
        require(length < sizeof key);
        memcpy(key, at + 1, length);
        json_object_set_new(data, key, strcmp(key, "languages") == 0 ? json_pack("[ss]", text, text) : json_string(text));
    }
}

/* Elements but for line breaks, which stand for the text's own. */
static size_t elements(const char *html)
{
    size_t count = 0;
    for (const char *at = html; (at = strchr(at, '<')); at++)
        count += strncmp(at, "<br>", 4) != 0;
    return count;
}

static size_t render(const char *template, const char *language, const char *text)
{
    struct arena arena;
    struct mail_content content;
    json_t *data = json_object();
    arena_init(&arena, 0);
    placeholders(words, text, data);
    const struct mail_request request = {.template = template, .language = language, .region = text, .data = data, .link = text};
    require(mail_render(texts, &request, &arena, &content) && !strpbrk(content.subject, "\r\n\t"));
    require(utf8_valid(content.subject, strlen(content.subject)) && utf8_valid(content.text, strlen(content.text)));
    const size_t count = elements(content.html);
    json_decref(data);
    arena_release(&arena);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const languages[] = {"en", "de", "ar", "tr", "uk", "fa", "de-simple", "xx"};
    struct arena arena;
    if (!texts)
        prepare();
    if (size < 3)
        return 0;
    json_t *templates = json_object_get(words, "templates");
    void *chosen = json_object_iter(templates);
    for (size_t i = data[0] % json_object_size(templates); i > 0; i--)
        chosen = json_object_iter_next(templates, chosen);
    const char *template = json_object_iter_key(chosen), *language = languages[data[1] % 8];
    arena_init(&arena, 0);
    const char *text = arena_copy(&arena, (const char *)data + 2, size - 2);
    if (*text && utf8_valid(text, strlen(text)))
        require(render(template, language, text) == render(template, language, "harmless"));
    arena_release(&arena);
    return 0;
}
