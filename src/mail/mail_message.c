/* SPDX-License-Identifier: EUPL-1.2
 * Mails as MIME: written with base64 bodies and encoded-word headers, with an invitation where there is one, and read back for `welcomed mail last`. */
#include "mail.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "banned.h"

enum { LINE_BYTES = 57, WORD_BYTES = 45, HEADER_ASCII_MAX = 66, ADDRESS_MAX = 254, BOUNDARY_MAX = 70, TYPE_MAX = 64 }; /* 57 bytes are 76 characters of base64 */

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
            return false;
    return true;
}

/* An address that cannot end its header line or bring a second address along. */
static bool is_address(const char *text)
{
    const size_t length = strlen(text);
    const char *at = strrchr(text, '@');
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= 0x20 || *c == 0x7f || strchr("<>()[],;:\\\"", *c))
            return false;
    return length <= ADDRESS_MAX && at && at > text && at[1];
}

static void put_base64(struct buffer *out, const char *bytes, size_t length)
{
    char line[sodium_base64_ENCODED_LEN(LINE_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    sodium_bin2base64(line, sizeof line, (const unsigned char *)bytes, length, sodium_base64_VARIANT_ORIGINAL);
    buffer_puts(out, line);
}

/* Encoded words (RFC 2047) of whole characters, one a line. */
static void put_words(struct buffer *out, const char *text)
{
    for (const char *separator = ""; *text; separator = "\r\n ") {
        size_t length = strlen(text);
        if (length > WORD_BYTES) {
            length = WORD_BYTES;
            while (length > WORD_BYTES - 3 && ((unsigned char)text[length] & 0xc0) == 0x80) /* no longer back than a character is */
                length--;
        }
        buffer_printf(out, "%s=?UTF-8?B?", separator);
        put_base64(out, text, length);
        buffer_puts(out, "?=");
        text += length;
    }
}

static void put_header_text(struct buffer *out, const char *name, const char *text)
{
    buffer_printf(out, "%s: ", name);
    if (is_ascii(text) && strlen(text) <= HEADER_ASCII_MAX && !strstr(text, "=?"))
        buffer_puts(out, text);
    else
        put_words(out, text);
    buffer_puts(out, "\r\n");
}

static void put_from(struct buffer *out, const char *name, const char *address)
{
    buffer_puts(out, "From: ");
    if (*name && is_ascii(name) && !strpbrk(name, "\"\\"))
        buffer_printf(out, "\"%s\" <%s>\r\n", name, address);
    else if (*name) {
        put_words(out, name);
        buffer_printf(out, " <%s>\r\n", address);
    } else
        buffer_printf(out, "%s\r\n", address);
}

/* headers: what is said of the part besides, whole lines. */
static void put_part(struct buffer *out, const char *boundary, const char *type, const char *headers, const char *body)
{
    buffer_printf(out, "--%s\r\nContent-Type: %s; charset=utf-8\r\n%sContent-Transfer-Encoding: base64\r\n\r\n", boundary, type, headers);
    for (size_t left = strlen(body); left > 0;) {
        const size_t length = left < LINE_BYTES ? left : LINE_BYTES;
        put_base64(out, body, length);
        buffer_puts(out, "\r\n");
        body += length;
        left -= length;
    }
}

bool mail_address_split(const char *from, struct arena *arena, const char **name, const char **address)
{
    const char *open = strrchr(from, '<');
    const char *close = open ? strchr(open, '>') : NULL;
    size_t name_length = open ? (size_t)(open - from) : 0;
    while (name_length > 0 && from[name_length - 1] == ' ')
        name_length--;
    if (open && (!close || close[1]))
        return false;
    *name = arena_copy(arena, from, name_length);
    *address = open ? arena_copy(arena, open + 1, (size_t)(close - open) - 1) : arena_text(arena, from);
    return *name && *address && is_address(*address);
}

/* The body's line ends: a text part has CRLF. */
static const char *with_crlf(const char *text, struct buffer *out)
{
    buffer_init(out);
    for (; *text; text++) {
        if (*text == '\n')
            buffer_putc(out, '\r');
        if (*text != '\r')
            buffer_putc(out, *text);
    }
    return buffer_text(out);
}

/* The same in several forms, the best one last (RFC 2046 §5.1.4). Boundaries have =_, which is not in base64. */
static void put_alternatives(struct buffer *out, const struct mail_message *message, const char *text)
{
    char boundary[BOUNDARY_MAX], type[TYPE_MAX];
    snprintf(boundary, sizeof boundary, "=_%s", message->id);
    buffer_printf(out, "Content-Type: multipart/alternative; boundary=\"%s\"\r\n\r\n", boundary);
    put_part(out, boundary, "text/plain", "", text);
    put_part(out, boundary, "text/html", "", message->content->html);
    if (message->calendar) {
        snprintf(type, sizeof type, "text/calendar; method=%s", message->calendar_method);
        put_part(out, boundary, type, "", message->calendar);
    }
    buffer_printf(out, "--%s--\r\n", boundary);
}

/* Programs that know invitations act on the form, all others show the file. */
static void put_mixed(struct buffer *out, const struct mail_message *message, const char *text)
{
    static const char headers[] = "Content-Disposition: attachment; filename=\"invite.ics\"\r\n";
    char boundary[BOUNDARY_MAX];
    snprintf(boundary, sizeof boundary, "=_mixed_%s", message->id);
    buffer_printf(out, "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n--%s\r\n", boundary, boundary);
    put_alternatives(out, message, text);
    put_part(out, boundary, "application/ics; name=\"invite.ics\"", headers, message->calendar);
    buffer_printf(out, "--%s--\r\n", boundary);
}

static void put_message(struct buffer *out, const struct mail_message *message, const char *name, const char *address, const char *text)
{
    char date[64];
    struct tm utc;
    gmtime_r(&message->date, &utc);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &utc);
    put_from(out, name, address);
    buffer_printf(out, "To: %s\r\n", message->to);
    put_header_text(out, "Subject", message->content->subject);
    buffer_printf(out, "Date: %s\r\nMessage-ID: <%s%s>\r\n", date, message->id, strrchr(address, '@'));
    buffer_printf(out, "Content-Language: %s\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n", message->content->language);
    if (message->calendar)
        put_mixed(out, message, text);
    else
        put_alternatives(out, message, text);
}

bool mail_message_write(struct buffer *out, const struct mail_message *message)
{
    struct arena arena;
    struct buffer text;
    const char *name, *address;
    arena_init(&arena, 0);
    bool done = mail_address_split(message->from, &arena, &name, &address) && is_address(message->to);
    if (done) {
        const char *lines = with_crlf(message->content->text, &text);
        if (lines)
            put_message(out, message, name, address, lines);
        done = lines && !buffer_failed(out);
        buffer_release(&text);
    }
    arena_release(&arena);
    return done;
}

const char *mail_message_to(const char *message, struct arena *arena)
{
    while (*message && *message != '\r' && *message != '\n') { /* headers end with an empty line */
        const size_t length = strcspn(message, "\r\n");
        if (strncasecmp(message, "To: ", 4) == 0)
            return arena_copy(arena, message + 4, length - 4);
        message += length;
        message += *message == '\r';
        message += *message == '\n';
    }
    return NULL;
}

const char *mail_message_text(const char *message, struct arena *arena)
{
    const char *part = strstr(message, "Content-Type: text/plain");
    const char *body = part ? strstr(part, "\n\n") : NULL;
    const char *crlf = part ? strstr(part, "\r\n\r\n") : NULL;
    if (crlf && (!body || crlf < body))
        body = crlf;
    const char *end = body ? strstr(body, "\n--") : NULL;
    if (!end)
        return NULL;
    const size_t length = (size_t)(end - body);
    char *text = arena_alloc(arena, length + 1);
    size_t written = 0, kept = 0;
    if (!text || sodium_base642bin((unsigned char *)text, length, body, length, "\r\n", &written, NULL, sodium_base64_VARIANT_ORIGINAL))
        return NULL;
    for (size_t i = 0; i < written; i++)
        if (text[i] != '\r')
            text[kept++] = text[i];
    text[kept] = '\0';
    return text;
}
