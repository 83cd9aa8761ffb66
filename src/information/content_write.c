/* SPDX-License-Identifier: EUPL-1.2
 * The canonical form of content's files. libyaml's emitter puts sequences where their mapping stands, this form indents them. */
#include "content_file.h"

#include <stdlib.h>
#include <string.h>

#include "banned.h"

enum { INDENT = 2 };

/* Formats whose texts stand plain where YAML allows it. */
static const char *const PLAIN_FORMATS[] = {"key", "code", "city", "topic", "audience", "stage"};

/* Plain words that YAML 1.1 takes for something else. */
static const char *const NOT_PLAIN[] = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"};

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; text && i < count; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

static bool stands_plain(const char *text)
{
    return *text >= 'a' && *text <= 'z' && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(text) &&
           !is_one_of(text, NOT_PLAIN, sizeof NOT_PLAIN / sizeof *NOT_PLAIN);
}

/* Length of what a quoted text must not hold as it is (YAML 1.2.2 §5.1, §5.4 with the line breaks of 1.1); 0 when it may. */
static size_t special_length(const unsigned char *at, unsigned *character)
{
    *character = *at;
    if (*at < 0x20 || *at == 0x7f || *at == '"' || *at == '\\')
        return 1;
    *character = at[0] == 0xc2 ? at[1] : 0;
    if (*character >= 0x80 && *character < 0xa0)
        return 2;
    if (at[0] < 0xe2 || at[0] > 0xef || !at[1] || !at[2])
        return 0;
    *character = (unsigned)(at[0] & 0x0f) << 12 | (unsigned)(at[1] & 0x3f) << 6 | (unsigned)(at[2] & 0x3f);
    return *character == 0x2028 || *character == 0x2029 || *character == 0xfeff || *character >= 0xfffe ? 3 : 0;
}

static void put_special(struct buffer *out, unsigned character)
{
    static const char escaped[] = "\t\n\r\"\\", letters[] = "tnr\"\\";
    const char *known = character && character < 0x80 ? strchr(escaped, (int)character) : NULL;
    if (known)
        buffer_printf(out, "\\%c", letters[known - escaped]);
    else
        buffer_printf(out, character < 0x100 ? "\\x%02X" : "\\u%04X", character);
}

static void put_quoted(struct buffer *out, const char *text)
{
    buffer_putc(out, '"');
    while (*text) {
        unsigned character;
        const size_t length = special_length((const unsigned char *)text, &character);
        if (length)
            put_special(out, character);
        else
            buffer_putc(out, *text);
        text += length ? length : 1;
    }
    buffer_putc(out, '"');
}

static void put_scalar(struct buffer *out, const struct schema *schema, const json_t *value)
{
    const char *text = json_string_value(value);
    if (json_is_integer(value))
        buffer_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        buffer_printf(out, "%.9g", json_real_value(value)); /* coordinates have six decimals */
    else if (json_is_boolean(value))
        buffer_puts(out, json_is_true(value) ? "true" : "false");
    else if (text && schema && is_one_of(schema->format, PLAIN_FORMATS, sizeof PLAIN_FORMATS / sizeof *PLAIN_FORMATS) &&
             stands_plain(text))
        buffer_puts(out, text);
    else
        put_quoted(out, text ? text : "");
    buffer_putc(out, '\n');
}

static void put_spaces(struct buffer *out, unsigned count)
{
    buffer_printf(out, "%*s", (int)count, "");
}

static void put_mapping(struct buffer *out, const struct schema *schema, const json_t *value, unsigned indent, bool begun);

static void put_sequence(struct buffer *out, const struct schema *items, const json_t *value, unsigned indent)
{
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item) {
        put_spaces(out, indent);
        buffer_puts(out, "- ");
        if (json_is_object(item))
            put_mapping(out, items, item, indent + INDENT, true);
        else
            put_scalar(out, items, item);
    }
}

static void put_member(struct buffer *out, const char *name, const struct schema *schema, const json_t *value, unsigned indent)
{
    if (stands_plain(name))
        buffer_puts(out, name);
    else
        put_quoted(out, name);
    if (!json_is_object(value) && !json_is_array(value)) {
        buffer_puts(out, ": ");
        put_scalar(out, schema, value);
        return;
    }
    buffer_puts(out, ":\n");
    if (json_is_array(value))
        put_sequence(out, schema->items, value, indent + INDENT);
    else
        put_mapping(out, schema, value, indent + INDENT, false);
}

/* Names that the schema leaves open, like tags of languages, in the order of their letters. */
static const char *next_name(const json_t *value, const char *before)
{
    const char *name, *next = NULL;
    json_t *member;
    json_object_foreach((json_t *)value, name, member)
        if ((!before || strcmp(name, before) > 0) && (!next || strcmp(name, next) < 0))
            next = name;
    return next;
}

/* begun: the first line has its indentation already. */
static void put_mapping(struct buffer *out, const struct schema *schema, const json_t *value, unsigned indent, bool begun)
{
    for (size_t i = 0; i < schema->property_count; i++) {
        const json_t *member = json_object_get(value, schema->properties[i].name);
        if (!member)
            continue;
        put_spaces(out, begun ? 0 : indent);
        put_member(out, schema->properties[i].name, schema->properties[i].schema, member, indent);
        begun = false;
    }
    for (const char *name = NULL; schema->additional && (name = next_name(value, name));) {
        put_spaces(out, begun ? 0 : indent);
        put_member(out, name, schema->additional, json_object_get(value, name), indent);
        begun = false;
    }
}

void content_write(struct buffer *out, const struct schema *schema, const json_t *value)
{
    put_mapping(out, schema, value, 0, false);
}
