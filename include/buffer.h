/* SPDX-License-Identifier: EUPL-1.2
 * Growing bytes, and JSON written into them. Failure is sticky: write on, then ask buffer_failed() once. */
#ifndef WELCOME_BUFFER_H
#define WELCOME_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *bytes; /* not terminated unless buffer_text() was called; NULL while empty */
    size_t length;
    size_t capacity;
    bool failed; /* out of memory at some point: the content is not whole */
};

void buffer_init(struct buffer *buffer);
void buffer_release(struct buffer *buffer);

/* Forgets the content, keeps the memory. */
void buffer_clear(struct buffer *buffer);

void buffer_append(struct buffer *buffer, const char *bytes, size_t length);
void buffer_puts(struct buffer *buffer, const char *text);
void buffer_putc(struct buffer *buffer, char byte);
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Writes a JSON string with its quotes (RFC 8259 §7); the text must be valid UTF-8. */
void buffer_json(struct buffer *buffer, const char *text, size_t length);
void buffer_json_text(struct buffer *buffer, const char *text);

/* Writes text for use inside HTML or XML, attribute values included. Characters that XML cannot hold (XML 1.0 §2.2) are left out. */
void buffer_html(struct buffer *buffer, const char *text);

static inline bool buffer_failed(const struct buffer *buffer)
{
    return buffer->failed;
}

/* The content as a terminated string owned by the buffer; NULL when failed. */
const char *buffer_text(struct buffer *buffer);

/* Hands the bytes to the caller, who frees them with free(); the buffer is empty again. NULL when failed or empty. */
char *buffer_take(struct buffer *buffer, size_t *length);

#endif
