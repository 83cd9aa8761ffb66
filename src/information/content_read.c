/* SPDX-License-Identifier: EUPL-1.2
 * Reading the folders of content: a folder for each thing, one file for what all languages share, one for each translation. */
#include "content_things.h"
#include "markdown.h"
#include "recurrence.h"
#include "sql_type.h"
#include "target.h"
#include "vocabulary.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "banned.h"

enum { TEXTS_MAX = 100 };

static bool refuse_memory(const char *path)
{
    return import_refuse(path, 0, "out of memory");
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Checks what a file says, tells all that is wrong, and gives the value. NULL after saying why. */
static json_t *value_checked(struct import *import, const char *path, const struct node *root, const struct schema *schema)
{
    struct faults faults;
    json_t *value = node_json(root);
    faults_init(&faults, &import->arena);
    if (value && schema_check(schema, value, "", NULL, &faults) && !faults.failed)
        return value;
    if (!value || faults.failed)
        refuse_memory(path);
    import_faults(import, path, root, &faults);
    json_decref(value);
    return NULL;
}

bool thing_text_render(const struct thing_text *text, struct arena *arena, struct markdown *result)
{
    struct markdown_faults faults;
    const char *body = text->file.body;
    if (markdown_render(body, strlen(body), arena, result, &faults))
        return true;
    for (size_t i = 0; i < faults.count; i++)
        import_refuse(text->path, text->file.body_line + faults.items[i].line - 1, "%s", faults.items[i].message);
    return faults.count > 0 ? false : refuse_memory(text->path);
}

static bool body_fits(struct import *import, const struct things *things, const struct thing_text *text)
{
    struct faults faults;
    struct arena scratch;
    struct markdown rendered;
    const char *body = text->file.body;
    if (!utf8_valid(body, strlen(body)))
        return import_refuse(text->path, text->file.body_line, "the text is no valid UTF-8");
    faults_init(&faults, &import->arena);
    json_t *value = json_string(body);
    bool fits = value && schema_check(things->files.body, value, "", NULL, &faults);
    json_decref(value);
    for (size_t i = 0; i < faults.count; i++)
        import_fault(import, text->path, text->file.body_line, &faults.items[i]);
    arena_init(&scratch, 64 * 1024);
    fits = fits && thing_text_render(text, &scratch, &rendered);
    arena_release(&scratch);
    return fits;
}

/* Only a machine's text has been reviewed by nobody. */
static bool provenance_fits(struct import *import, const struct thing_text *text, const json_t *front)
{
    const json_t *provenance = json_object_get(front, "provenance");
    const struct fault missing = {.pointer = "/provenance/reviewed_on", .code = "required"};
    if (json_object_get(provenance, "reviewed_on") || strcmp(json_string_value(json_object_get(provenance, "method")), "machine") == 0)
        return true;
    return import_fault(import, text->path, content_line(text->file.front, missing.pointer), &missing);
}

static bool text_read(struct import *import, const struct things *things, struct thing_text *text)
{
    struct tree_error error;
    size_t length;
    const char *file = import_text(import, text->path, &length);
    if (!file)
        return false;
    if (!content_text_read(file, length, &import->arena, &text->file, &error))
        return import_refuse(text->path, error.line, "%s", error.message);
    bool done = vocabulary_knows(VOCABULARY_LANGUAGE, text->language, strlen(text->language)) ||
                import_refuse(text->path, 0, "there is no language `%s`", text->language);
    json_t *front = value_checked(import, text->path, text->file.front, things->files.text);
    done = front && provenance_fits(import, text, front) && done;
    json_decref(front);
    return body_fits(import, things, text) && done;
}

/* "de" of "de.md"; NULL when the name ends otherwise. */
static const char *language_of(struct import *import, const char *name)
{
    const size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, ".md") == 0 ? arena_copy(&import->arena, name, length - 3) : NULL;
}

static bool texts_read(struct import *import, const struct things *things, struct thing *thing, const char *folder, const char *shared)
{
    const char **names;
    const int count = import_names(import, folder, is_visible, 0, &names);
    if (count < 0 || count > TEXTS_MAX + 1)
        return count < 0 ? false : import_refuse(folder, 0, "holds more than %d translations", TEXTS_MAX);
    thing->texts = arena_array(&import->arena, (size_t)count + 1, sizeof *thing->texts);
    if (!thing->texts)
        return refuse_memory(folder);
    bool done = true;
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], shared) == 0)
            continue;
        struct thing_text *text = &thing->texts[thing->text_count];
        *text = (struct thing_text){.language = language_of(import, names[i])};
        text->path = arena_printf(&import->arena, "%s/%s", folder, names[i]);
        if (!text->path)
            return refuse_memory(folder);
        thing->text_count += text->language != NULL;
        done = (text->language ? text_read(import, things, text) : import_refuse(text->path, 0, "does not belong here")) && done;
    }
    return done;
}

/* When an event takes place; false after saying what is wrong with its times. */
static bool times_read(struct import *import, struct thing *thing, const json_t *event)
{
    struct recurrence_window window;
    struct occurrences found;
    struct faults faults;
    faults_init(&faults, &import->arena);
    if (!recurrence_window(&window, &import->arena))
        return refuse_memory(thing->path);
    if (!recurrence_expand(event, window.first_day, window.last_day, &import->arena, &found, &faults))
        return faults.failed ? refuse_memory(thing->path) : import_faults(import, thing->path, thing->root, &faults);
    thing->occurrences = sql_text_array(found.starts, found.count, &import->arena);
    thing->expanded_to = found.ended ? "infinity" : window.last_day;
    return thing->occurrences || refuse_memory(thing->path);
}

