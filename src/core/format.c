/* SPDX-License-Identifier: EUPL-1.2
 * The built-in formats, each no wider than what PostgreSQL and mail servers take. */
#include "format.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "banned.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Whether text has the shape of pattern, where 0 stands for a digit, x for a hexadecimal one, T for itself in either case. */
static bool has_shape(const char *text, const char *pattern)
{
    for (; *pattern; pattern++, text++) {
        const bool fits = *pattern == '0'   ? is_digit(*text)
                          : *pattern == 'x' ? is_hex(*text)
                          : *pattern == 'T' ? *text == 'T' || *text == 't'
                                            : *text == *pattern;
        if (!fits)
            return false;
    }
    return true;
}

static int number_at(const char *text, size_t digits)
{
    int number = 0;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (text[i] - '0');
    return number;
}

static bool check_uuid(const char *text, size_t length, const void *context)
{
    (void)context;
    return length == 36 && has_shape(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

/* A day of the calendar at the start of text; PostgreSQL has no year 0. */
static bool is_day(const char *text)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!has_shape(text, "0000-00-00"))
        return false;
    const int year = number_at(text, 4), month = number_at(text + 5, 2), day = number_at(text + 8, 2);
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= lengths[month - 1] + (month == 2 && leap);
}

static bool check_date(const char *text, size_t length, const void *context)
{
    (void)context;
    return length == 10 && is_day(text);
}

/* RFC 3339. A leap second only ends a day of UTC; PostgreSQL takes offsets under 16 hours and keeps six decimals. */
static bool check_date_time(const char *text, size_t length, const void *context)
{
    (void)context;
    if (length < 20 || length > 64 || !is_day(text) || !has_shape(text + 10, "T00:00:00"))
        return false;
    const int hour = number_at(text + 11, 2), minute = number_at(text + 14, 2), second = number_at(text + 17, 2);
    const char *rest = text + 19;
    if (*rest == '.') {
        if (!is_digit(*++rest))
            return false;
        while (is_digit(*rest))
            rest++;
    }
    int offset = 0;
    if (*rest == 'Z' || *rest == 'z') {
        rest++;
    } else {
        if ((*rest != '+' && *rest != '-') || !has_shape(rest + 1, "00:00"))
            return false;
        const int hours = number_at(rest + 1, 2), minutes = number_at(rest + 4, 2);
        if (hours > 15 || minutes > 59)
            return false;
        offset = (hours * 60 + minutes) * (*rest == '-' ? -1 : 1);
        rest += 6;
    }
    const bool ends_day = (hour * 60 + minute - offset + 2880) % 1440 == 1439;
    return rest == text + length && hour < 24 && minute < 60 && second <= (ends_day ? 60 : 59);
}

/* Dot-separated labels of letters, digits and hyphens, or of any non-ASCII characters; at least one dot. */
static bool is_domain(const char *text, size_t length)
{
    if (length == 0 || length > 253)
        return false;
    size_t start = 0, dots = 0;
    bool digits = true;
    for (size_t i = 0; i <= length; i++) {
        if (i < length && text[i] != '.') {
            if (!is_letter(text[i]) && !is_digit(text[i]) && text[i] != '-' && (unsigned char)text[i] < 0x80)
                return false;
            digits = digits && is_digit(text[i]);
            continue;
        }
        if (i == start || i - start > 63 || text[start] == '-' || text[i - 1] == '-')
            return false;
        if (i == length)
            return dots > 0 && !digits;
        dots++;
        start = i + 1;
        digits = true;
    }
    return false;
}

/* What RFC 5321 and RFC 6531 let stand unquoted before the @. */
static bool is_local_part(const char *text, size_t length)
{
    if (length == 0 || length > 64 || text[0] == '.' || text[length - 1] == '.')
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '.' && text[i + 1] == '.')
            return false;
        if (!is_letter(text[i]) && !is_digit(text[i]) && !strchr(".!#$%&'*+/=?^_`{|}~-", text[i]) && (unsigned char)text[i] < 0x80)
            return false;
    }
    return true;
}

/* Whether all characters can be seen: no spaces, controls, or marks that turn the direction of writing. */
static bool is_graphic(const char *text, size_t length)
{
    for (int32_t i = 0; i < (int32_t)length;) {
        UChar32 c;
        U8_NEXT((const uint8_t *)text, i, (int32_t)length, c);
        if (c < 0 || !u_isgraph(c))
            return false;
    }
    return true;
}

static bool check_email(const char *text, size_t length, const void *context)
{
    (void)context;
    const char *at = length <= 254 ? memchr(text, '@', length) : NULL;
    if (!at || !is_graphic(text, length))
        return false;
    const size_t local = (size_t)(at - text);
    return is_local_part(text, local) && is_domain(at + 1, length - local - 1);
}

