/* SPDX-License-Identifier: EUPL-1.2
 * Growing bytes, and JSON written into them. */
#include "buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

void buffer_init(struct buffer *buffer)
{
    *buffer = (struct buffer){0};
}

void buffer_release(struct buffer *buffer)
{
    free(buffer->bytes);
    buffer_init(buffer);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->length = 0;
    buffer->failed = false;
}

/* Makes room for `more` bytes behind the content. */
static bool buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed)
        return false;
    if (buffer->capacity - buffer->length >= more)
        return true;
    if (more > SIZE_MAX / 4 || buffer->length > SIZE_MAX / 4) {
        buffer->failed = true;
        return false;
    }
    size_t capacity = buffer->capacity ? buffer->capacity : 256;
    while (capacity < buffer->length + more)
        capacity *= 2;
    char *bytes = realloc(buffer->bytes, capacity);
    if (!bytes) {
        buffer->failed = true;
        return false;
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

void buffer_append(struct buffer *buffer, const char *bytes, size_t length)
{
    if (length == 0 || !buffer_reserve(buffer, length))
        return;
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

void buffer_puts(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_putc(struct buffer *buffer, char byte)
{
    buffer_append(buffer, &byte, 1);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    if (length < 0)
        buffer->failed = true;
    else if (buffer_reserve(buffer, (size_t)length + 1)) {
        vsnprintf(buffer->bytes + buffer->length, (size_t)length + 1, format, again);
        buffer->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

/* What a byte below 0x60 must be written as inside a JSON string; NULL where it may stand as it is. */
static const char *json_escape(unsigned char byte, char unicode[7])
{
    switch (byte) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        if (byte >= 0x20)
            return NULL;
        snprintf(unicode, 7, "\\u%04x", byte);
        return unicode;
    }
}

void buffer_json(struct buffer *buffer, const char *text, size_t length)
{
    if (!buffer_reserve(buffer, length + 2)) /* the usual case needs no second look */
        return;
    buffer_putc(buffer, '"');
    size_t start = 0;
    for (size_t i = 0; i < length; i++) {
        char unicode[7];
        const char *escape = json_escape((unsigned char)text[i], unicode);
        if (!escape)
            continue;
        buffer_append(buffer, text + start, i - start);
        buffer_puts(buffer, escape);
        start = i + 1;
    }
    buffer_append(buffer, text + start, length - start);
    buffer_putc(buffer, '"');
}

void buffer_json_text(struct buffer *buffer, const char *text)
{
    buffer_json(buffer, text, strlen(text));
}

void buffer_html(struct buffer *buffer, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            buffer_puts(buffer, "&amp;");
            break;
        case '<':
            buffer_puts(buffer, "&lt;");
            break;
        case '>':
            buffer_puts(buffer, "&gt;");
            break;
        case '"':
            buffer_puts(buffer, "&quot;");
            break;
        case '\'':
            buffer_puts(buffer, "&#39;");
            break;
        default:
            buffer_putc(buffer, *text);
        }
    }
}

const char *buffer_text(struct buffer *buffer)
{
    if (!buffer_reserve(buffer, 1))
        return NULL;
    buffer->bytes[buffer->length] = '\0';
    return buffer->bytes;
}

char *buffer_take(struct buffer *buffer, size_t *length)
{
    char *bytes = buffer->failed || buffer->length == 0 ? NULL : buffer->bytes;
    *length = bytes ? buffer->length : 0;
    if (!bytes)
        free(buffer->bytes);
    buffer_init(buffer);
    return bytes;
}