static bool thing_read(struct import *import, struct things *things, enum content_kind kind, struct thing *thing)
{
    const struct content_folder *place = &CONTENT_FOLDERS[kind];
    const char *folder = arena_printf(&import->arena, "%s/%s/%s", import->folder, place->folder, thing->key);
    thing->path = folder ? arena_printf(&import->arena, "%s/%s", folder, place->file) : NULL;
    if (!thing->path)
        return refuse_memory(import->folder);
    if (!format_find("key")->check(thing->key, strlen(thing->key), NULL))
        return import_refuse(folder, 0, "is no key: lower case letters and digits, words joined by hyphens");
    thing->root = import_tree(import, thing->path);
    json_t *value = thing->root ? value_checked(import, thing->path, thing->root, things->files.kinds[kind]) : NULL;
    thing->json = value ? import_json(import, thing->root) : NULL;
    const bool timed = !value || kind != CONTENT_EVENT || times_read(import, thing, value);
    json_decref(value);
    return texts_read(import, things, thing, folder, place->file) && thing->json && timed;
}

static bool kind_read(struct import *import, struct things *things, enum content_kind kind)
{
    const char **keys;
    const char *folder = import_path(import, CONTENT_FOLDERS[kind].folder);
    if (!folder)
        return refuse_memory(import->folder);
    if (access(folder, F_OK) != 0)
        return true;
    const int count = import_names(import, folder, is_visible, 0, &keys);
    if (count < 0)
        return false;
    things->found[kind] = true;
    things->kinds[kind] = arena_array(&import->arena, (size_t)count + 1, sizeof *things->kinds[kind]);
    if (!things->kinds[kind])
        return refuse_memory(folder);
    bool done = true;
    for (int i = 0; i < count; i++) {
        struct thing *thing = &things->kinds[kind][things->counts[kind]++];
        thing->key = keys[i];
        done = thing_read(import, things, kind, thing) && done;
    }
    return done;
}

static int key_compare(const void *key, const void *thing)
{
    return strcmp(key, ((const struct thing *)thing)->key);
}

/* A page without texts may stand above others: it is in work, they are not. */
static bool empty_ones_fit(struct things *things, enum content_kind kind)
{
    bool done = true;
    for (size_t i = 0; i < things->counts[kind]; i++) {
        const char *parent = node_text(things->kinds[kind][i].root, "parent");
        struct thing *above = parent && kind == CONTENT_ARTICLE
            ? bsearch(parent, things->kinds[kind], things->counts[kind], sizeof *above, key_compare) : NULL;
        if (above)
            above->has_children = true;
    }
    for (size_t i = 0; i < things->counts[kind]; i++) {
        const struct thing *thing = &things->kinds[kind][i];
        if (thing->text_count == 0 && !thing->has_children)
            done = import_refuse(thing->path, 0, "has no translation beside it");
    }
    return done;
}

static int text_compare(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

/* Siblings of one desk beside each other, in their order. */
static int sibling_compare(const void *a, const void *b)
{
    const struct thing *left = *(const struct thing *const *)a, *right = *(const struct thing *const *)b;
    int order = text_compare(node_text(left->root, "parent"), node_text(right->root, "parent"));
    order = order ? order : text_compare(node_text(left->root, "city"), node_text(right->root, "city"));
    const struct node *first = node_get(left->root, "position"), *second = node_get(right->root, "position");
    const long long p = first ? first->integer : 0, q = second ? second->integer : 0;
    return order ? order : (p > q) - (p < q);
}

static bool positions_differ(struct import *import, const struct things *things, enum content_kind kind)
{
    const size_t count = things->counts[kind];
    const struct thing **sorted = arena_array(&import->arena, count + 1, sizeof *sorted);
    if (!sorted)
        return refuse_memory(import->folder);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &things->kinds[kind][i];
    qsort(sorted, count, sizeof *sorted, sibling_compare);
    bool differ = true;
    for (size_t i = 1; i < count; i++)
        if (sorted[i]->json && sorted[i - 1]->json && sibling_compare(&sorted[i - 1], &sorted[i]) == 0)
            differ = import_refuse(sorted[i]->path, content_line(sorted[i]->root, "/position"), "`%s` has the same position",
                                   sorted[i - 1]->key);
    return differ;
}

bool things_read(struct import *import, struct things *things)
{
    struct tree_error error = {0};
    *things = (struct things){0};
    if (!content_files_load(&things->files, &import->arena, &error))
        return import_refuse("content_files.yaml", error.line, "%s", error.message);
    if (!vocabulary_load(import->db))
        return import_refuse(import->folder, 0, "the words of the reference data cannot be read");
    bool done = true;
    for (enum content_kind kind = 0; kind < CONTENT_KINDS; kind++)
        if (CONTENT_FOLDERS[kind].kind) {
            done = kind_read(import, things, kind) && done;
            done = empty_ones_fit(things, kind) && done;
        }
    static const enum content_kind ordered[] = {CONTENT_PLACE, CONTENT_ARTICLE, CONTENT_STORY};
    for (size_t i = 0; i < sizeof ordered / sizeof *ordered; i++)
        done = positions_differ(import, things, ordered[i]) && done;
    return done;
}
