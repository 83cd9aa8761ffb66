/* SPDX-License-Identifier: EUPL-1.2
 * `welcomed import`: files of the content folder become rows, in one transaction. The parts live in their modules. */
#ifndef WELCOME_IMPORT_H
#define WELCOME_IMPORT_H

#include "arena.h"
#include "schema.h"
#include "tree.h"

#include <dirent.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

struct import {
    PGconn *db;         /* as the worker role, inside the transaction */
    const char *folder; /* of the content */
    struct arena arena; /* everything read */
    size_t changes;     /* rows written since a part set it to 0; unchanged content writes none */
    bool found;         /* the folder has something to import */
    bool broken;        /* the transaction failed: nothing more can be asked of the database */
};

/* src/operation/import_file.c: what the parts share. Each function says on standard error what is wrong, with file and line. */

/* Always false; line 0 is left out. */
bool import_refuse(const char *path, unsigned line, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* "<folder>/<name>", NULL when out of memory. */
const char *import_path(struct import *import, const char *name);

/* The text of a file, terminated, UTF-8; NULL after saying why. */
const char *import_text(struct import *import, const char *path, size_t *length);

/* The YAML or JSON document in a file; NULL after saying why. */
const struct node *import_tree(struct import *import, const char *path);

/* Rows of a CSV file (RFC 4180) as sequence of mappings from the first line's names; NULL after saying why. */
const struct node *import_csv(struct import *import, const char *path);

/* Names in a folder that keep suits, in order, without their last drop bytes, in the arena; -1 after saying why. */
int import_names(struct import *import, const char *path, int (*suits)(const struct dirent *), size_t drop, const char ***names);

/* Whether the node is a mapping with no other members than these (ends with NULL). */
bool import_members(const char *path, const struct node *mapping, const char *const *names);

/* Whether the member is a text of 1 to longest characters. */
bool import_text_fits(const char *path, const struct node *mapping, const char *name, size_t longest);

/* Whether the text's member `provenance` says how it came to be (content/README.md). */
bool import_provenance(const char *path, const struct node *text);

/* Whether the member is a list of words, at least one, of which the statement `unknown` knows all: it gets the list as JSON array $1
 * and answers with those it does not know, or NULL. */
bool import_words(struct import *import, const char *path, const struct node *mapping, const char *member, const char *unknown);

/* Says a fault, or all of them with the lines that their pointers mean in root. Always false. */
bool import_fault(struct import *import, const char *path, unsigned line, const struct fault *fault);
bool import_faults(struct import *import, const char *path, const struct node *root, const struct faults *faults);

/* Runs one statement that tells with its first value (t, or a number above 0) whether it wrote, with a second what is wrong (faults
 * as JSON, or NULL); faults that it raised are told likewise, with the lines of root. False after saying why. */
bool import_apply(struct import *import, const char *path, const struct node *root, const char *sql, int count,
                  const char *const *values);

/* Runs one statement that tells with its one value (t, or a number above 0) whether it wrote. False after saying why. */
bool import_write(struct import *import, const char *path, unsigned line, const char *sql, int count, const char *const *values);

/* The node as JSON text in the arena; "[]" for NULL. NULL when out of memory. */
const char *import_json(struct import *import, const struct node *node);

/* Says what a part did. */
void import_tell(const char *part, size_t changes);

/* The parts. False after saying why; nothing is kept then. */
bool import_reference(struct import *import); /* src/reference/reference_import.c: reference/ */
bool import_legal(struct import *import);     /* src/privacy/legal_import.c: legal/ */
bool import_services(struct import *import);  /* src/services/service_import.c: services/ */
bool import_media(struct import *import);     /* src/media/media_import.c: media/ */
bool import_content(struct import *import);   /* src/information/content_import.c: articles/, places/ ... */
bool import_checklist(struct import *import); /* src/information/checklist_import.c: checklist/, when the articles are there */
bool import_demo(struct import *import);      /* src/guides/demo_import.c: demo/personas.json */
bool import_demo_services(struct import *import); /* src/services/service_import.c: demo/service_requests.json, when the people are there */

#endif
