/* SPDX-License-Identifier: EUPL-1.2
 * What is written into JSON, HTML, arrays and bytes of PostgreSQL is read back as what it was, and nothing else. Lines are elements. */
#define _GNU_SOURCE /* strsep() */
#include "buffer.h"
#include "fuzz.h"
#include "sql_type.h"
#include "target.h"

#include <stdio.h>
#include <string.h>

#include "banned.h"

enum { ELEMENTS_MAX = 16 };

static void json(const char *text)
{
    struct buffer out;
    buffer_init(&out);
    buffer_json_text(&out, text);
    json_t *value = json_loadb(out.bytes, out.length, JSON_DECODE_ANY, NULL);
    require(value && strcmp(json_string_value(value), text) == 0);
    json_decref(value);
    buffer_release(&out);
}

/* Reads what buffer_html() wrote along the text, of which it leaves out what XML cannot hold. */
static void html(const char *text)
{
    static const struct {
        const char *entity;
        char is;
    } entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};
    struct buffer out;
    buffer_init(&out);
    buffer_html(&out, text);
    const char *written = buffer_text(&out);
    require(!strpbrk(written, "<>\"'"));
    while (*written) {
        char is = *written;
        size_t length = 1;
        for (size_t i = 0; *written == '&' && i < 5; i++)
            if (strncmp(written, entities[i].entity, strlen(entities[i].entity)) == 0) {
                is = entities[i].is;
                length = strlen(entities[i].entity);
            }
        require(*written != '&' || length > 1);
        while (*text && *text != is)
            text++;
        require(*text++ == is);
        written += length;
    }
    buffer_release(&out);
}

/* As array_in() reads it: quoted elements, a backslash before what stands for itself. */
static void array(const char *const *items, size_t count, struct arena *arena)
{
    const char *at = sql_text_array(items, count, arena);
    require(at && *at++ == '{');
    for (size_t i = 0; i < count; i++) {
        const char *item = items[i];
        require((i == 0 || *at++ == ',') && *at++ == '"');
        for (; *at && *at != '"'; at++, item++) {
            at += *at == '\\';
            require(*at == *item);
        }
        require(*item == '\0' && *at++ == '"');
    }
    require(strcmp(at, "}") == 0);
}

static void bytes(const uint8_t *data, size_t size, struct arena *arena)
{
    const char *text = sql_bytes_text(data, size, arena);
    require(text && strncmp(text, "\\x", 2) == 0 && strlen(text) == 2 + 2 * size);
    for (size_t i = 0; i < size; i++) {
        char pair[3];
        snprintf(pair, sizeof pair, "%02x", data[i]);
        require(strncmp(text + 2 + 2 * i, pair, 2) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    const char *items[ELEMENTS_MAX];
    size_t count = 0;
    arena_init(&arena, 0);
    char *text = arena_copy(&arena, (const char *)data, size);
    bytes(data, size, &arena);
    if (utf8_valid(text, strlen(text))) {
        json(text);
        html(text);
        while (text && count < ELEMENTS_MAX)
            items[count++] = strsep(&text, "\n");
        array(items, count, &arena);
    }
    arena_release(&arena);
    return 0;
}
