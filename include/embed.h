/* SPDX-License-Identifier: EUPL-1.2
 * Files that are part of the program: openapi.yaml, operation statements, migrations, texts. */
#ifndef WELCOME_EMBED_H
#define WELCOME_EMBED_H

#include <stddef.h>

struct embedded {
    const char *path;  /* as in the source tree: "openapi.yaml", "src/guides/create_guide.sql" */
    const char *bytes; /* followed by a NUL that length does not count */
    size_t length;
};

/* All of them, sorted by path (bytewise); written by src/operation/embed.sh at build time. */
extern const struct embedded EMBEDDED[];
extern const size_t EMBEDDED_COUNT;

/* The file of that path, or NULL. */
const struct embedded *embedded_find(const char *path);

#endif
