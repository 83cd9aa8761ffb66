/* SPDX-License-Identifier: EUPL-1.2
 * News as an Atom feed (RFC 4287). */
#include "codes.h"

#include "text.h"

#include <string.h>

#include "banned.h"

/* <name>text</name>, in the language where one is given. */
static void element(struct buffer *out, const char *name, const char *language, const char *text)
{
    buffer_printf(out, "<%s", name);
    if (language) {
        buffer_puts(out, " xml:lang=\"");
        buffer_html(out, language);
        buffer_putc(out, '"');
    }
    buffer_putc(out, '>');
    buffer_html(out, text);
    buffer_printf(out, "</%s>\n", name);
}

/* The page of the portal that shows the news, or one of them. */
static void portal_link(struct buffer *out, const char *portal, const char *page)
{
    buffer_puts(out, "<link rel=\"alternate\" type=\"text/html\" href=\"");
    buffer_html(out, portal);
    buffer_puts(out, "/news");
    buffer_html(out, page);
    buffer_puts(out, "\"/>\n");
}

/* HTML as text, its links to articles made to lead to the portal. Where words say the like, their quotation mark is escaped. */
static bool content_write(struct request *request, struct buffer *out, const char *html, const char *portal)
{
    static const char link[] = " href=\"/articles/";
    const size_t kept = strlen(" href=\"");
    for (const char *at; (at = strstr(html, link)); html = at + kept) {
        const char *before = arena_copy(request_arena(request), html, (size_t)(at - html) + kept);
        if (!before)
            return false;
        buffer_html(out, before);
        buffer_html(out, portal);
    }
    buffer_html(out, html);
    return true;
}

static const char *member_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* What comes with it (RFC 4287 §4.2.7.2). This server knows no address of its own: the path is meant on the one the feed came from. */
static bool enclosures_write(struct buffer *out, const char *text)
{
    json_t *attachments = json_loads(text ? text : "[]", 0, NULL);
    size_t i;
    json_t *media;
    json_array_foreach(attachments, i, media) {
        const char *words = member_text(media, "alternative_text"), *language = member_text(media, "language");
        buffer_puts(out, "<link rel=\"enclosure\" type=\"");
        buffer_html(out, member_text(media, "type"));
        buffer_printf(out, "\" length=\"%" JSON_INTEGER_FORMAT "\"", json_integer_value(json_object_get(media, "size")));
        if (*words) {
            buffer_puts(out, " xml:lang=\"");
            buffer_html(out, language);
            buffer_puts(out, "\" title=\"");
            buffer_html(out, words);
            buffer_putc(out, '"');
        }
        buffer_puts(out, " href=\"");
        buffer_html(out, member_text(media, "url"));
        buffer_puts(out, "\"/>\n");
    }
    json_decref(attachments);
    return attachments != NULL;
}

static bool entry_write(struct request *request, struct buffer *out, const PGresult *rows, int row, const char *portal)
{
    const char *language = row_text(rows, row, "language");
    buffer_puts(out, "<entry>\n<id>urn:uuid:");
    buffer_puts(out, row_text(rows, row, "id"));
    buffer_puts(out, "</id>\n");
    element(out, "title", language, row_text(rows, row, "title"));
    element(out, "published", NULL, row_text(rows, row, "published_at"));
    element(out, "updated", NULL, row_text(rows, row, "updated_at"));
    portal_link(out, portal, row_text(rows, row, "page"));
    const bool enclosed = enclosures_write(out, row_text(rows, row, "attachments"));
    for (const char *topic = row_text(rows, row, "topics"); *topic; topic += strspn(topic, " ")) {
        const size_t length = strcspn(topic, " ");
        buffer_printf(out, "<category term=\"%.*s\"/>\n", (int)length, topic); /* a slug needs no escaping */
        topic += length;
    }
    element(out, "summary", language, row_text(rows, row, "summary"));
    buffer_puts(out, "<content type=\"html\" xml:lang=\"");
    buffer_html(out, language);
    buffer_puts(out, "\">");
    const bool written = content_write(request, out, row_text(rows, row, "body_html"), portal);
    buffer_puts(out, "</content>\n</entry>\n");
    return enclosed && written;
}

/* A feed must say when it changed (§4.2.15), even one that never had anything to tell. */
static void head_write(struct request *request, const PGresult *rows, struct buffer *out, const char *portal)
{
    const char *city = row_text(rows, 0, "city_name"), *updated = row_text(rows, 0, "feed_updated_at");
    const char *language = text_language(request_language(request)), *where = city ? city : request_region(request);
    const char *name = text_find("feeds", "news", NULL, language);
    const char *slug = json_string_value(request_parameter(request, "city"));
    buffer_puts(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n<id>");
    buffer_html(out, portal);
    buffer_puts(out, "/news");
    if (slug) {
        buffer_puts(out, "?city=");
        buffer_html(out, slug);
    }
    buffer_puts(out, "</id>\n<title xml:lang=\"");
    buffer_html(out, language);
    buffer_puts(out, "\">");
    buffer_html(out, where);
    buffer_puts(out, ": ");
    buffer_html(out, name ? name : "");
    buffer_puts(out, "</title>\n<author>\n");
    element(out, "name", NULL, where);
    buffer_puts(out, "</author>\n<generator>welcomed</generator>\n");
    element(out, "updated", NULL, updated ? updated : "1970-01-01T00:00:00Z");
    portal_link(out, portal, "");
    buffer_puts(out, "<link rel=\"self\" type=\"application/atom+xml\" href=\"");
    buffer_html(out, row_text(rows, 0, "self"));
    buffer_puts(out, "\"/>\n");
}

static bool news_write(struct request *request, const PGresult *rows, struct buffer *out, const char **type)
{
    const char *portal = request_portal(request);
    if (!portal)
        return false;
    head_write(request, rows, out, portal);
    bool written = true;
    for (int row = 0; row < PQntuples(rows) && written; row++)
        if (row_text(rows, row, "id"))
            written = entry_write(request, out, rows, row, portal);
    buffer_puts(out, "</feed>\n");
    *type = "application/atom+xml; charset=utf-8";
    return written;
}

const struct operation_code NEWS_CODES[] = {
    {.operation = "get_news_feed", .write = news_write},
    {0},
};
