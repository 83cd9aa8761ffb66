/* SPDX-License-Identifier: EUPL-1.2
 * Any schema and, after a line `---`, any JSON: the answer and the list of faults agree, and asking again changes nothing. */
#define _GNU_SOURCE /* memmem() */
#include "fuzz.h"
#include "schema.h"

#include <string.h>

#include "banned.h"

static void check(const struct schema *schema, const json_t *value, struct arena *arena)
{
    struct faults first, second;
    faults_init(&first, arena);
    faults_init(&second, arena);
    const bool valid = schema_check(schema, value, "", NULL, &first);
    require(valid == (first.count == 0) && first.count <= FAULTS_MAX);
    require(schema_check(schema, value, "", "name", &second) == valid && second.count == first.count);
    for (size_t i = 0; i < first.count; i++)
        require(first.items[i].code == second.items[i].code && first.items[i].pointer && second.items[i].parameter);
}

static void read(const struct schema *schema, const char *text, struct arena *arena)
{
    struct faults faults;
    json_t *utf8 = json_string(text);
    if (!utf8)
        return;
    faults_init(&faults, arena);
    json_t *value = schema_read(schema, text, "name", &faults);
    require(!value == (faults.count > 0));
    json_decref(value);
    json_decref(utf8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *line = memmem(text, size, "\n---\n", 5);
    if (!line)
        return 0;
    const size_t length = (size_t)(line - text);
    struct arena arena;
    struct tree_error error;
    arena_init(&arena, 0);
    const struct node *document = tree_parse(text, length, &arena, &error);
    const struct schema *schema = document ? schema_compile(schema_set_new(document, &arena), document, &error) : NULL;
    require(schema || error.message[0] != '\0');
    json_t *value = json_loadb(line + 5, size - length - 5, JSON_DECODE_ANY, NULL);
    if (schema && value)
        check(schema, value, &arena);
    if (schema)
        read(schema, arena_copy(&arena, line + 5, size - length - 5), &arena);
    json_decref(value);
    arena_release(&arena);
    return 0;
}
