/* SPDX-License-Identifier: EUPL-1.2
 * From a template and its data to subject, plain text and HTML in one language. */
#include "mail.h"

#include "embed.h"
#include "language.h"
#include "log.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ubidi.h>
#include <unicode/udat.h>
#include <unicode/udatpg.h>
#include <unicode/ulistformatter.h>
#include <unicode/ustring.h>

#include "banned.h"

#define FOLDER "content/mail/"
#define PAGE "font-family:sans-serif;line-height:1.5;max-width:36em;margin:24px auto;padding:0 16px"
#define BUTTON "display:inline-block;padding:12px 20px;border-radius:6px;background:#0b5394;color:#fff;text-decoration:none"

enum { LANGUAGES_MAX = 64, LIST_MAX = 32, TEXT_MAX = 128 };

struct mail_texts {
    json_t *languages; /* tag -> file */
};

enum part { PART_SUBJECT, PART_TEXT, PART_HTML };

/* One mail while it is rendered. */
struct rendering {
    const struct mail_request *request;
    const json_t *words; /* the language's file */
    const char *language;
    const char *locale; /* ICU's, for dates and lists */
    bool rtl;
    struct arena *arena;
};

static const char *word(const json_t *words, const char *name)
{
    const char *text = json_string_value(json_object_get(words, name));
    return text ? text : "";
}

struct mail_texts *mail_texts_load(void)
{
    struct mail_texts *texts = malloc(sizeof *texts);
    json_t *languages = texts ? json_object() : NULL;
    bool whole = languages != NULL;
    for (const struct embedded *file = EMBEDDED; whole && file < EMBEDDED + EMBEDDED_COUNT; file++) {
        if (strncmp(file->path, FOLDER, strlen(FOLDER)) != 0)
            continue;
        json_error_t error;
        json_t *words = json_loadb(file->bytes, file->length, JSON_REJECT_DUPLICATES, &error);
        whole = words && json_object_set_new(languages, word(words, "language"), words) == 0;
        if (!words)
            log_error("mail_text_faulty", log_text("file", file->path), log_integer("line", error.line), log_text("error", error.text));
    }
    if (!whole || !json_object_get(languages, "en")) {
        log_error("mail_texts_missing");
        json_decref(languages);
        free(texts);
        return NULL;
    }
    texts->languages = languages;
    return texts;
}

void mail_texts_free(struct mail_texts *texts)
{
    if (texts)
        json_decref(texts->languages);
    free(texts);
}

/* RFC 4647 lookup: the tag itself, then without its last parts, then English. */
static const json_t *texts_for(const struct mail_texts *texts, const char *language)
{
    char tag[TEXT_MAX];
    snprintf(tag, sizeof tag, "%s", language);
    for (;;) {
        const json_t *words = json_object_get(texts->languages, tag);
        char *dash = strrchr(tag, '-');
        if (words)
            return words;
        if (!dash)
            return json_object_get(texts->languages, "en");
        *dash = '\0';
    }
}

/* UTF-8 to ICU's UTF-16 and back, in the arena; NULL when out of memory. */
static UChar *text_widen(const char *text, int32_t *length, struct arena *arena)
{
    const size_t bytes = strlen(text); /* never fewer than UTF-16 units */
    UErrorCode status = U_ZERO_ERROR;
    UChar *wide = bytes < INT32_MAX ? arena_array(arena, bytes + 1, sizeof *wide) : NULL;
    if (wide)
        u_strFromUTF8WithSub(wide, (int32_t)bytes + 1, length, text, -1, 0xfffd, NULL, &status);
    return wide;
}

static const char *text_narrow(const UChar *wide, int32_t length, struct arena *arena)
{
    const int32_t capacity = length * 3 + 1; /* the most UTF-8 takes per unit */
    UErrorCode status = U_ZERO_ERROR;
    char *text = arena_alloc(arena, (size_t)capacity);
    if (text)
        u_strToUTF8WithSub(text, capacity, NULL, wide, length, 0xfffd, NULL, &status);
    return text;
}

