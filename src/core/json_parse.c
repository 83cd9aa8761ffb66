/* SPDX-License-Identifier: EUPL-1.2
 * Reading JSON, with faulty text and want of memory told apart. */
#include "json_parse.h"

#include <stdbool.h>
#include <stdlib.h>

#include "banned.h"

static _Thread_local bool refused; /* an allocation, since json_parse() last began */

static void *json_malloc(size_t size)
{
    void *memory = malloc(size);
    refused = refused || !memory;
    return memory;
}

void json_parse_init(void)
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
