/* SPDX-License-Identifier: EUPL-1.2
 * `welcomed export`: rows become files of a folder, all of them or none. */
#ifndef WELCOME_EXPORT_H
#define WELCOME_EXPORT_H

#include "arena.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

struct export {
    PGconn *db;          /* as the worker role, inside a transaction that sees one moment */
    const char *folder;  /* to write to */
    const char *partial; /* inside it, until all is written */
    bool force;          /* also where something else stands */
    bool created;        /* the folder was not there */
    bool empty;          /* nothing of an export stands in the folder */
    int lock;            /* descriptor of partial, locked; -1 while there is none */
    size_t files;        /* written */
    struct arena arena;
};

/* src/operation/export_folder.c: each says on standard error what is wrong. */

/* Looks whether the folder may be written to, and makes the one inside it. */
bool export_begin(struct export *export);

/* Writes a file; path is relative to the folder, its folders are made. */
bool export_file(struct export *export, const char *path, const char *bytes, size_t length);

/* Puts the new folders in the place of the old ones, each at once, and removes those. */
bool export_finish(struct export *export);

/* Removes what is left of this export. */
void export_release(struct export *export);

/* src/information/content_export.c: content of all kinds. */
bool export_content(struct export *export);

/* src/media/media_export.c: what it shows. */
bool export_media(struct export *export);

#endif
