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
    if (buffer_reserve(buffer, 1))
        buffer->bytes[buffer->length++] = byte;
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

static bool json_plain(unsigned char byte)
{
    return byte >= 0x20 && byte != '"' && byte != '\\';
}

/* What a byte that is not plain must be written as inside a JSON string. */
static void json_escape(struct buffer *buffer, unsigned char byte)
{
    switch (byte) {
    case '"':
        buffer_puts(buffer, "\\\"");
        break;
    case '\\':
        buffer_puts(buffer, "\\\\");
        break;
    case '\n':
        buffer_puts(buffer, "\\n");
        break;
    case '\r':
        buffer_puts(buffer, "\\r");
        break;
    case '\t':
        buffer_puts(buffer, "\\t");
        break;
    default:
        buffer_printf(buffer, "\\u%04x", byte);
    }
}

void buffer_json(struct buffer *buffer, const char *text, size_t length)
{
    if (!buffer_reserve(buffer, length + 2)) /* the usual case needs no second look */
        return;
    buffer_putc(buffer, '"');
    for (size_t at = 0; at < length; at++) {
        const size_t start = at;
        while (at < length && json_plain((unsigned char)text[at]))
            at++;
        buffer_append(buffer, text + start, at - start);
        if (at < length)
            json_escape(buffer, (unsigned char)text[at]);
    }
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
            if (strncmp(text, "\xEF\xBF\xBE", 3) == 0 || strncmp(text, "\xEF\xBF\xBF", 3) == 0)
                text += 2;
            else if ((unsigned char)*text >= ' ' || strchr("\t\n\r", *text))
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
