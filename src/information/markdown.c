/* SPDX-License-Identifier: EUPL-1.2
 * CommonMark with a few things refused and a few of our own: one walk over the parsed text refuses, collects the plain text, and puts
 * our own HTML where pictures and embedded things stand. cmark writes the rest, without raw HTML or unsafe links: a second wall. */
#include "markdown.h"

#include "buffer.h"

#include <cmark.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

#define KEY_MAX 100
#define HASH_LENGTH 64
#define EMBEDS_MAX 100
#define BRACKETS_MAX 1000   /* cmark looks back over open brackets */
#define LINE_START_MAX 40   /* bytes: twenty levels of lists or quotations */
#define PLACEHOLDER "\xEF\xBF\xBC" /* U+FFFC, object replacement character */

struct walk {
    struct arena *arena;
    struct markdown_faults *faults;
    struct buffer plain;
    const char *embeds[EMBEDS_MAX];
    size_t embed_count;
    size_t link_start;    /* where the words of the open link begin in plain */
    size_t picture_start; /* the same of the open picture */
    bool in_picture;
    bool failed; /* out of memory */
};

enum rule { HTML, HEADING, LINK, LINK_WORDS, PICTURE, ALTERNATIVE, EMBED, TOO_COMPLEX };

static const struct {
    const char *code;
    const char *message;
} RULES[] = {
    [HTML] = {"markdown_html", "raw HTML is not allowed"},
    [HEADING] = {"markdown_heading", "headings begin at ##: the title is the first"},
    [LINK] = {"markdown_link", "links lead to https:, tel:, mailto: or article:<key>"},
    [LINK_WORDS] = {"markdown_link_words", "a link needs words"},
    [PICTURE] = {"markdown_picture", "pictures are media:<hash>"},
    [ALTERNATIVE] = {"markdown_alternative", "a picture needs words for those who do not see it"},
    [EMBED] = {"markdown_embed", "place:<key> and contact:<key> stand alone in a paragraph"},
    [TOO_COMPLEX] = {"markdown_too_complex", "too many brackets or embedded things, or lists too deep"},
};

static void refuse(struct walk *walk, unsigned line, enum rule rule)
{
    if (walk->faults->count < MARKDOWN_FAULTS_MAX)
        walk->faults->items[walk->faults->count++] =
            (struct markdown_fault){.line = line, .code = RULES[rule].code, .message = RULES[rule].message};
}

