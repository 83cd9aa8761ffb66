/* SPDX-License-Identifier: EUPL-1.2
 * openapi.yaml compiled to operations: what may be asked, what is answered. */
#ifndef WELCOME_CONTRACT_H
#define WELCOME_CONTRACT_H

#include "arena.h"
#include "router.h"
#include "schema.h"
#include "tree.h"

#include <stdbool.h>
#include <stddef.h>

enum lane_kind { LANE_READ, LANE_WRITE, LANE_SLOW, LANE_COUNT };

/* What one client may have so much of. */
enum rate_class { RATE_READ, RATE_SEARCH, RATE_FORM, RATE_SIGN_IN, RATE_COUNT };

enum parameter_place { PLACE_PATH, PLACE_QUERY, PLACE_HEADER };

struct parameter {
    const char *name;
    enum parameter_place place;
    bool required;
    size_t segment; /* of a path parameter: which captured segment it is */
    const struct schema *schema;
    unsigned line;
};

/* One media type an answer may have. */
struct media {
    const char *type;            /* "application/json" */
    const struct schema *schema; /* NULL: not JSON */
};

#define JSON_MEDIA_TYPE "application/json"

/* One documented answer. */
struct answer_form {
    int status; /* 0: `default` */
    const struct media *media; /* in the document's order: the first is for who does not mind */
    size_t media_count;        /* 0: no body */
    const struct schema *schema; /* of application/json, which rows are written as; NULL: it is none of them */
    const struct node *node; /* as documented: its headers and links */
};

struct names {
    const char **items;
    size_t count;
};

struct operation {
    const char *id;     /* get_article */
    const char *path;   /* /v1/articles/{slug} */
    enum method method; /* never METHOD_HEAD: GET answers it */
    size_t index;       /* position in the contract */
    unsigned line;
    enum lane_kind lane;
    bool cached;          /* x-cache: public or immutable */
    bool immutable;       /* x-cache: immutable */
    bool fleeting;        /* x-cache: never */
    unsigned topics;      /* x-cache-until, as bits of the contract's; 0: the daemon keeps no answers */
    int keep_seconds;     /* x-cache-seconds: for how long at most; 0: until then */
    bool idempotent;      /* x-idempotent */
    bool primary;         /* x-replica: false */
    enum rate_class rate; /* x-rate */
    size_t body_max;      /* x-body-max in bytes, 0: the configured limit */
    const struct parameter *parameters;
    size_t parameter_count;
    const struct schema *body; /* NULL: no JSON expected */
    struct names body_types;   /* of a body that is bytes: its media types; else none */
    struct {
        const char *object, *member; /* the body's mail address: its member, in an object of that name unless NULL; member NULL: none */
    } address;
    bool body_required;
    const struct answer_form *answers;
    size_t answer_count;
    const struct answer_form *success; /* the documented 2xx (never NULL) */
    const struct schema *item;         /* of a list: what `items` holds; NULL when the answer is no list */
    bool anonymous;      /* no security: Authorization is ignored */
    struct names roles;  /* any of these; empty: any full session */
    struct names tasks;  /* kinds of task sessions admitted when their thing is the path's {id} */
};

#define TOPICS_MAX 8
#define TOPIC_MANY (1u << TOPICS_MAX)

struct contract {
    struct arena arena;
    const char *topics[TOPICS_MAX]; /* what answers depend on, as the database's notifications name it */
    size_t topic_count;
    const struct node *document;
    struct operation *operations;
    size_t count;
    struct router *router;
};

/* Compiles the document. On a fault returns false with its line and sentence in error; contract is to be released all the same. */
bool contract_load(struct contract *contract, const char *yaml, size_t length, struct tree_error *error);
void contract_release(struct contract *contract);

/* Whether every link of an answer leads to an operation there is and gives it, from what is there, what it takes. Part of contract_load();
 * src/core/contract_links.c */
bool contract_links_check(const struct contract *contract, struct tree_error *error);

/* The operation of that id, or NULL. */
const struct operation *contract_find(const struct contract *contract, const char *id);

/* The documented media type that is this one, whatever parameters follow it ("text/html; charset=utf-8"); NULL: none is. */
const struct media *answer_media(const struct answer_form *form, const char *type);

/* The form documented for exactly that status (0: for `default`), or NULL. */
const struct answer_form *operation_answer(const struct operation *operation, int status);

#endif
