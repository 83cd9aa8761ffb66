/* SPDX-License-Identifier: EUPL-1.2
 * The things of a content folder, read and checked as far as files alone can tell. */
#ifndef WELCOME_CONTENT_THINGS_H
#define WELCOME_CONTENT_THINGS_H

#include "content_file.h"
#include "import.h"
#include "markdown.h"

struct thing_text {
    const char *path;
    const char *language;
    struct content_text file;
    bool written;
};

struct thing {
    const char *key;
    const char *path; /* of the file all languages share */
    const struct node *root;
    const char *json; /* the same as JSON */
    const char *occurrences, *expanded_to; /* of an event, as SQL takes them (include/recurrence.h) */
    struct thing_text *texts;
    size_t text_count;
    bool has_children; /* among the files */
};

struct things {
    struct content_files files;
    struct thing *kinds[CONTENT_KINDS];
    size_t counts[CONTENT_KINDS];
    bool found[CONTENT_KINDS]; /* the folder is there */
};

/* Reads all kinds there are folders of. False after saying everything that is wrong, each with file and line. */
bool things_read(struct import *import, struct things *things);

/* Whether the Markdown can be content; the result's texts are in the arena. False after saying why. */
bool thing_text_render(const struct thing_text *text, struct arena *arena, struct markdown *result);

#endif