/* Inline nodes know no line in every version of the library: the block around them does. */
static unsigned node_line(cmark_node *node)
{
    while (node && cmark_node_get_start_line(node) == 0)
        node = cmark_node_parent(node);
    return node ? (unsigned)cmark_node_get_start_line(node) : 1;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Whether text is start and then a key: words of small letters and digits joined by hyphens. */
static bool names_key(const char *text, const char *start)
{
    if (!starts_with(text, start))
        return false;
    const char *key = text + strlen(start);
    const size_t length = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return length > 0 && length <= KEY_MAX && key[length] == '\0' && key[0] != '-' && key[length - 1] != '-' && !strstr(key, "--");
}

static bool names_media(const char *url)
{
    return starts_with(url, "media:") && strlen(url) == strlen("media:") + HASH_LENGTH &&
           strspn(url + strlen("media:"), "0123456789abcdef") == HASH_LENGTH;
}

static bool names_thing(const char *url)
{
    return starts_with(url, "place:") || starts_with(url, "contact:");
}

static void embed_add(struct walk *walk, const char *name, unsigned line)
{
    for (size_t i = 0; i < walk->embed_count; i++)
        if (strcmp(walk->embeds[i], name) == 0)
            return;
    if (walk->embed_count == EMBEDS_MAX) {
        refuse(walk, line, TOO_COMPLEX);
        return;
    }
    const char *kept = arena_text(walk->arena, name);
    walk->failed = walk->failed || !kept;
    walk->embeds[walk->embed_count++] = kept;
}

/* Takes out what no text has a use for and XML cannot carry, however it came in (&#1;), and what stands for embedded things. */
static void put_words(struct walk *walk, const char *text)
{
    for (; text && *text; text++)
        if (starts_with(text, PLACEHOLDER))
            text += strlen(PLACEHOLDER) - 1;
        else if ((unsigned char)*text >= ' ' || *text == '\n' || *text == '\t')
            buffer_putc(&walk->plain, *text);
}

/* The node's literal as put_words() leaves it, in the plain text and in the node. */
static void take_literal(struct walk *walk, cmark_node *node)
{
    const size_t start = walk->plain.length;
    put_words(walk, cmark_node_get_literal(node));
    const char *plain = buffer_text(&walk->plain);
    walk->failed = walk->failed || !plain || !cmark_node_set_literal(node, plain + start);
}

/* Puts HTML of ours in the node's place. */
static void node_replace(struct walk *walk, cmark_node *node, cmark_node_type type, struct buffer *html)
{
    const char *text = buffer_text(html);
    cmark_node *ours = text ? cmark_node_new(type) : NULL;
    if (ours && cmark_node_set_on_enter(ours, text) && cmark_node_replace(node, ours)) {
        cmark_node_free(node);
    } else {
        cmark_node_free(ours);
        walk->failed = true;
    }
    buffer_release(html);
}

static void replace_by_picture(struct walk *walk, cmark_node *node)
{
    struct buffer html;
    const char *words = buffer_text(&walk->plain);
    buffer_init(&html);
    buffer_printf(&html, "<img src=\"/v1/media/%s\" alt=\"", cmark_node_get_url(node) + strlen("media:"));
    buffer_html(&html, words ? words + walk->picture_start : "");
    buffer_puts(&html, "\" loading=\"lazy\">");
    node_replace(walk, node, CMARK_NODE_CUSTOM_INLINE, &html);
}

/* The place or contact that is all a paragraph consists of, or NULL. */
static const char *paragraph_embeds(cmark_node *node)
{
    cmark_node *only = cmark_node_first_child(node);
    if (!only || cmark_node_next(only) || cmark_node_get_type(only) != CMARK_NODE_LINK)
        return NULL;
    const char *url = cmark_node_get_url(only);
    return names_key(url, "place:") || names_key(url, "contact:") ? url : NULL;
}

static void replace_by_embed(struct walk *walk, cmark_node *node, const char *name)
{
    struct buffer html;
    embed_add(walk, name, node_line(node));
    buffer_printf(&walk->plain, PLACEHOLDER "%s" PLACEHOLDER "\n", name);
    buffer_init(&html);
    buffer_printf(&html, "<div data-embed=\"%s\"></div>", name);
    node_replace(walk, node, CMARK_NODE_CUSTOM_BLOCK, &html);
}

static void link_enter(struct walk *walk, cmark_node *node)
{
    const char *url = cmark_node_get_url(node);
    const unsigned line = node_line(node);
    walk->link_start = walk->plain.length;
    if (names_thing(url))
        refuse(walk, line, EMBED);
    else if (names_key(url, "article:"))
        embed_add(walk, url, line);
    else if (!starts_with(url, "https:") && !starts_with(url, "tel:") && !starts_with(url, "mailto:"))
        refuse(walk, line, LINK);
    /* Titles show on some devices only. */
    walk->failed = walk->failed || !cmark_node_set_title(node, "");
}

static void picture_enter(struct walk *walk, cmark_node *node)
{
    const char *url = cmark_node_get_url(node);
    if (!names_media(url) || walk->in_picture)
        refuse(walk, node_line(node), PICTURE);
    else
        embed_add(walk, url, node_line(node));
    walk->picture_start = walk->plain.length;
    walk->in_picture = true;
}

static bool only_blanks(const struct buffer *plain, size_t start)
{
    for (size_t i = start; i < plain->length; i++)
        if (plain->bytes[i] != ' ' && plain->bytes[i] != '\n')
            return false;
    return true;
}

static void words_enter(struct walk *walk, cmark_node *node)
{
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_CODE_BLOCK:
        walk->failed = walk->failed || !cmark_node_set_fence_info(node, "");
        take_literal(walk, node);
        break;
    case CMARK_NODE_TEXT:
    case CMARK_NODE_CODE:
        take_literal(walk, node);
        break;
    case CMARK_NODE_SOFTBREAK:
        buffer_putc(&walk->plain, ' ');
        break;
    case CMARK_NODE_LINEBREAK:
        buffer_putc(&walk->plain, '\n');
        break;
    default:
        break;
    }
}

static void node_enter(struct walk *walk, cmark_node *node, cmark_iter *iter)
{
    const char *embed = NULL;
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_HTML_BLOCK:
    case CMARK_NODE_HTML_INLINE:
        refuse(walk, node_line(node), HTML);
        break;
    case CMARK_NODE_HEADING:
        if (cmark_node_get_heading_level(node) < 2)
            refuse(walk, node_line(node), HEADING);
        break;
    case CMARK_NODE_PARAGRAPH:
        embed = paragraph_embeds(node);
        if (embed) {
            cmark_iter_reset(iter, node, CMARK_EVENT_EXIT); /* nothing inside it is walked */
            replace_by_embed(walk, node, embed);
        }
        break;
    case CMARK_NODE_LINK:
        link_enter(walk, node);
        break;
    case CMARK_NODE_IMAGE:
        picture_enter(walk, node);
        break;
    default:
        words_enter(walk, node);
    }
}

