/* SPDX-License-Identifier: EUPL-1.2
 * The print form of an article: one file, well-formed as HTML and as XML, with what a reader has to know about the text. */
#include "codes.h"

#include "language.h"
#include "text.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unicode/udat.h>
#include <unicode/unumberformatter.h>
#include <unicode/ustring.h>

#include "banned.h"

/* Logical properties, so that it holds from right to left too. Nothing in it has to be escaped in XML. */
static const char STYLE[] =
    "@page{margin:2cm}"
    "body{font:11pt/1.5 serif;max-width:42em;margin:1em auto;padding:0 1em;color:#000;background:#fff}"
    "h1,h2,h3,h4,h5,h6{font-family:sans-serif;line-height:1.25;break-after:avoid}"
    "img{max-width:100%;height:auto}"
    "table{border-collapse:collapse}td,th{border:1px solid;padding:.2em .5em;text-align:start}"
    "li,tr,img,blockquote{break-inside:avoid}"
    ".summary{font-weight:bold}"
    ".notice{border:2px solid;padding:.5em 1em;margin-block:1em;font-family:sans-serif}"
    ".dates,.sources,.attachments{font-family:sans-serif;font-size:90%}"
    "@media print{body{max-width:none;margin:0;padding:0}a{color:#000}main a[href^=http]::after{content:' (' attr(href) ')';"
    "overflow-wrap:anywhere}.sources a::after{content:none}}";

struct page {
    struct request *request;
    const PGresult *rows;
    struct buffer *out;
    const char *reader; /* the language asked for first */
};

/* Nothing is loaded, sent or run but the style above and our own pictures. */
static void policy_add(struct request *request)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char text[sodium_base64_ENCODED_LEN(sizeof hash, sodium_base64_VARIANT_ORIGINAL)];
    crypto_hash_sha256(hash, (const unsigned char *)STYLE, sizeof STYLE - 1);
    sodium_bin2base64(text, sizeof text, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
    const char *policy = arena_printf(request_arena(request), "default-src 'none'; style-src 'sha256-%s'; img-src 'self'; base-uri 'none'; "
                                      "form-action 'none'; frame-ancestors 'none'", text);
    if (policy)
        request_answer_header(request, "Content-Security-Policy", policy);
    else
        request_refuse(request, "overloaded");
}

/* A day as that language writes it; the date itself where ICU fails. */
static void day_show(const char *date, const char *language, char shown[static 200])
{
    struct tm day = {.tm_hour = 12};
    UChar wide[64];
    UErrorCode status = U_ZERO_ERROR;
    snprintf(shown, 200, "%s", date);
    if (sscanf(date, "%4d-%2d-%2d", &day.tm_year, &day.tm_mon, &day.tm_mday) != 3)
        return;
    day.tm_year -= 1900;
    day.tm_mon--;
    UDateFormat *format = udat_open(UDAT_NONE, UDAT_LONG, language, u"UTC", -1, NULL, 0, &status);
    const int32_t length = udat_format(format, (UDate)timegm(&day) * 1000, wide, 64, NULL, &status);
    udat_close(format);
    if (U_SUCCESS(status) && length < 64)
        u_strToUTF8WithSub(shown, 200, NULL, wide, length, 0xfffd, NULL, &status);
}

/* The opening tag of an element whose text is one of ours, in the reader's language as far as we have it. */
static const char *sentence_open(const struct page *page, const char *element, const char *key, const char **tag)
{
    const char *sentence = text_find_tagged("print", key, page->reader, tag);
    const char *dir = strcmp(*tag, page->reader) == 0 ? row_text(page->rows, 0, "reader_dir") : "ltr";
    buffer_printf(page->out, "<%s lang=\"%s\" dir=\"%s\">", element, *tag, dir ? dir : "ltr");
    return sentence ? sentence : "";
}

static void sentence_write(const struct page *page, const char *sentence, const char *value)
{
    const char *gap = strstr(sentence, "{value}");
    if (!gap) {
        buffer_html(page->out, sentence);
        return;
    }
    buffer_append(page->out, sentence, (size_t)(gap - sentence)); /* ours, and without what would have to be escaped */
    buffer_html(page->out, value);
    buffer_html(page->out, gap + strlen("{value}"));
}

