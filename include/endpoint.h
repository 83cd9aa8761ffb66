/* SPDX-License-Identifier: EUPL-1.2
 * An operation with the statements and the C that carry it out. */
#ifndef WELCOME_ENDPOINT_H
#define WELCOME_ENDPOINT_H

#include "contract.h"
#include "lane.h"
#include "operation_code.h"
#include "row.h"
#include "statement.h"

enum source_kind { SOURCE_PARAMETER, SOURCE_MEMBER, SOURCE_BODY, SOURCE_DERIVED, SOURCE_AMBIENT };

enum ambient { AMBIENT_ID, AMBIENT_LANGUAGES, AMBIENT_REQUEST_ID, AMBIENT_CURSOR, AMBIENT_IF_MATCH, AMBIENT_COUNT };

/* Where a statement's parameter comes from. */
struct source {
    enum source_kind kind;
    size_t index;       /* of the parameter, derived parameter or ambient value */
    const char *member;          /* of the body */
    const struct schema *schema; /* of the member */
    const char *otherwise;       /* text form of the member's default, bound when it is absent; NULL: SQL NULL */
    Oid type;
};

/* A statement file with its parameters bound. */
struct program {
    const struct statement_file *file;
    const char *variant;          /* NULL, "by_city", "write", "total" */
    const struct source *sources; /* one for each name of the file */
    struct prepared *statements;
    size_t count;
    bool makes_id;              /* uses :ctx_id */
    const struct row_plan *row; /* made by prove() */
};

#define LIST_MEMBERS_MAX 4

/* What a list has beside items, next and cursor: the one value that <operation>.<name>.sql answers with. */
struct list_member {
    const struct schema_property *property;
    const struct program *program; /* NULL: a total that nobody can ask for */
    Oid type;                      /* of the value; found by prove() */
};

struct endpoint {
    const struct operation *operation;
    const struct operation_code *code; /* NULL: none */
    struct program *programs;          /* the plain one first, if there is one */
    size_t count;
    struct list_member *members; /* of a list, in its schema's order */
    size_t member_count;
    bool keeps_cursor; /* a list with a member `cursor`, for who comes back for what is new */
};

/* The statements the core itself sends around those of an operation. */
enum core_statement {
    CORE_AUTHENTICATE,
    CORE_NEED,
    CORE_CLAIM,
    CORE_LIMIT,
    CORE_SPEND,
    CORE_SUBJECT,
    CORE_RECALL,
    CORE_POSITION,
    CORE_STATEMENTS
};

#define CORE_STEPS_MAX 6 /* of them in one segment: a request that is recalled claims nothing */

struct endpoints {
    struct arena arena;
    struct endpoint *items; /* by operation index */
    size_t count;
    struct prepared core[CORE_STATEMENTS];
    size_t statements; /* prepared statements in all */
};

/* Joins contract, operation files (src/<module>/<operation>[.<variant>].sql, from `files`) and code. All faults are written to
 * report, one a line ("src/guides/x.sql:3: ..."); returns whether there was none. */
struct embedded;
bool endpoints_load(struct endpoints *endpoints, const struct contract *contract, const struct embedded *files, size_t file_count,
                    const struct operation_code *const *codes, struct buffer *report);
void endpoints_release(struct endpoints *endpoints);

/* The program of that variant (NULL: the plain one), or NULL. */
struct program *endpoint_program(const struct endpoint *endpoint, const char *variant);

/* Proves against the migrated database behind db (the daemon's role): every statement prepares, every answer's columns are its
 * schema's properties. Plans the rows. Faults as above. */
bool endpoints_prove(struct endpoints *endpoints, PGconn *db, struct buffer *report);

/* Whether an operation, its statement files and its C fit together: inputs used, media types written, members answered. Part of
 * endpoints_load(). src/core/endpoint_review.c */
void endpoint_review(const struct endpoint *endpoint, struct buffer *report);

/* What an operation file must not contain, and what one that writes and documents 404 must. Part of endpoints_load(). */
void program_review(const struct program *program, const struct operation *operation, struct buffer *report);

#endif
