/* SPDX-License-Identifier: EUPL-1.2
 * One request on its way: received, admitted, dispatched, answered. Belongs to one loop's thread; core only. */
#ifndef WELCOME_REQUEST_H
#define WELCOME_REQUEST_H

#include "arena.h"
#include "buffer.h"
#include "cache.h"
#include "challenge.h"
#include "endpoint.h"
#include "lane.h"
#include "limit.h"
#include "negotiate.h"
#include "router.h"
#include "schema.h"
#include "target.h"
#include "visitor.h"
#include "work.h"

#include <jansson.h>
#include <microhttpd.h>
#include <stdint.h>

struct loop;

enum request_phase { REQUEST_RECEIVING, REQUEST_WAITING, REQUEST_ANSWERED };

#define HEADER_BYTES_MAX 8192 /* of all headers of a request */

struct request {
    struct arena arena;
    struct loop *loop;
    struct MHD_Connection *connection;
    struct visitor *visitor; /* the connection's; NULL: it is being closed */
    enum request_phase phase;
    bool headed;     /* its first line and headers have been looked at */
    bool counted;    /* among the loop's requests in flight */
    int64_t started; /* µs, monotonic */
    char id[65];     /* X-Request-Id */
    const char *raw; /* the request target as it came */

    enum method method;
    struct target target;
    struct route route;
    const struct endpoint *endpoint; /* NULL: the path leads nowhere */

    struct buffer body;
    size_t body_seen; /* bytes received, kept or dropped */
    bool body_too_large;
    bool doubtful; /* where it ends: it is answered at once, and its connection closed */
    bool has_body;       /* one is announced */
    bool head_too_long;
    json_t *json;    /* the body; owned */
    const char *content_type; /* of a body of bytes, as documented; NULL: there is none */
    json_t **values; /* of the operation's parameters, by index; owned; NULL: absent */
    struct languages languages;
    struct faults faults;
    const char *problem; /* code once refused, else NULL */
    const char *detail;  /* instead of the catalogue's sentence, or NULL */

    const struct program *program;
    enum lane_kind lane; /* the operation's unless its C says otherwise */
    const char *derived[DERIVED_MAX];
    void *kept;          /* of the operation's C */
    const char *account; /* who is signed in, once work() begins; else NULL */
    const char *place; /* opened cursor */
    char made_id[37];  /* :ctx_id, empty until needed */
    const char *recalled; /* when the request that this one repeats was carried out; NULL: it repeats none */
    struct segment segment;
    struct work_item work;
    int64_t lane_us; /* spent in the lane so far: waiting and at the database */
    size_t answer_step, cursor_step, member_steps[LIST_MEMBERS_MAX]; /* SEGMENT_STEPS_MAX: not asked for */

    bool limited;                 /* it counts against its client's limit */
    struct limit_verdict verdict; /* then: what is left */
    int retry_after;              /* seconds, of a request that came too early; 0: nothing is said */
    struct solved solved;         /* challenge, its hash empty: none had to be */
    bool address_spent;           /* it came too early for its address, not for its client */

    struct MHD_Response *response;
    int status;
    size_t answer_length;
    const struct media *media; /* chosen by Accept; NULL: the answer has no body */
    const char *next, *next_cursor; /* of a list that goes on: where, and its place; else NULL */
    struct {
        const char *name, *value;
    } headers[ANSWER_HEADERS_MAX]; /* that the operation's C adds; name NULL: no more */
    struct cache_key key; /* of an answer that may be kept, in the arena; bytes NULL: it may not */
    uint64_t generation;  /* of the operation's topics before its statements ran */
    bool keep;
    bool packed;          /* the answer is gzip */

    const char *served; /* the language an answer is in, where the statement or the C part said it; borrowed */
};

/* The checks of the head itself; refuses what is doubtful. Then, with what is wrong with the target (NULL: nothing), the rest. src/core/head.c */
void head_check(struct request *request, const char *method, const char *version);
void head_refused(struct request *request, const char *target_fault);

/* The checks before the database; false: request->problem says why, or the method is OPTIONS. src/core/admit.c */
bool request_admit(struct request *request);

/* A request header of that name, or NULL. */
const char *request_header(const struct request *request, const char *name);

/* What stands behind Bearer, of an admitted request that needs a session. */
const char *request_token(const struct request *request);

/* Binds and sends; the answer comes later. False: request->problem says why it was not sent. src/core/dispatch.c */
bool request_dispatch(struct request *request);

/* The segment ended because the request is known: sends what answers it, with the first one's id. False: out of memory, or it is not known.
 * src/core/dispatch.c */
bool request_recall(struct request *request);

/* Make request->response and status: request_answer() of a problem, a rendered body or a preflight at once, the other of what came
 * back from the lane, resuming the connection. src/core/answer.c */
void request_answer(struct request *request);
void request_answer_segment(struct request *request);

/* What request_answer() does, for a request whose connection is suspended: it is resumed. src/core/answer.c */
void request_answer_resume(struct request *request);

/* Whether the contract documents this answer; always true without WELCOME_CHECK_ANSWERS. src/core/answer_check.c */
bool answer_check(struct request *request, int status, const struct buffer *body, const char *type);

/* Of a list: whether its members have the types they were proved with; finds where it goes on (false: out of memory); writes it.
 * src/core/answer_list.c */
bool list_fits(const struct request *request);
bool list_follow(struct request *request, const PGresult *rows);
void list_write(struct request *request, const PGresult *rows, struct buffer *body);

/* Whether the operation's C writes this answer, not the row plan. src/core/answer.c */
bool request_written_by_code(const struct request *request);

/* Refuses; the first code stays. */
void request_fail(struct request *request, const char *code);
void request_fault(struct request *request, const char *pointer, const char *parameter, const char *code, const char *limit);

/* Adds the headers every answer has, CORS included. src/core/headers.c */
void request_headers(struct request *request);
void response_header(struct request *request, const char *name, const char *value);
void response_replace(struct request *request, const char *name, const char *value);

/* Write a request's line when it has ended; note the time of a segment that came back, with a line if it was slow.
 * src/core/request_log.c */
void request_log(const struct request *request, int64_t microseconds);
void request_timed(struct request *request);

/* The text that identifies a list's filter, for its cursors. */
const char *request_filter(struct request *request);

/* The mail address in the body, or NULL. */
const char *request_address(const struct request *request);

/* The value of limit=, 0 when the operation has none. */
int request_limit(const struct request *request);

/* Gives it its X-Request-Id. src/core/request.c */
void request_take_id(struct request *request);

/* Sends what is kept for this request, if anything is; else remembers what an answer would be kept under. Before its head is looked at.
 * src/core/cached.c */
bool request_find_cached(struct request *request, enum MHD_Result *sent);

/* Once it is admitted: its answer may be kept. Behind MHD_queue_response(): keeps it, if nothing is against it. src/core/cached.c */
void request_cacheable(struct request *request);
void request_cache(struct request *request);

/* Writes into the response what is this request's alone: its id, and what its client may still ask for. src/core/headers.c */
void request_stamp(struct request *request);

/* The most wanted of the documented media types, the first of equals; NULL: none is. src/core/admit.c */
const struct media *media_choose(const struct answer_form *form, const char *accept);

/* MHD's callbacks. src/core/request.c */
void request_connection(void *loop, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code);
void *request_line(void *loop, const char *target, struct MHD_Connection *connection);
enum MHD_Result request_receive(void *loop, struct MHD_Connection *connection, const char *url, const char *method,
                                const char *version, const char *data, size_t *size, void **state);
void request_end(void *loop, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code);

#endif