/* "2026-11-22T10:00:00Z" as a day and time of the region's clock; the value itself when it is none. */
static const char *show_time(const struct rendering *r, const char *value)
{
    static const UChar zone[] = u"Europe/Berlin";
    struct tm utc = {0};
    UChar wide[TEXT_MAX];
    UErrorCode status = U_ZERO_ERROR;
    if (sscanf(value, "%4d-%2d-%2dT%2d:%2d:%2d", &utc.tm_year, &utc.tm_mon, &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &utc.tm_sec) != 6)
        return value;
    utc.tm_year -= 1900;
    utc.tm_mon--;
    UDateFormat *format = udat_open(UDAT_SHORT, UDAT_FULL, r->locale, zone, -1, NULL, 0, &status);
    const int32_t length = udat_format(format, (UDate)timegm(&utc) * 1000, wide, TEXT_MAX, NULL, &status);
    udat_close(format);
    return U_SUCCESS(status) && length < TEXT_MAX ? text_narrow(wide, length, r->arena) : value;
}

/* "2026-12-01T10:00", by the clock of some place, as weekday, day and time; the value itself when it is none. */
static const char *show_wall_time(const struct rendering *r, const char *value)
{
    static const UChar skeleton[] = u"yMMMMEEEEdjmm";
    struct tm wall = {0};
    UChar pattern[TEXT_MAX], wide[TEXT_MAX];
    UErrorCode status = U_ZERO_ERROR;
    if (sscanf(value, "%4d-%2d-%2dT%2d:%2d", &wall.tm_year, &wall.tm_mon, &wall.tm_mday, &wall.tm_hour, &wall.tm_min) != 5)
        return value;
    wall.tm_year -= 1900;
    wall.tm_mon--;
    UDateTimePatternGenerator *patterns = udatpg_open(r->locale, &status);
    const int32_t pattern_length = udatpg_getBestPattern(patterns, skeleton, -1, pattern, TEXT_MAX, &status);
    UDateFormat *format = udat_open(UDAT_PATTERN, UDAT_PATTERN, r->locale, u"UTC", -1, pattern, pattern_length, &status);
    const int32_t length = udat_format(format, (UDate)timegm(&wall) * 1000, wide, TEXT_MAX, NULL, &status);
    udat_close(format);
    udatpg_close(patterns);
    return U_SUCCESS(status) && length < TEXT_MAX ? text_narrow(wide, length, r->arena) : value;
}

static bool reads_right_to_left(const char *value, struct arena *arena)
{
    int32_t length = 0;
    const UChar *wide = text_widen(value, &length, arena);
    return wide && ubidi_getBaseDirection(wide, length) == UBIDI_RTL;
}

static void put_html(struct buffer *out, const char *text)
{
    char piece[2] = {0};
    for (; *text; text++) {
        piece[0] = *text;
        if (*text == '\n')
            buffer_puts(out, "<br>\n");
        else
            buffer_html(out, piece);
    }
}