/* RFC 3986, http and https with a host only. User information would let an address look like another's: refused. */
static bool check_uri(const char *text, size_t length, const void *context)
{
    (void)context;
    const size_t scheme = length > 8 && strncasecmp(text, "https://", 8) == 0  ? 8
                          : length > 7 && strncasecmp(text, "http://", 7) == 0 ? 7
                                                                               : 0;
    if (scheme == 0 || length > 2048)
        return false;
    for (size_t i = scheme; i < length; i++) {
        if (text[i] == '%' && (i + 2 >= length || !is_hex(text[i + 1]) || !is_hex(text[i + 2])))
            return false;
        if (!is_letter(text[i]) && !is_digit(text[i]) && (!text[i] || !strchr("%-._~:/?#[]@!$&'()*+,;=", text[i])))
            return false;
    }
    const char *host = text + scheme;
    const size_t authority = strcspn(host, "/?#"), name = strcspn(host, ":/?#");
    if (name == 0 || name > 253 || memchr(host, '@', authority) || memchr(host, '[', length - scheme) || host[0] == '.')
        return false;
    for (size_t i = name + 1; i < authority; i++)
        if (!is_digit(host[i]))
            return false;
    return authority <= name + 6;
}

struct subtag {
    const char *text; /* NULL after the last */
    size_t length;
    bool letters, digits; /* nothing but */
};

/* Moves to the subtag behind `at`, which ends at a hyphen or the end of text. */
static struct subtag subtag_at(const char *at, const char *end)
{
    struct subtag subtag = {.text = at < end ? at : NULL, .letters = true, .digits = true};
    for (; at < end && *at != '-'; at++, subtag.length++) {
        subtag.letters = subtag.letters && is_letter(*at);
        subtag.digits = subtag.digits && is_digit(*at);
        if (!is_letter(*at) && !is_digit(*at))
            return (struct subtag){.text = at};
    }
    return subtag;
}

static void subtag_next(struct subtag *subtag, const char *end)
{
    *subtag = subtag_at(subtag->text + subtag->length + 1, end);
}

/* Extensions and private use: singletons, each followed by at least one subtag. */
static bool is_extensions(struct subtag subtag, const char *end)
{
    while (subtag.text) {
        const bool private = *subtag.text == 'x' || *subtag.text == 'X';
        if (subtag.length != 1)
            return false;
        subtag_next(&subtag, end);
        size_t count = 0;
        for (; subtag.text && subtag.length <= 8 && subtag.length >= (private ? 1 : 2); count++)
            subtag_next(&subtag, end);
        if (count == 0)
            return false;
    }
    return true;
}

/* BCP 47 (RFC 5646 §2.1) without the grandfathered tags: language, extlang, Script, REGION, variants, extensions, x-private. */
static bool check_language_tag(const char *text, size_t length, const void *context)
{
    (void)context;
    const char *end = text + length;
    struct subtag subtag = subtag_at(text, end);
    if (length > 64 || length == 0 || text[length - 1] == '-' || !subtag.letters || subtag.length < 2 || subtag.length > 8)
        return false;
    const bool extendable = subtag.length <= 3;
    subtag_next(&subtag, end);
    for (int i = 0; i < 3 && extendable && subtag.text && subtag.length == 3 && subtag.letters; i++)
        subtag_next(&subtag, end);
    if (subtag.text && subtag.length == 4 && subtag.letters)
        subtag_next(&subtag, end);
    if (subtag.text && ((subtag.length == 2 && subtag.letters) || (subtag.length == 3 && subtag.digits)))
        subtag_next(&subtag, end);
    while (subtag.text && ((subtag.length >= 5 && subtag.length <= 8) || (subtag.length == 4 && is_digit(*subtag.text))))
        subtag_next(&subtag, end);
    return is_extensions(subtag, end);
}

#define FORMATS_MAX 24

static struct format formats[FORMATS_MAX] = {
    {.name = "uuid", .check = check_uuid, .code = "format"},
    {.name = "date", .check = check_date, .code = "format"},
    {.name = "date-time", .check = check_date_time, .code = "format"},
    {.name = "email", .check = check_email, .code = "format"},
    {.name = "uri", .check = check_uri, .code = "format"},
    {.name = "language-tag", .check = check_language_tag, .code = "format"},
};

const struct format *format_find(const char *name)
{
    for (size_t i = 0; i < FORMATS_MAX && formats[i].name; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

bool format_register(const char *name, format_check check, const void *context, const char *code)
{
    if (format_find(name))
        return false;
    for (size_t i = 0; i < FORMATS_MAX; i++)
        if (!formats[i].name) {
            formats[i] = (struct format){.name = name, .check = check, .context = context, .code = code ? code : "format"};
            return true;
        }
    return false;
}
