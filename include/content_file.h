/* SPDX-License-Identifier: EUPL-1.2
 * The files of content, read and written by one description (src/information/content_files.yaml). */
#ifndef WELCOME_CONTENT_FILE_H
#define WELCOME_CONTENT_FILE_H

#include "arena.h"
#include "buffer.h"
#include "schema.h"
#include "tree.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum content_kind { CONTENT_PLACE, CONTENT_ARTICLE, CONTENT_NEWS, CONTENT_EVENT, CONTENT_STORY, CONTENT_KINDS };

/* In the order they are imported: what others point at comes first. */
extern const struct content_folder {
    const char *kind;   /* as in the database */
    const char *folder; /* "articles" */
    const char *file;   /* of what all languages share: "article.yaml" */
} CONTENT_FOLDERS[CONTENT_KINDS];

struct content_files {
    const struct schema *kinds[CONTENT_KINDS];
    const struct schema *text; /* front matter */
    const struct schema *body;
    const struct schema *media; /* what is said of a picture or document */
    const struct schema *office, *service; /* entries of services/ */
};

/* A translation's file taken apart; borrowed from the text it was in. */
struct content_text {
    const struct node *front;
    const char *body;
    unsigned body_line; /* 1-based, of the file */
};

/* Compiles the description into the arena. The words of the reference data must be registered and loaded (vocabulary.h) before values
 * are checked. Returns false with error filled. */
bool content_files_load(struct content_files *files, struct arena *arena, struct tree_error *error);

/* Takes front matter and body apart; false with error filled when there is none or it is no YAML. Does not check what it says. */
bool content_text_read(const char *text, size_t length, struct arena *arena, struct content_text *result, struct tree_error *error);

/* The line of the file that a pointer into its tree (RFC 6901) means: of what is missing, the line of what should have it. */
unsigned content_line(const struct node *root, const char *pointer);

/* Writes the members of an object in canonical form (content/README.md), in the order of the schema. Members that the schema does not
 * name are left out. */
void content_write(struct buffer *out, const struct schema *schema, const json_t *value);

#endif