/* A subject is one header line: no control characters. */
static void put_subject(struct buffer *out, const char *text)
{
    for (; *text; text++)
        buffer_putc(out, (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
}

static void put_literal(struct buffer *out, const char *text, enum part part)
{
    if (part == PART_HTML)
        put_html(out, text);
    else if (part == PART_SUBJECT)
        put_subject(out, text);
    else
        buffer_puts(out, text);
}

/* The value without the controls (U+202A-E, U+2066-9) that would end its isolation. */
static const char *without_bidi_controls(const char *value, struct arena *arena)
{
    char *kept = arena_text(arena, value), *to = kept;
    for (const char *from = value; kept && *from;) {
        const bool embedding = strncmp(from, "\xe2\x80", 2) == 0 && from[2] >= '\xaa' && from[2] <= '\xae';
        const bool isolate = strncmp(from, "\xe2\x81", 2) == 0 && from[2] >= '\xa6' && from[2] <= '\xa9';
        if (embedding || isolate)
            from += 3;
        else
            *to++ = *from++;
    }
    if (kept)
        *to = '\0';
    return kept;
}

/* Text of others must not turn the text around it: isolated, in plain text only where it could. */
static void put_value(struct buffer *out, const struct rendering *r, const char *value, enum part part)
{
    const bool isolate = part == PART_TEXT && (r->rtl || reads_right_to_left(value, r->arena));
    const char *text = without_bidi_controls(value, r->arena);
    out->failed |= !text;
    buffer_puts(out, part == PART_HTML ? "<bdi>" : isolate ? "\u2068" : "");
    put_literal(out, text ? text : "", part);
    buffer_puts(out, part == PART_HTML ? "</bdi>" : isolate ? "\u2069" : "");
}

/* Joins the items as the language does: "a, b und c". */
static void put_joined(struct buffer *out, const struct rendering *r, const char *const *items, int32_t count)
{
    const UChar *wide[LIST_MAX];
    int32_t lengths[LIST_MAX], size = 64;
    UErrorCode status = U_ZERO_ERROR;
    for (int32_t i = 0; i < count; i++) {
        wide[i] = text_widen(items[i], &lengths[i], r->arena);
        if (!wide[i]) {
            out->failed = true;
            return;
        }
        size += lengths[i] + 16; /* the words between */
    }
    UChar *joined = arena_array(r->arena, (size_t)size, sizeof *joined);
    UListFormatter *formatter = ulistfmt_open(r->locale, &status);
    const int32_t length = joined ? ulistfmt_format(formatter, wide, lengths, count, joined, size, &status) : 0;
    ulistfmt_close(formatter);
    const char *text = joined && U_SUCCESS(status) ? text_narrow(joined, length, r->arena) : NULL;
    if (text)
        buffer_puts(out, text);
    else
        out->failed = true;
}

static bool put_list(struct buffer *out, const struct rendering *r, const json_t *list, bool languages, enum part part)
{
    const char *items[LIST_MAX];
    int32_t count = 0;
    for (size_t i = 0; i < json_array_size(list) && count < LIST_MAX; i++) {
        const char *item = json_string_value(json_array_get(list, i));
        char name[LANGUAGE_NAME_MAX];
        struct buffer shown;
        if (!item)
            continue;
        if (languages)
            language_name(item, r->language, name);
        buffer_init(&shown);
        put_value(&shown, r, languages ? name : item, part);
        const char *text = buffer_text(&shown);
        items[count++] = text ? arena_text(r->arena, text) : NULL;
        buffer_release(&shown);
        if (!items[count - 1]) {
            out->failed = true;
            return true;
        }
    }
    if (count > 0)
        put_joined(out, r, items, count);
    return count > 0;
}

/* The value in the reader's words where the language's file has some for it; where the name says that it is a time, a moment by the
 * region's clock and a time on some wall as it is there. */
static const char *show_value(const struct rendering *r, const char *name, const char *text)
{
    const char *words = json_string_value(json_object_get(json_object_get(json_object_get(r->words, "values"), name), text));
    const size_t length = strlen(name);
    if (words)
        return words;
    if (length <= 3 || strcmp(name + length - 3, "_at") != 0)
        return text;
    return text[strlen(text) - 1] == 'Z' ? show_time(r, text) : show_wall_time(r, text);
}

/* Writes the value of the placeholder; false when it has none. */
static bool put_placeholder(struct buffer *out, const struct rendering *r, const char *name, enum part part)
{
    const json_t *value = json_object_get(r->request->data, name);
    const char *text = json_string_value(value);
    if (json_is_array(value))
        return put_list(out, r, value, strcmp(name, "languages") == 0, part);
    if (!text && strcmp(name, "region") == 0)
        text = r->request->region;
    if (!text || !*text)
        return false;
    put_value(out, r, show_value(r, name, text), part);
    return true;
}

/* Writes the template with its placeholders filled; false when one has no value. */
static bool put_template(struct buffer *out, const struct rendering *r, const char *template, enum part part)
{
    bool whole = true;
    for (const char *at = template; *at;) {
        const size_t literal = strcspn(at, "{");
        const char *text = arena_copy(r->arena, at, literal);
        const size_t name_length = at[literal] ? strcspn(at + literal + 1, "}") : 0;
        const char *name = arena_copy(r->arena, at + literal + (at[literal] == '{'), name_length);
        if (!text || !name) {
            out->failed = true;
            return false;
        }
        put_literal(out, text, part);
        at += literal;
        if (*at == '{') {
            whole = put_placeholder(out, r, name, part) && whole;
            at += 1 + name_length + (at[1 + name_length] == '}');
        }
    }
    return whole;
}

static void put_greeting(struct buffer *out, const struct rendering *r, enum part part)
{
    const bool named = json_string_length(json_object_get(r->request->data, "display_name")) > 0;
    put_template(out, r, word(r->words, named ? "greeting" : "greeting_unnamed"), part);
}

/* Writes the paragraphs that have all their values, each between before and after. */
static void put_paragraphs(struct buffer *out, const struct rendering *r, const json_t *paragraphs, enum part part, const char *before,
                           const char *after)
{
    for (size_t i = 0; i < json_array_size(paragraphs); i++) {
        const char *template = json_string_value(json_array_get(paragraphs, i));
        struct buffer one;
        buffer_init(&one);
        if (template && put_template(&one, r, template, part)) {
            buffer_puts(out, before);
            buffer_append(out, one.bytes, one.length);
            buffer_puts(out, after);
        }
        out->failed |= one.failed;
        buffer_release(&one);
    }
}

static void put_text(struct buffer *out, const struct rendering *r, const json_t *template)
{
    const char *action = word(template, "action");
    put_greeting(out, r, PART_TEXT);
    buffer_puts(out, "\n\n");
    put_paragraphs(out, r, json_object_get(template, "paragraphs"), PART_TEXT, "", "\n\n");
    if (r->request->link && *action)
        buffer_printf(out, "%s\n%s\n\n", action, r->request->link);
    put_template(out, r, word(r->words, "signature"), PART_TEXT);
    buffer_puts(out, "\n\n-- \n");
    put_template(out, r, word(r->words, "footer"), PART_TEXT);
    buffer_putc(out, '\n');
}

static void put_html_action(struct buffer *out, const struct rendering *r, const char *action)
{
    buffer_puts(out, "<p><a href=\"");
    buffer_html(out, r->request->link);
    buffer_puts(out, "\" style=\"" BUTTON "\">");
    buffer_html(out, action);
    buffer_puts(out, "</a></p>\n<p style=\"font-size:0.875em\">");
    put_template(out, r, word(r->words, "link_hint"), PART_HTML);
    buffer_puts(out, "<br>\n<bdi dir=\"ltr\" style=\"word-break:break-all\">");
    buffer_html(out, r->request->link);
    buffer_puts(out, "</bdi></p>\n");
}

static void put_document(struct buffer *out, const struct rendering *r, const json_t *template, const char *subject)
{
    const char *action = word(template, "action");
    buffer_puts(out, "<!DOCTYPE html>\n<html lang=\"");
    buffer_html(out, r->language);
    buffer_printf(out, "\" dir=\"%s\">\n<head><meta charset=\"utf-8\"><title>", r->rtl ? "rtl" : "ltr");
    buffer_html(out, subject);
    buffer_puts(out, "</title></head>\n<body style=\"" PAGE "\">\n<p>");
    put_greeting(out, r, PART_HTML);
    buffer_puts(out, "</p>\n");
    put_paragraphs(out, r, json_object_get(template, "paragraphs"), PART_HTML, "<p>", "</p>\n");
    if (r->request->link && *action)
        put_html_action(out, r, action);
    buffer_puts(out, "<p>");
    put_template(out, r, word(r->words, "signature"), PART_HTML);
    buffer_puts(out, "</p>\n<hr>\n<p style=\"font-size:0.875em\">");
    put_template(out, r, word(r->words, "footer"), PART_HTML);
    buffer_puts(out, "</p>\n</body>\n</html>\n");
}

static const char *keep(struct buffer *buffer, struct arena *arena)
{
    const char *text = buffer_text(buffer);
    const char *kept = text ? arena_text(arena, text) : NULL;
    buffer_release(buffer);
    return kept;
}

bool mail_render(const struct mail_texts *texts, const struct mail_request *request, struct arena *arena, struct mail_content *content)
{
    const json_t *words = texts_for(texts, request->language);
    const json_t *template = json_object_get(json_object_get(words, "templates"), request->template);
    const char *language = word(words, "language");
    const struct rendering r = {
        .request = request,
        .words = words,
        .language = language,
        .locale = strcmp(language, "en") == 0 ? "en_GB" : language, /* days before months, as everywhere around the reader */
        .rtl = strcmp(word(words, "dir"), "rtl") == 0,
        .arena = arena,
    };
    struct buffer out;
    if (!template)
        return false;
    buffer_init(&out);
    put_template(&out, &r, word(template, "subject"), PART_SUBJECT);
    *content = (struct mail_content){.language = arena_text(arena, r.language), .subject = keep(&out, arena)};
    if (!content->subject)
        return false;
    put_text(&out, &r, template);
    content->text = keep(&out, arena);
    put_document(&out, &r, template, content->subject);
    content->html = keep(&out, arena);
    return content->language && content->text && content->html;
}
