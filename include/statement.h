/* SPDX-License-Identifier: EUPL-1.2
 * Operation files: SQL with named parameters, split into statements with numbered ones. */
#ifndef WELCOME_STATEMENT_H
#define WELCOME_STATEMENT_H

#include "arena.h"
#include "tree.h"

#include <stdbool.h>
#include <stddef.h>

#define STATEMENT_PARAMETERS_MAX 64 /* different names in one file */

struct statement {
    const char *name;         /* "accept_proposal.2": of the prepared statement, of log and proof */
    const char *sql;          /* with $1, $2, ...; comments removed */
    const char *bare;         /* lower case, comments removed and the insides of strings blanked: for looking, not for running */
    const size_t *parameters; /* for $1, $2, ...: index into the file's names */
    size_t parameter_count;
    unsigned line; /* where it starts in the file */
};

struct statement_file {
    const char *path;    /* "src/guides/accept_proposal.sql" */
    const char *name;    /* "accept_proposal", "list_articles.by_city", "list_guides.total" */
    const struct statement *statements;
    size_t count;
    const char **names; /* every parameter name used, once */
    size_t name_count;
};

/* Splits text at top-level semicolons, knowing strings, E-strings, quoted identifiers, dollar quotes and nested comments. A colon
 * starts a parameter only before [a-z_] and not behind ':', a word character, ')', ']' or a quote (casts and slices stay).
 * Everything lives in the arena. On a fault returns false with line and sentence. */
bool statement_file_parse(struct statement_file *file, const char *path, const char *text, size_t length, struct arena *arena,
                          struct tree_error *error);

#endif
