/* SPDX-License-Identifier: EUPL-1.2
 * What a module may add to an operation in C, and what that code may ask of the request it serves. */
#ifndef WELCOME_OPERATION_CODE_H
#define WELCOME_OPERATION_CODE_H

#include "arena.h"
#include "buffer.h"
#include "row.h"
#include "schema.h"
#include "sql_type.h"

#include <jansson.h>
#include <stdbool.h>

struct config;
struct request;

/* A parameter that prepare() computes; the operation's statements use it by name like any other. */
struct derived {
    const char *name;
    enum sql_type type;
};

#define DERIVED_MAX 8

struct operation_code {
    const char *operation; /* its operationId; NULL ends a table */
    struct derived derived[DERIVED_MAX];
    /* Before anything is bound: fills the derived parameters, chooses a statement file, adds faults or refuses. */
    void (*prepare)(struct request *request);
    /* For what takes long (more than some milliseconds): runs after prepare() on a thread of its own, and only once the caller is
     * known to be allowed; may do what prepare() may. */
    void (*work)(struct request *request);
    /* Instead of a statement: writes the whole body; *type is its media type. False: out of memory. It may refuse. */
    bool (*render)(struct request *request, struct buffer *out, const char **type);
    /* Instead of a body of JSON: writes what the operation's last statement (of <operation>.write.sql where there is one) gave, in
     * each media type the contract offers besides application/json. *type is the one asked for; a parameter may be added to it. Rows
     * may be none, unless 404 is documented; of a list only the first request_shown() count. False: out of memory. It may refuse. */
    bool (*write)(struct request *request, const PGresult *rows, struct buffer *out, const char **type);
    /* When the database has refused what work() prepared, has it already from the request that this one repeats, or was never asked: to take
     * back what work() did elsewhere. Not when nobody knows (the connection was lost), so something else has to tidy up in the end. Once, on
     * any loop's thread. */
    void (*undo)(struct request *request);
    /* After each successful answer from rows, on any loop's thread: to count in memory. */
    void (*answered)(struct request *request, const PGresult *rows);
    const struct column_code *columns; /* columns written by C, or with write NULL only there for it; ends with {0} */
};

/* All tables of all modules, ended by NULL (src/operation/codes.c). */
extern const struct operation_code *const OPERATION_CODES[];

/* Memory that lives as long as the request. */
struct arena *request_arena(struct request *request);

/* The body, validated; NULL when there is none. Borrowed. */
const json_t *request_body(const struct request *request);

/* The body of an operation that takes other media types than JSON, and which of those documented it is; NULL and 0 when there is
 * none. Borrowed. Statements get it as a derived parameter: SQL_BYTEA with sql_bytes_text(). */
const void *request_bytes(const struct request *request, size_t *length);
const char *request_content_type(const struct request *request);

/* A path or query parameter, validated; NULL when absent. Borrowed. */
const json_t *request_parameter(const struct request *request, const char *name);

/* Who is signed in, known in work(), and the SHA-256 of their access token in bytea's form (NULL: out of memory). */
const char *request_account(const struct request *request);
const char *request_token_hash(struct request *request);

/* What the statements get as :ctx_id, a copy: of a request that repeats another, the statements get the other's in the end. NULL: out of
 * memory. */
const char *request_made_id(struct request *request);

/* The operation it is for, by its operationId. */
const char *request_operation(const struct request *request);

/* The language the reader asked for first (a tag of /v1/languages). */
const char *request_language(const struct request *request);

/* The media type that was asked for and will be answered with, one of those documented; NULL: the answer has no body. */
const char *request_media_type(const struct request *request);

/* How many of a list's rows belong to the answer: one more may be there to tell that it goes on. */
int request_shown(const struct request *request, const PGresult *rows);

/* Where a list goes on, "/v1/articles?after=...", for write(); NULL: nowhere. */
const char *request_next(const struct request *request);

/* WELCOME_PORTAL_URL without a slash at the end, NULL when out of memory; WELCOME_REGION_NAME. */
const char *request_portal(struct request *request);
const char *request_region(const struct request *request);

/* Writes a new challenge, as the ALTCHA widget reads it. False: out of memory. */
bool request_challenge(struct request *request, struct buffer *out);

/* The configuration, for work() that needs a connection of its own. */
const struct config *request_config(const struct request *request);

/* Says in which language the answer is, where that is not the one asked for first. */
void request_served(struct request *request, const char *language);

/* Sets a derived parameter to its text form (NULL: SQL NULL); value must live as long as the request. */
void request_derive(struct request *request, const char *name, const char *value);

/* Something in the request's arena that work() has for write() and undo(); NULL at first. */
void request_keep(struct request *request, void *thing);
void *request_kept(const struct request *request);

/* Runs the operation's statement file of that variant ("by_city") instead of the plain one. */
void request_variant(struct request *request, const char *variant);

/* Sends the operation's statements over the slow lane, whatever its own: for a variant that may take long. In prepare(). */
void request_slow(struct request *request);

/* Adds a header to the answer if it is a success (Content-Disposition, ...; none of those the core gives itself). name must be static,
 * value is copied. At most ANSWER_HEADERS_MAX. */
void request_answer_header(struct request *request, const char *name, const char *value);

#define ANSWER_HEADERS_MAX 4

/* Says in a refusal how many seconds to wait. */
void request_wait(struct request *request, int seconds);

/* The answer is not kept for others, since each time it is asked for counts. In answered(). */
void request_fresh(struct request *request);

/* Refuses the request with a problem code; faults added before go along. */
void request_refuse(struct request *request, const char *code);
struct faults *request_faults(struct request *request);

#endif