static void notice_write(const struct page *page, const char *key)
{
    const char *tag, *served = row_text(page->rows, 0, "language.served");
    char name[LANGUAGE_NAME_MAX];
    const char *sentence = sentence_open(page, "p", key, &tag);
    language_name(served, tag, name);
    sentence_write(page, sentence, name);
    buffer_puts(page->out, "</p>\n");
}

/* Where the text is not what the reader may think: another language, a machine's, behind its original. */
static void notices_write(const struct page *page)
{
    const char *method = row_text(page->rows, 0, "method"), *state = row_text(page->rows, 0, "state");
    const bool fallback = strcmp(row_text(page->rows, 0, "language.fallback"), "t") == 0;
    const bool machine = strcmp(method, "human") != 0, outdated = strcmp(state, "outdated") == 0;
    if (!fallback && !machine && !outdated)
        return;
    buffer_puts(page->out, "<div class=\"notice\" role=\"note\">\n");
    if (fallback)
        notice_write(page, "fallback");
    if (machine)
        notice_write(page, method);
    if (outdated)
        notice_write(page, "outdated");
    buffer_puts(page->out, "</div>\n");
}

static void date_write(const struct page *page, const char *key, const char *column)
{
    const char *tag, *date = row_text(page->rows, 0, column);
    char shown[200];
    if (!date)
        return;
    const char *sentence = sentence_open(page, "p", key, &tag);
    day_show(date, tag, shown);
    sentence_write(page, sentence, shown);
    buffer_puts(page->out, "</p>\n");
}

/* "184 kB" as that language writes it; nothing where ICU fails. */
static void size_show(double bytes, const char *language, char shown[static 200])
{
    const bool large = bytes >= 1000000;
    const UChar *skeleton = large ? u"measure-unit/digital-megabyte unit-width-short .#" : u"measure-unit/digital-kilobyte unit-width-short .#";
    UChar wide[64];
    UErrorCode status = U_ZERO_ERROR;
    *shown = '\0';
    UNumberFormatter *format = unumf_openForSkeletonAndLocale(skeleton, -1, language, &status);
    UFormattedNumber *number = unumf_openResult(&status);
    unumf_formatDouble(format, bytes / (large ? 1000000 : 1000), number, &status);
    const int32_t length = unumf_resultToString(number, wide, 64, &status);
    unumf_closeResult(number);
    unumf_close(format);
    if (U_SUCCESS(status) && length < 64)
        u_strToUTF8WithSub(shown, 200, NULL, wide, length, 0xfffd, NULL, &status);
}

