/* SPDX-License-Identifier: EUPL-1.2
 * Any file of content: refused with a line, or what it says can be written in canonical form, which is read as the same and written as
 * itself. The first byte chooses the kind; 0 is a text with front matter. */
#include "content_file.h"
#include "fuzz.h"
#include "target.h"
#include "../words.h"
#include "vocabulary.h"

#include <string.h>

#include "banned.h"

static struct content_files files;

static void prepare(void)
{
    static struct arena arena;
    struct tree_error error;
    arena_init(&arena, 0);
    require(vocabulary_register() && vocabulary_load(NULL) && content_files_load(&files, &arena, &error));
}

/* Reals are written with nine digits, so they are compared only when they are written again. */
static bool has_reals(const json_t *value)
{
    size_t i;
    const char *name;
    json_t *item;
    bool any = json_is_real(value);
    json_array_foreach(value, i, item)
        any = any || has_reals(item);
    json_object_foreach((json_t *)value, name, item)
        any = any || has_reals(item);
    return any;
}

static void write_again(const struct schema *schema, const struct node *root, struct arena *arena)
{
    struct buffer once, twice;
    struct tree_error error;
    json_t *value = node_json(root);
    buffer_init(&once);
    buffer_init(&twice);
    content_write(&once, schema, value);
    const char *text = buffer_text(&once);
    const struct node *again = tree_parse(text, once.length, arena, &error);
    require(again != NULL);
    json_t *read = node_json(again);
    require(has_reals(value) || json_equal(value, read));
    content_write(&twice, schema, read);
    require(strcmp(text, buffer_text(&twice)) == 0);
    json_decref(value);
    json_decref(read);
    buffer_release(&once);
    buffer_release(&twice);
}

static void look(const struct schema *schema, const struct node *root, unsigned lines, struct arena *arena)
{
    struct faults faults;
    json_t *value = node_json(root);
    faults_init(&faults, arena);
    if (schema_check(schema, value, "", NULL, &faults) && json_object_size(value) > 0)
        write_again(schema, root, arena);
    for (size_t i = 0; i < faults.count; i++) {
        const unsigned line = content_line(root, faults.items[i].pointer);
        require(line >= 1 && line <= lines);
    }
    json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct schema *const schemas[] = {files.text, files.kinds[0], files.kinds[1], files.kinds[2], files.kinds[3], files.kinds[4],
                                            files.media, files.office, files.service};
    struct arena arena;
    struct tree_error error = {0};
    struct content_text text;
    unsigned lines = 1;
    if (!files.text)
        prepare();
    if (size == 0)
        return 0;
    arena_init(&arena, 0);
    const char *bytes = arena_copy(&arena, (const char *)data + 1, size - 1);
    for (const char *c = bytes; *c; c++) /* as YAML 1.1 counts them */
        lines += *c == '\n' || *c == '\r' || strncmp(c, "\xC2\x85", 2) == 0 || strncmp(c, "\xE2\x80\xA8", 3) == 0 || strncmp(c, "\xE2\x80\xA9", 3) == 0;
    const size_t kind = *data % 9;
    const struct node *root = kind ? tree_parse(bytes, size - 1, &arena, &error) : NULL;
    if (kind == 0 && content_text_read(bytes, size - 1, &arena, &text, &error)) {
        require(text.body >= bytes && text.body <= bytes + size - 1 && text.body_line >= 1 && text.body_line <= lines);
        root = text.front;
    }
    require(root || error.message[0] != '\0');
    if (root && schemas[kind])
        look(schemas[kind], root, lines, &arena);
    arena_release(&arena);
    return 0;
}
