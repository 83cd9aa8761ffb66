/* SPDX-License-Identifier: EUPL-1.2
 * JSON from and to text when memory runs out: jansson then calls what it reads faulty, and leaves out parts of what it writes. */
#ifndef WELCOME_JSON_TEXT_H
#define WELCOME_JSON_TEXT_H

#include <jansson.h>
#include <stddef.h>

/* Has jansson's want of memory noticed. Call once, before any thread starts and any JSON is made. */
void json_text_init(void);

/* json_loadb(), but json_error_code() is json_error_out_of_memory whenever that is the reason. */
json_t *json_parse(const char *text, size_t length, size_t flags, json_error_t *error);

/* The value with its whole numbers as integers however they were written (1.0, 1e3), as JSON Schema has it and SQL takes them out of
 * jsonb. Takes the reference. NULL: out of memory. */
json_t *json_settle(json_t *value);

/* json_dumps(): whole, to be freed with free(), or NULL. */
char *json_format(const json_t *value, size_t flags);

#endif
