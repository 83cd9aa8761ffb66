/* SPDX-License-Identifier: EUPL-1.2
 * JSON from and to text, with an eye on the memory jansson is refused and on the many ways to write a number. */
#include "json_text.h"

#include <math.h>
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

/* Whether it is a real that an integer can say. */
static bool is_whole(const json_t *value)
{
    const double real = json_is_real(value) ? json_real_value(value) : NAN;
    return real >= -0x1p63 && real < 0x1p63 && trunc(real) == real;
}

static bool members_settle(json_t *value)
{
    size_t i;
    json_t *item;
    json_array_foreach(value, i, item)
        if (is_whole(item) ? json_array_set_new(value, i, json_integer((json_int_t)json_real_value(item))) != 0 : !members_settle(item))
            return false;
    for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at)) {
        item = json_object_iter_value(at);
        if (is_whole(item) ? json_object_iter_set_new(value, at, json_integer((json_int_t)json_real_value(item))) != 0 : !members_settle(item))
            return false;
    }
    return true;
}

json_t *json_settle(json_t *value)
{
    if (members_settle(value))
        return value;
    json_decref(value);
    return NULL;
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
