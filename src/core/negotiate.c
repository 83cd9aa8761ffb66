/* SPDX-License-Identifier: EUPL-1.2
 * What the reader's headers ask for: languages and media types, read leniently and within bounds. */
#include "negotiate.h"

#include "vocabulary.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "banned.h"

#define RANGES_MAX 32

/* One element of a header list: its text and its quality in thousandths. */
struct range {
    const char *text;
    size_t length;
    int quality;
};

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t");
}

/* ";q=0.5" in thousandths (RFC 9110 §12.4.2): 1000 without, 0 when it cannot be read. */
static int quality_read(const char *at, const char *end)
{
    while ((at = memchr(at, ';', (size_t)(end - at))) != NULL) {
        at = skip_space(at + 1);
        if (at + 1 >= end || (*at != 'q' && *at != 'Q') || at[1] != '=')
            continue;
        at += 2;
        int quality = *at == '1' ? 1000 : 0, unit = 100;
        if (at < end && (*at == '0' || *at == '1'))
            at++;
        if (at < end && *at == '.')
            for (at++; at < end && isdigit((unsigned char)*at) && unit > 0; at++, unit /= 10)
                quality += (*at - '0') * unit;
        return quality > 1000 ? 1000 : quality;
    }
    return 1000;
}

/* Splits a header at commas; returns how many elements there are, at most RANGES_MAX. */
static size_t ranges_read(const char *header, struct range ranges[RANGES_MAX])
{
    size_t count = 0;
    while (header && *header && count < RANGES_MAX) {
        header = skip_space(header);
        const char *end = header + strcspn(header, ",");
        const size_t length = strcspn(header, ",; \t");
        if (length)
            ranges[count++] = (struct range){header, length, quality_read(header, end)};
        header = *end ? end + 1 : end;
    }
    return count;
}

/* Best quality first, the header's order among equals: a stable insertion sort of at most RANGES_MAX. */
static void ranges_sort(struct range *ranges, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const struct range range = ranges[i];
        size_t k = i;
        for (; k > 0 && ranges[k - 1].quality < range.quality; k--)
            ranges[k] = ranges[k - 1];
        ranges[k] = range;
    }
}

/* The range with its last subtag cut off, and a single letter in front of that too (RFC 4647 §3.4). */
static size_t range_truncate(const char *range, size_t length)
{
    while (length > 0 && range[length - 1] != '-')
        length--;
    if (length > 0)
        length--; /* the hyphen */
    return length >= 2 && range[length - 2] == '-' ? length - 2 : length;
}

/* most: how many there may be afterwards */
static void language_add(struct languages *languages, const char *tag, size_t length, size_t most)
{
    const char *known = vocabulary_find(VOCABULARY_LANGUAGE, tag, length);
    if (!known || languages->count >= most)
        return;
    for (size_t i = 0; i < languages->count; i++)
        if (strcmp(languages->items[i], known) == 0)
            return;
    languages->items[languages->count++] = known;
}

/* All known languages a range means, closest first: de-simple is followed by de, which its readers are better served with than
 * with what they asked for next. Two places are kept for defaults. */
static void range_add(struct languages *languages, const char *range, size_t length)
{
    for (; length > 0; length = range_truncate(range, length))
        language_add(languages, range, length, LANGUAGES_MAX - 2);
}

static void defaults_add(struct languages *languages, const char *defaults)
{
    for (const char *at = defaults; *at;) {
        const size_t length = strcspn(at, ",");
        language_add(languages, at, length, LANGUAGES_MAX);
        at += length + (at[length] == ',');
    }
    if (languages->count == 0)
        languages->items[languages->count++] = "en"; /* before any reference data is there */
}

void languages_choose(struct languages *languages, const char *lang, const char *accept_language, const char *defaults)
{
    struct range ranges[RANGES_MAX];
    *languages = (struct languages){0};
    if (lang)
        range_add(languages, lang, strlen(lang));
    const size_t count = ranges_read(accept_language, ranges);
    ranges_sort(ranges, count);
    for (size_t i = 0; i < count && ranges[i].quality > 0; i++)
        range_add(languages, ranges[i].text, ranges[i].length);
    languages->asked = languages->count;
    defaults_add(languages, defaults);
}

/* How closely a media range names the type: 3 itself, 2 its main type, 1 anything, 0 not at all. */
static int media_match(const struct range *range, const char *media_type)
{
    const size_t length = strcspn(media_type, ";"), main_length = strcspn(media_type, "/");
    if (range->length == length && strncasecmp(range->text, media_type, length) == 0)
        return 3;
    if (range->length == main_length + 2 && strncasecmp(range->text, media_type, main_length + 1) == 0 &&
        range->text[main_length + 1] == '*')
        return 2;
    return range->length == 3 && strncmp(range->text, "*/*", 3) == 0;
}

int accept_quality(const char *accept, const char *media_type)
{
    struct range ranges[RANGES_MAX];
    const size_t count = ranges_read(accept, ranges);
    int closest = 0, quality = 0;
    for (size_t i = 0; i < count; i++) {
        const int match = media_match(&ranges[i], media_type);
        if (match > closest) {
            closest = match;
            quality = ranges[i].quality;
        }
    }
    return count == 0 ? 1000 : quality;
}

/* Of what the list does not name `*` speaks; without one gzip is not wanted, and the plain bytes a little. */
bool encoding_gzip(const char *accept_encoding)
{
    struct range ranges[RANGES_MAX];
    const size_t count = ranges_read(accept_encoding, ranges);
    int gzip = -1, plain = -1, others = -1;
    for (size_t i = 0; i < count; i++) {
        const struct range *range = &ranges[i];
        if ((range->length == 4 && strncasecmp(range->text, "gzip", 4) == 0) || (range->length == 6 && strncasecmp(range->text, "x-gzip", 6) == 0))
            gzip = range->quality;
        else if (range->length == 8 && strncasecmp(range->text, "identity", 8) == 0)
            plain = range->quality;
        else if (range->length == 1 && *range->text == '*')
            others = range->quality;
    }
    gzip = gzip < 0 ? others : gzip;
    return gzip > 0 && gzip >= plain;
}

/* The length of the opaque tag with its quotes (RFC 9110 §8.8.3), 0 when there is none. */
static size_t opaque_tag_length(const char *at)
{
    size_t length = 1;
    if (*at != '"')
        return 0;
    while ((unsigned char)at[length] > ' ' && at[length] != '"' && at[length] != 0x7F)
        length++;
    return at[length] == '"' ? length + 1 : 0;
}

bool etags_include(const char *list, const char *etag)
{
    const char *at = list ? list + strspn(list, " \t,") : "";
    if (*at == '*' && *skip_space(at + 1) == '\0')
        return true;
    while (*at) {
        at += strncmp(at, "W/", 2) == 0 ? 2 : 0;
        const size_t length = opaque_tag_length(at);
        if (length == 0)
            return false;
        if (strlen(etag) == length && strncmp(at, etag, length) == 0)
            return true;
        at = skip_space(at + length);
        if (*at && *at != ',')
            return false;
        at += strspn(at, " \t,");
    }
    return false;
}
