/* SPDX-License-Identifier: EUPL-1.2
 * legal/<kind>.<language>.md, or <kind>.<language>.<city>.md for one city: what people agree to or have to find. A version that was shown
 * keeps its text; what the database has and the folder has not stays. */
#include "import.h"

#include "content_file.h"
#include "markdown.h"

#include <string.h>

#include "banned.h"

enum { TITLE_MAX = 200, VERSION_MAX = 32 };

static const char *const KINDS[] = {"consent-guide", "consent-guide-request", "consent-service-request", "privacy", "imprint", "accessibility"};
static const char *const MEMBERS[] = {"title", "version", "draft", NULL};

static int is_text(const struct dirent *entry)
{
    const char *end = strrchr(entry->d_name, '.');
    return end && entry->d_name[0] != '.' && strcmp(end, ".md") == 0;
}

/* What the name of a file says. */
struct legal_name {
    const char *kind;
    const char *language;
    const char *city; /* "*": the region */
};

static bool name_read(struct import *import, const char *name, struct legal_name *result)
{
    char *copy = arena_text(&import->arena, name);
    const char *parts[3] = {NULL, NULL, "*"};
    size_t count = 0;
    for (char *part; copy && (part = strsep(&copy, ".")) != NULL; count++)
        if (count < 3)
            parts[count] = part;
    *result = (struct legal_name){.kind = parts[0], .language = parts[1], .city = parts[2]};
    for (size_t i = 0; count >= 2 && count <= 3 && i < sizeof KINDS / sizeof *KINDS; i++)
        if (strcmp(KINDS[i], parts[0]) == 0)
            return true;
    return false;
}

/* Front matter and HTML of one file; false after saying what is wrong, all of it. */
static bool text_read(struct import *import, const char *path, struct content_text *text, struct markdown *body)
{
    struct tree_error error = {0};
    struct markdown_faults faults = {0};
    size_t length;
    const char *bytes = import_text(import, path, &length);
    if (!bytes)
        return false;
    if (!content_text_read(bytes, length, &import->arena, text, &error))
        return import_refuse(path, error.line, "%s", error.message);
    bool done = import_members(path, text->front, MEMBERS) && import_text_fits(path, text->front, "title", TITLE_MAX) &&
                import_text_fits(path, text->front, "version", VERSION_MAX);
    if (!markdown_render(text->body, strlen(text->body), &import->arena, body, &faults)) {
        for (size_t i = 0; i < faults.count; i++)
            import_refuse(path, text->body_line + faults.items[i].line - 1, "%s", faults.items[i].message);
        return faults.count > 0 ? false : import_refuse(path, 0, "out of memory");
    }
    if (body->embed_count > 0)
        done = import_refuse(path, text->body_line, "a legal text shows nothing of others, which change without it");
    return done;
}

static bool legal_read(struct import *import, const char *name)
{
    struct legal_name is;
    struct content_text text;
    struct markdown body;
    const char *path = arena_printf(&import->arena, "%s/legal/%s.md", import->folder, name);
    if (!path)
        return false;
    if (!name_read(import, name, &is))
        return import_refuse(path, 0, "is named after no legal text: <kind>.<language>.md or <kind>.<language>.<city>.md");
    if (!text_read(import, path, &text, &body))
        return false;
    const struct node *draft = node_get(text.front, "draft");
    const char *values[] = {is.kind, is.city, is.language, node_text(text.front, "version"), node_text(text.front, "title"), text.body, body.html,
                            draft && draft->kind == NODE_BOOLEAN && draft->boolean ? "true" : "false"};
    if (draft && draft->kind != NODE_BOOLEAN)
        return import_refuse(path, draft->line, "`draft` must be true or false");
    return import_apply(import, path, text.front, "SELECT written, faults FROM import_legal_text($1, $2, $3, $4, $5, $6, $7, $8::boolean)",
                        sizeof values / sizeof *values, values);
}

bool import_legal(struct import *import)
{
    const char **names = NULL;
    const int count = import_names(import, import_path(import, "legal"), is_text, strlen(".md"), &names);
    bool done = count >= 0;
    for (int i = 0; i < count && !import->broken; i++)
        done = legal_read(import, names[i]) && done;
    return done;
}
