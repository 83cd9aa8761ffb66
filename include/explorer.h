/* SPDX-License-Identifier: EUPL-1.2
 * The page /docs, on which the contract can be read and tried out in a browser. */
#ifndef WELCOME_EXPLORER_H
#define WELCOME_EXPLORER_H

#include "buffer.h"

#include <stdbool.h>

struct request;

/* Reads swagger-ui's files out of folder (NULL: there are none), once and before any request. What cannot be read is logged as
 * swagger_ui_missing, and the page says how to bring it. */
void explorer_load(const char *folder);
void explorer_release(void);

/* The page, and the files it loads: those named here and in explorer.c, no others (code `not_found`). */
bool explorer_render(struct request *request, struct buffer *out, const char **type);
bool explorer_file_render(struct request *request, struct buffer *out, const char **type);

#endif