/* What people call a type: the part behind the slash in capitals. */
static const char *type_name(const char *type)
{
    static const char *const names[][2] = {
        {"image/jpeg", "JPEG"}, {"image/png", "PNG"}, {"image/webp", "WebP"}, {"application/pdf", "PDF"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (type && strcmp(names[i][0], type) == 0)
            return names[i][1];
    return "";
}

/* A link in the words of its description, in whatever language that is; then what to expect. */
static void attachment_write(const struct page *page, const json_t *media, const char *tag)
{
    const char *words = json_string_value(json_object_get(media, "alternative_text"));
    const char *language = json_string_value(json_object_get(media, "language"));
    const char *address = json_string_value(json_object_get(media, "url"));
    const char *type = type_name(json_string_value(json_object_get(media, "type")));
    char size[200];
    size_show(json_number_value(json_object_get(media, "size")), tag, size);
    buffer_puts(page->out, "<li><a dir=\"auto\" href=\"");
    buffer_html(page->out, address ? address : "");
    if (language) {
        buffer_puts(page->out, "\" lang=\"");
        buffer_html(page->out, language);
    }
    buffer_puts(page->out, "\">");
    buffer_html(page->out, words ? words : type);
    buffer_puts(page->out, "</a> <bdi lang=\"");
    buffer_html(page->out, tag);
    buffer_printf(page->out, "\">(%s, ", type);
    buffer_html(page->out, size);
    buffer_puts(page->out, ")</bdi></li>\n");
}

/* What comes with it; the list is left out where there is nothing. */
static bool attachments_write(const struct page *page)
{
    const char *text = row_text(page->rows, 0, "attachments"), *tag;
    json_t *attachments = json_loads(text ? text : "[]", 0, NULL);
    size_t i;
    json_t *media;
    if (json_array_size(attachments) > 0) {
        buffer_puts(page->out, "<section class=\"attachments\">\n");
        buffer_html(page->out, sentence_open(page, "h2", "attachments", &tag));
        buffer_puts(page->out, "</h2>\n<ul>\n");
        json_array_foreach(attachments, i, media)
            attachment_write(page, media, tag);
        buffer_puts(page->out, "</ul>\n</section>\n");
    }
    json_decref(attachments);
    return attachments != NULL;
}

/* [{"basis", "source"}]; the list is left out where there is none. */
static bool sources_write(const struct page *page)
{
    const char *text = row_text(page->rows, 0, "sources"), *tag;
    json_t *sources = json_loads(text ? text : "[]", 0, NULL);
    size_t i;
    json_t *source;
    if (json_array_size(sources) > 0) {
        buffer_puts(page->out, "<section class=\"sources\">\n");
        buffer_html(page->out, sentence_open(page, "h2", "sources", &tag));
        buffer_puts(page->out, "</h2>\n<ul>\n");
        json_array_foreach(sources, i, source) {
            const char *basis = json_string_value(json_object_get(source, "basis"));
            const char *address = json_string_value(json_object_get(source, "source"));
            buffer_puts(page->out, "<li><bdi>");
            buffer_html(page->out, basis ? basis : "");
            buffer_puts(page->out, "</bdi> <a dir=\"ltr\" href=\"");
            buffer_html(page->out, address ? address : "");
            buffer_puts(page->out, "\">");
            buffer_html(page->out, address ? address : "");
            buffer_puts(page->out, "</a></li>\n");
        }
        buffer_puts(page->out, "</ul>\n</section>\n");
    }
    json_decref(sources);
    return sources != NULL;
}

static void head_write(const struct page *page)
{
    buffer_printf(page->out, "<!DOCTYPE html>\n<html lang=\"%s\" dir=\"%s\">\n<head>\n<meta charset=\"utf-8\" />\n<title>",
                  row_text(page->rows, 0, "language.served"), row_text(page->rows, 0, "dir"));
    buffer_html(page->out, row_text(page->rows, 0, "title"));
    buffer_puts(page->out, "</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n"
                           "<meta name=\"robots\" content=\"noindex\" />\n<style>");
    buffer_puts(page->out, STYLE);
    buffer_puts(page->out, "</style>\n</head>\n");
}

static bool print_write(struct request *request, const PGresult *rows, struct buffer *out, const char **type)
{
    const struct page page = {request, rows, out, request_language(request)};
    const char *summary = row_text(rows, 0, "summary");
    *type = "text/html; charset=utf-8";
    policy_add(request);
    head_write(&page);
    buffer_puts(out, "<body>\n<main>\n<article>\n<h1>");
    buffer_html(out, row_text(rows, 0, "title"));
    buffer_puts(out, "</h1>\n");
    notices_write(&page);
    if (summary && *summary) {
        buffer_puts(out, "<p class=\"summary\">");
        buffer_html(out, summary);
        buffer_puts(out, "</p>\n");
    }
    buffer_puts(out, row_text(rows, 0, "body_html")); /* safe since it was rendered */
    const bool listed = attachments_write(&page) && sources_write(&page);
    buffer_puts(out, "<footer class=\"dates\">\n");
    date_write(&page, "updated", "updated_on");
    date_write(&page, "reviewed", "reviewed_on");
    buffer_puts(out, "</footer>\n</article>\n</main>\n</body>\n</html>\n");
    return listed;
}

const struct operation_code PRINT_CODES[] = {
    {.operation = "get_article_print", .write = print_write},
    {0},
};
