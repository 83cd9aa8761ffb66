/* SPDX-License-Identifier: EUPL-1.2
 * Articles' text: CommonMark with a few things refused, as HTML and as plain text. */
#include "markdown.h"

#include "buffer.h"

#include <cmark.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

/* What is wrong with a node: its name among the faults (content/texts/problems.json), and a sentence. */
struct refusal {
    const char *code;
    const char *message;
};

static const struct refusal RAW_HTML = {"markdown_html", "raw HTML is not allowed"};
static const struct refusal PICTURE = {"markdown_picture", "pictures are not allowed"};
static const struct refusal HEADING = {"markdown_heading", "headings begin at ##: the title is the first"};
static const struct refusal LINK = {"markdown_link", "links lead to https: or tel:"};

/* Why the node may not stand in an article, or NULL. */
static const struct refusal *node_refusal(cmark_node *node)
{
    const char *url;
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_HTML_BLOCK:
    case CMARK_NODE_HTML_INLINE:
        return &RAW_HTML;
    case CMARK_NODE_IMAGE:
        return &PICTURE;
    case CMARK_NODE_HEADING:
        return cmark_node_get_heading_level(node) < 2 ? &HEADING : NULL;
    case CMARK_NODE_LINK:
        url = cmark_node_get_url(node);
        return strncmp(url, "https:", 6) == 0 || strncmp(url, "tel:", 4) == 0 ? NULL : &LINK;
    default:
        return NULL;
    }
}

/* Inline nodes know no line in every version of the library: the block around them does. */
static unsigned node_line(cmark_node *node)
{
    while (node && cmark_node_get_start_line(node) == 0)
        node = cmark_node_parent(node);
    return node ? (unsigned)cmark_node_get_start_line(node) : 1;
}

static bool ends_line(cmark_node_type type)
{
    return type == CMARK_NODE_PARAGRAPH || type == CMARK_NODE_HEADING;
}

static void put_plain(struct buffer *out, cmark_node *node)
{
    const cmark_node_type type = cmark_node_get_type(node);
    if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE || type == CMARK_NODE_CODE_BLOCK)
        buffer_puts(out, cmark_node_get_literal(node));
    else if (type == CMARK_NODE_SOFTBREAK)
        buffer_putc(out, ' ');
    else if (type == CMARK_NODE_LINEBREAK)
        buffer_putc(out, '\n');
}

/* Walks once: refuses, and collects the plain text. */
static bool document_read(cmark_node *document, struct buffer *plain, struct markdown_fault *fault)
{
    cmark_iter *iter = cmark_iter_new(document);
    bool accepted = true;
    for (cmark_event_type event; accepted && (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE;) {
        cmark_node *node = cmark_iter_get_node(iter);
        if (event == CMARK_EVENT_EXIT) {
            if (ends_line(cmark_node_get_type(node)))
                buffer_putc(plain, '\n');
            continue;
        }
        const struct refusal *refusal = node_refusal(node);
        if (refusal) {
            *fault = (struct markdown_fault){.line = node_line(node), .message = refusal->message, .code = refusal->code};
            accepted = false;
        }
        put_plain(plain, node);
    }
    cmark_iter_free(iter);
    return accepted;
}

bool markdown_render(const char *text, size_t length, struct arena *arena, struct markdown *result, struct markdown_fault *fault)
{
    struct buffer plain;
    buffer_init(&plain);
    *fault = (struct markdown_fault){.message = "out of memory"};
    cmark_node *document = cmark_parse_document(text, length, CMARK_OPT_DEFAULT | CMARK_OPT_VALIDATE_UTF8);
    bool done = document && document_read(document, &plain, fault);
    if (done) {
        char *html = cmark_render_html(document, CMARK_OPT_DEFAULT); /* without CMARK_OPT_UNSAFE: a second wall */
        const char *words = buffer_text(&plain);
        result->html = html ? arena_text(arena, html) : NULL;
        result->text = words ? arena_text(arena, words) : NULL;
        result->embeds = NULL;
        result->embed_count = 0;
        free(html);
        done = result->html && result->text;
    }
    cmark_node_free(document);
    buffer_release(&plain);
    return done;
}
