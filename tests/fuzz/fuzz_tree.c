/* SPDX-License-Identifier: EUPL-1.2
 * Any bytes as YAML: refused with a message, or a tree whose JSON reads back as the same value. */
#include "fuzz.h"
#include "tree.h"

#include "banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct tree_error error;
    arena_init(&arena, 0);
    const struct node *root = tree_parse((const char *)data, size, &arena, &error);
    if (root) {
        json_t *value = node_json(root);
        char *text = json_dumps(value, JSON_ENCODE_ANY);
        json_t *again = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
        require(json_equal(value, again));
        json_decref(again);
        free(text);
        json_decref(value);
        tree_resolve(root, root->kind == NODE_TEXT ? root->text : "#/a/0");
    } else {
        require(error.message[0] != '\0');
    }
    arena_release(&arena);
    return 0;
}
