/* SPDX-License-Identifier: EUPL-1.2
 * The request target: split first, decoded then, so that an encoded slash stays inside its segment. */
#include "target.h"

#include <string.h>

#include "banned.h"

/* The length of the character at text, 0 when it is none (RFC 3629 §4). */
static size_t utf8_length(const unsigned char *text, size_t left)
{
    const unsigned char first = text[0];
    const size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (length == 0 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    if ((first == 0xE0 && text[1] < 0xA0) || (first == 0xED && text[1] > 0x9F) || (first == 0xF0 && text[1] < 0x90) ||
        (first == 0xF4 && text[1] > 0x8F))
        return 0;
    return length;
}

bool utf8_valid(const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        const size_t step = utf8_length((const unsigned char *)text + at, length - at);
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

static int hex_value(char digit)
{
    return digit >= '0' && digit <= '9'   ? digit - '0'
           : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
           : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                          : -1;
}

/* Decodes into the arena; NULL with the fault's code in *fault. */
static const char *component_decode(const char *text, size_t length, bool plus_is_space, struct arena *arena, const char **fault)
{
    char *out = arena_alloc(arena, length + 1);
    size_t written = 0;
    *fault = out ? "percent_encoding" : "out_of_memory";
    for (size_t i = 0; out && i < length; i++) {
        char byte = text[i];
        if (byte == '%') {
            const int high = length - i > 2 ? hex_value(text[i + 1]) : -1;
            const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
            if (low < 0)
                return NULL;
            byte = (char)(high * 16 + low);
            i += 2;
        } else if (byte == '+' && plus_is_space)
            byte = ' ';
        if ((unsigned char)byte < 0x20 || byte == 0x7F) {
            *fault = "control_character";
            return NULL;
        }
        out[written++] = byte;
    }
    if (out && !utf8_valid(out, written)) {
        *fault = "not_utf8";
        return NULL;
    }
    return out;
}

static const char *path_parse(struct target *target, const char *path, size_t length, struct arena *arena)
{
    const char *fault = NULL;
    for (size_t at = 0; at < length;) {
        const char *start = path + at + 1; /* behind the slash */
        const char *slash = memchr(start, '/', length - at - 1);
        const size_t size = slash ? (size_t)(slash - start) : length - at - 1;
        if (target->segment_count > ROUTE_SEGMENTS_MAX)
            return NULL; /* matches nothing; no need to read on */
        const char *segment = component_decode(start, size, false, arena, &fault);
        if (!segment)
            return fault;
        target->segments[target->segment_count++] = segment;
        at += size + 1;
    }
    return NULL;
}

static const char *query_parse(struct target *target, const char *query, struct arena *arena)
{
    const char *fault = NULL;
    while (*query) {
        const size_t length = strcspn(query, "&");
        const char *equals = memchr(query, '=', length);
        const size_t name_length = equals ? (size_t)(equals - query) : length;
        if (length > 0 && target->query_count == QUERY_MAX)
            return "too_many_parameters";
        if (length > 0) {
            const char *name = component_decode(query, name_length, true, arena, &fault);
            const char *value = name && equals ? component_decode(equals + 1, length - name_length - 1, true, arena, &fault) : "";
            if (!name || !value)
                return fault;
            target->query[target->query_count++] = (struct query_pair){name, value};
        }
        query += length + (query[length] == '&');
    }
    return NULL;
}

const char *target_parse(struct target *target, const char *raw, struct arena *arena)
{
    *target = (struct target){0};
    const size_t length = strlen(raw);
    if (length > TARGET_MAX)
        return "url_too_long";
    if (raw[0] != '/')
        return "request_target";
    const char *question = memchr(raw, '?', length);
    const char *fault = path_parse(target, raw, question ? (size_t)(question - raw) : length, arena);
    if (fault || !question)
        return fault;
    return query_parse(target, question + 1, arena);
}