static void node_exit(struct walk *walk, cmark_node *node)
{
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_PARAGRAPH:
    case CMARK_NODE_HEADING:
        buffer_putc(&walk->plain, '\n');
        break;
    case CMARK_NODE_LINK:
        if (only_blanks(&walk->plain, walk->link_start))
            refuse(walk, node_line(node), LINK_WORDS);
        break;
    case CMARK_NODE_IMAGE:
        if (only_blanks(&walk->plain, walk->picture_start))
            refuse(walk, node_line(node), ALTERNATIVE);
        walk->in_picture = false;
        if (walk->faults->count == 0)
            replace_by_picture(walk, node);
        break;
    default:
        break;
    }
}

static void document_walk(struct walk *walk, cmark_node *document)
{
    cmark_iter *iter = cmark_iter_new(document);
    walk->failed = walk->failed || !iter;
    for (cmark_event_type event; !walk->failed && (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
        if (event == CMARK_EVENT_ENTER)
            node_enter(walk, cmark_iter_get_node(iter), iter);
        else
            node_exit(walk, cmark_iter_get_node(iter));
    }
    if (iter)
        cmark_iter_free(iter);
}

/* A rule like "- - - -", which opens no list. */
static bool is_rule(const char *line, size_t length)
{
    char mark = '\0';
    for (size_t i = 0; i < length; i++) {
        if (line[i] == ' ' || line[i] == '\t')
            continue;
        if (!strchr("-*_", line[i]) || (mark && line[i] != mark))
            return false;
        mark = line[i];
    }
    return mark != '\0';
}

/* How many bytes at the line's start may open lists and quotations. */
static size_t line_start(const char *line, size_t length)
{
    size_t i = 0;
    while (i < length && line[i] && strchr(" \t>-+*.)0123456789", line[i]))
        i++;
    return is_rule(line, length) ? 0 : i;
}

/* cmark takes time square in the depth of lists and quotations and in the number of open brackets: more than anybody writes is refused
 * before it sees the text. */
static void text_limits(struct walk *walk, const char *text, size_t length)
{
    size_t brackets = 0;
    unsigned line = 1;
    for (size_t at = 0; at < length; line++) {
        const char *stop = memchr(text + at, '\n', length - at);
        const size_t size = stop ? (size_t)(stop - text) - at : length - at;
        for (size_t i = at; i < at + size; i++)
            brackets += text[i] == '[';
        if (brackets > BRACKETS_MAX || line_start(text + at, size) > LINE_START_MAX) {
            refuse(walk, line, TOO_COMPLEX);
            return;
        }
        at += size + 1;
    }
}

static bool result_fill(struct walk *walk, cmark_node *document, struct markdown *result)
{
    char *html = cmark_render_html(document, CMARK_OPT_DEFAULT); /* without CMARK_OPT_UNSAFE */
    const char *plain = buffer_text(&walk->plain);
    const char **embeds = arena_array(walk->arena, walk->embed_count + 1, sizeof *embeds);
    *result = (struct markdown){.html = html ? arena_text(walk->arena, html) : NULL,
                                .text = plain ? arena_text(walk->arena, plain) : NULL,
                                .embeds = embeds,
                                .embed_count = walk->embed_count};
    free(html);
    if (embeds)
        memcpy(embeds, walk->embeds, walk->embed_count * sizeof *embeds);
    return result->html && result->text && embeds;
}

bool markdown_render(const char *text, size_t length, struct arena *arena, struct markdown *result, struct markdown_faults *faults)
{
    struct walk walk = {.arena = arena, .faults = faults};
    bool done = false;
    faults->count = 0;
    text_limits(&walk, text, length);
    if (faults->count > 0)
        return false;
    buffer_init(&walk.plain);
    cmark_node *document = cmark_parse_document(text, length, CMARK_OPT_DEFAULT | CMARK_OPT_VALIDATE_UTF8);
    if (document)
        document_walk(&walk, document);
    if (document && !walk.failed && faults->count == 0)
        done = result_fill(&walk, document, result);
    if (walk.failed || !document)
        faults->count = 0;
    cmark_node_free(document);
    buffer_release(&walk.plain);
    return done;
}
