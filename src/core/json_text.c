/* SPDX-License-Identifier: EUPL-1.2
 * JSON from and to text, with an eye on the memory jansson is refused. */
#include "json_text.h"

#include <stdbool.h>
#include <stdlib.h>

#include "banned.h"

static _Thread_local bool refused; /* an allocation, since the last call of a function below began */

static void *json_malloc(size_t size)
{
    void *memory = malloc(size);
    refused = refused || !memory;
    return memory;
}

void json_text_init(void)
{
    json_set_alloc_funcs(json_malloc, free);
}

json_t *json_parse(const char *text, size_t length, size_t flags, json_error_t *error)
{
    refused = false;
    json_t *value = json_loadb(text, length, flags, error);
    if (!value && refused)
        error->text[JSON_ERROR_TEXT_LENGTH - 1] = json_error_out_of_memory; /* where json_error_code() looks */
    return value;
}

char *json_format(const json_t *value, size_t flags)
{
    refused = false;
    char *text = json_dumps(value, flags);
    if (!refused)
        return text;
    free(text);
    return NULL;
}
