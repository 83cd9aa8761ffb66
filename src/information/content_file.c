/* SPDX-License-Identifier: EUPL-1.2
 * The description of content's files, and front matter taken from bodies. */
#include "content_file.h"

#include "embed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

const struct content_folder CONTENT_FOLDERS[CONTENT_KINDS] = {
    [CONTENT_PLACE] = {"place", "places", "place.yaml"},
    [CONTENT_ARTICLE] = {"article", "articles", "article.yaml"},
    [CONTENT_NEWS] = {"news", "news", "news.yaml"},
    [CONTENT_EVENT] = {"event", "events", "event.yaml"},
    [CONTENT_STORY] = {"story", "stories", "story.yaml"},
};

static bool is_key(const char *text, size_t length, const void *context)
{
    bool word = false; /* a hyphen stands between letters or digits */
    (void)context;
    for (size_t i = 0; i < length; i++) {
        const bool letter = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9');
        if (!letter && (text[i] != '-' || !word))
            return false;
        word = letter;
    }
    return word && length <= 100;
}

/* An enumeration says which. */
static bool is_code(const char *text, size_t length, const void *context)
{
    (void)text;
    (void)context;
    return length > 0;
}

static bool formats_register(void)
{
    return (format_find("key") || format_register("key", is_key, NULL, NULL)) &&
           (format_find("code") || format_register("code", is_code, NULL, NULL));
}

static const struct node *document(const char *path, struct arena *arena, struct tree_error *error)
{
    const struct embedded *file = embedded_find(path);
    return file ? tree_parse(file->bytes, file->length, arena, error) : tree_refuse(error, 0, "%s is missing", path);
}

bool content_files_load(struct content_files *files, struct arena *arena, struct tree_error *error)
{
    const struct node *contract = document("openapi.yaml", arena, error);
    const struct node *own = contract ? document("src/information/content_files.yaml", arena, error) : NULL;
    struct schema_set *set = own && formats_register() ? schema_set_new(contract, arena) : NULL;
    if (!set)
        return false;
    bool done = true;
    for (size_t i = 0; i < CONTENT_KINDS && done; i++) {
        const struct node *kind = CONTENT_FOLDERS[i].kind ? node_get(own, CONTENT_FOLDERS[i].kind) : NULL;
        files->kinds[i] = kind ? schema_compile(set, kind, error) : NULL;
        done = !kind || files->kinds[i];
    }
    files->text = done ? schema_compile(set, node_get(own, "text"), error) : NULL;
    files->body = files->text ? schema_compile(set, node_get(own, "body"), error) : NULL;
    files->media = files->body ? schema_compile(set, node_get(own, "media"), error) : NULL;
    files->office = files->media ? schema_compile(set, node_get(own, "office"), error) : NULL;
    files->service = files->office ? schema_compile(set, node_get(own, "service"), error) : NULL;
    return files->service != NULL;
}

bool content_text_read(const char *text, size_t length, struct arena *arena, struct content_text *result, struct tree_error *error)
{
    static const char limit[] = "\n---\n\n";
    *error = (struct tree_error){0};
    if (strncmp(text, "---\r", 4) == 0)
        return tree_refuse(error, 1, "lines end in CR LF; here they end in LF alone");
    const char *end = strncmp(text, "---\n", 4) == 0 ? strstr(text, limit) : NULL;
    if (!end || strlen(text) != length)
        return tree_refuse(error, 1, "front matter stands between two lines ---, then an empty line, then the text");
    result->front = tree_parse(text, (size_t)(end - text) + 1, arena, error);
    result->body = end + strlen(limit);
    result->body_line = 1;
    for (const char *c = text; c < result->body; c++)
        result->body_line += *c == '\n';
    return result->front != NULL;
}

/* The child that the token of a pointer names, and its line. */
static const struct node *child_of(const struct node *node, const char *token, size_t length, unsigned *line)
{
    const unsigned long index = strtoul(token, NULL, 10);
    if (node->kind == NODE_SEQUENCE && index < node->count) {
        *line = node->items[index]->line;
        return node->items[index];
    }
    for (size_t i = 0; node->kind == NODE_MAPPING && i < node->count; i++)
        if (strncmp(node->keys[i], token, length) == 0 && node->keys[i][length] == '\0') {
            *line = node->key_lines[i];
            return node->items[i];
        }
    return NULL;
}

unsigned content_line(const struct node *root, const char *pointer)
{
    unsigned line = root ? root->line : 1;
    for (const char *token = pointer; root && token && *token == '/';) {
        const size_t length = strcspn(++token, "/");
        root = child_of(root, token, length, &line);
        token += length;
    }
    return line;
}
