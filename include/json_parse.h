/* SPDX-License-Identifier: EUPL-1.2
 * Reading JSON from outside. jansson calls it a syntax error when memory runs out while it reads; the sender would look in vain. */
#ifndef WELCOME_JSON_PARSE_H
#define WELCOME_JSON_PARSE_H

#include <jansson.h>
#include <stddef.h>

/* Makes jansson's want of memory known to json_parse(). Call once, before any thread starts and anything is read. */
void json_parse_init(void);

/* json_loadb(), but json_error_code() is json_error_out_of_memory whenever that is the reason. */
json_t *json_parse(const char *text, size_t length, size_t flags, json_error_t *error);

#endif
