/* SPDX-License-Identifier: EUPL-1.2
 * A lane: the links of one kind in one loop, the queue in front of them, what is tried again and what is given up. */
#include "lane.h"

#include "link.h"
#include "log.h"
#include "replica.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

#define LANE_PATIENCE 1000    /* ms a request waits while no link is up any more */
#define TICK_LATE 1000        /* ms; after so long without a tick this machine or process stood still */
#define CONNECT_PATIENCE 4000 /* ms for one attempt to connect; the next begins with another server, if there are several */

const char *const LANE_NAMES[LANE_COUNT] = {[LANE_READ] = "read", [LANE_WRITE] = "write", [LANE_SLOW] = "slow"};

struct lane {
    struct lane_options options;
    int epoll_fd;
    struct link *links;
    struct segment *head, *tail; /* waiting */
    size_t queued;
    int64_t ticked;  /* ms: when lane_tick() was called last */
    bool wide;       /* all links have been begun, not the first alone */
    bool stopping;   /* nothing new is begun */
    bool submitting; /* a done() that submits must not recurse into sending */
    bool fresh;      /* of a replica: what was last said about it in the log */
    struct {
        atomic_size_t links_up, in_flight, queued, fresh;
        atomic_uint_fast64_t retries, timeouts, refused, statements, reconnects, answered, handed_over;
        atomic_int_fast64_t behind;
        struct histogram waited, ran;
    } figures;
};

const struct lane_options *lane_options(const struct lane *lane)
{
    return &lane->options;
}

int lane_epoll(const struct lane *lane)
{
    return lane->epoll_fd;
}

void segment_release(struct segment *segment)
{
    for (size_t i = 0; i < segment->count; i++) {
        PQclear(segment->results[i]);
        segment->results[i] = NULL;
    }
    PQclear(segment->error);
    segment->error = NULL;
}

struct lane *lane_new(const struct lane_options *options, int epoll_fd)
{
    struct lane *lane = calloc(1, sizeof *lane);
    if (!lane)
        return NULL;
    lane->options = *options;
    lane->epoll_fd = epoll_fd;
    lane->ticked = clock_ms();
    lane->links = calloc(options->links, sizeof *lane->links);
    bool made = lane->links != NULL;
    for (size_t i = 0; made && i < options->links; i++)
        made = link_init(&lane->links[i], lane);
    if (!made) {
        lane_free(lane);
        return NULL;
    }
    if (options->links > 0)
        link_connect(&lane->links[0], clock_ms());
    return lane;
}

void lane_free(struct lane *lane)
{
    if (!lane)
        return;
    for (size_t i = 0; lane->links && i < lane->options.links; i++)
        link_release(&lane->links[i]);
    free(lane->links);
    free(lane);
}

static struct segment *lane_pop(struct lane *lane)
{
    struct segment *segment = lane->head;
    lane->head = segment->next;
    if (!lane->head)
        lane->tail = NULL;
    segment->next = NULL;
    lane->queued--;
    return segment;
}

/* What a replica did not answer the primary is asked: a conflict with what it replays, a table it does not have yet, or its end are not the
 * client's concern, and whether a refusal is one the primary knows best. */
static void segment_end(struct lane *lane, struct segment *segment, enum outcome outcome)
{
    struct lane *instead = lane->options.instead;
    if (instead && !segment->fixed && outcome != OUTCOME_ANSWERED && outcome != OUTCOME_ABANDONED) {
        segment_release(segment);
        atomic_fetch_add(&lane->figures.handed_over, 1);
        lane_submit(instead, segment, clock_ms());
        return;
    }
    if (instead && !segment->fixed && outcome == OUTCOME_ANSWERED)
        atomic_fetch_add(&lane->figures.answered, 1);
    segment->outcome = outcome;
    histogram_add(&lane->figures.waited, segment->waited);
    if (segment->attempts > 0) {
        histogram_add(&lane->figures.ran, segment->ran);
        atomic_fetch_add_explicit(&lane->figures.statements, segment->count, memory_order_relaxed);
    }
    segment->done(segment);
}

void lane_stop(struct lane *lane)
{
    lane->stopping = true;
    for (size_t i = 0; i < lane->options.links; i++)
        if (lane->links[i].state != LINK_DOWN)
            link_break(&lane->links[i], NULL);
    while (lane->head)
        segment_end(lane, lane_pop(lane), OUTCOME_UNAVAILABLE);
}

static bool link_usable(const struct lane *lane, const struct link *link)
{
    return link->state == LINK_READY && !link->leave && (!lane->options.replica || clock_ms() < link->sure);
}

/* The link with the fewest segments in flight that has room; NULL when none has. */
static struct link *lane_choose(const struct lane *lane)
{
    struct link *best = NULL;
    for (size_t i = 0; i < lane->options.links; i++) {
        struct link *link = &lane->links[i];
        if (link_usable(lane, link) && link->segments < lane->options.depth && (!best || link->segments < best->segments))
            best = link;
    }
    return best;
}

bool lane_open(const struct lane *lane)
{
    for (size_t i = 0; i < lane->options.links; i++)
        if (link_usable(lane, &lane->links[i]))
            return true;
    return false;
}

static void lane_push(struct lane *lane, struct segment *segment, bool front)
{
    if (front) {
        segment->next = lane->head;
        lane->head = segment;
        if (!lane->tail)
            lane->tail = segment;
    } else {
        segment->next = NULL;
        if (lane->tail)
            lane->tail->next = segment;
        else
            lane->head = segment;
        lane->tail = segment;
    }
    lane->queued++;
}

/* Sends what waits while links have room. */
static void lane_pump(struct lane *lane)
{
    if (lane->submitting)
        return;
    lane->submitting = true;
    for (struct link *link; lane->head && (link = lane_choose(lane)) != NULL;) {
        struct segment *segment = lane_pop(lane);
        segment->waited += clock_us() - segment->queued;
        if (segment->wanted && !segment->wanted(segment))
            segment_end(lane, segment, OUTCOME_ABANDONED);
        else
            link_send(link, segment);
    }
    lane->submitting = false;
}

void lane_submit(struct lane *lane, struct segment *segment, int64_t now)
{
    segment->attempts = 0;
    segment->waited = segment->ran = 0;
    segment->begun = now;
    segment->next = NULL;
    segment->error = NULL;
    memset(segment->results, 0, sizeof segment->results);
    if (lane->queued >= lane->options.queue_max || lane->stopping) {
        atomic_fetch_add_explicit(&lane->figures.refused, 1, memory_order_relaxed);
        segment_end(lane, segment, lane->stopping ? OUTCOME_UNAVAILABLE : OUTCOME_OVERLOADED);
        return;
    }
    const bool starting = !lane->wide;
    segment->deadline = now + (lane_open(lane) || starting ? lane->options.queue_ms : LANE_PATIENCE);
    struct link *link = lane->head || lane->submitting ? NULL : lane_choose(lane);
    if (link) {
        link_send(link, segment);
        return;
    }
    segment->queued = clock_us();
    lane_push(lane, segment, false);
}

/* Errors that say nothing about the request: the transaction was rolled back whole and may simply run again. What a row is to refer to may
 * have gone while the statement waited for it (23503), which the second run sees. */
static bool worth_retrying(const struct lane *lane, const PGresult *error)
{
    const char *state = PQresultErrorField(error, PG_DIAG_SQLSTATE); /* never NULL: link.c keeps libpq's own errors */
    if (plan_void(error) || refused_to_write(lane, error) || strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0 ||
        strcmp(state, "23503") == 0)
        return true;
    return lane->options.kind != LANE_WRITE && (strncmp(state, "57P", 3) == 0 || strncmp(state, "08", 2) == 0);
}

static bool segment_retry(struct lane *lane, struct segment *segment)
{
    if (segment->attempts >= SEGMENT_ATTEMPTS_MAX || lane->stopping || lane->options.instead || segment->fixed)
        return false;
    segment_release(segment);
    atomic_fetch_add(&lane->figures.retries, 1);
    segment->queued = clock_us();
    lane_push(lane, segment, true);
    lane_pump(lane);
    return true;
}

void lane_segment_back(struct lane *lane, struct segment *segment, PGresult *error)
{
    segment->error = error;
    if (error && worth_retrying(lane, error) && segment_retry(lane, segment))
        return;
    segment_end(lane, segment, !error ? OUTCOME_ANSWERED : refused_to_write(lane, error) ? OUTCOME_UNAVAILABLE : OUTCOME_REFUSED);
}

/* Reading again harms nobody, but one frozen link is followed by others: whoever waited that long has waited enough. */
void lane_segment_lost(struct lane *lane, struct segment *segment)
{
    const int64_t now = clock_ms();
    if (lane->options.kind == LANE_WRITE) {
        segment_end(lane, segment, OUTCOME_LOST);
        return;
    }
    segment->deadline = now + LANE_PATIENCE;
    if (now - segment->begun > lane->options.statement_ms || !segment_retry(lane, segment))
        segment_end(lane, segment, OUTCOME_UNAVAILABLE);
}

/* Ends what waited too long; the queue is in order of arrival but for the few that were put in front again. */
static void lane_expire(struct lane *lane, int64_t now)
{
    struct segment *waiting = lane->head;
    lane->head = lane->tail = NULL;
    lane->queued = 0;
    const bool up = lane_open(lane);
    while (waiting) {
        struct segment *segment = waiting;
        waiting = segment->next;
        if (now < segment->deadline)
            lane_push(lane, segment, false);
        else {
            atomic_fetch_add(&lane->figures.timeouts, 1);
            segment->waited += clock_us() - segment->queued;
            segment_end(lane, segment, up ? OUTCOME_OVERLOADED : OUTCOME_UNAVAILABLE);
        }
    }
}

static void lane_count(struct lane *lane)
{
    size_t up = 0, flying = 0, fresh = 0;
    int64_t behind = -1;
    for (size_t i = 0; i < lane->options.links; i++) {
        const struct link *link = &lane->links[i];
        up += link->state == LINK_READY;
        flying += link->segments;
        fresh += link_usable(lane, link);
        if (link->state == LINK_READY && link->behind > behind)
            behind = link->behind;
    }
    atomic_store_explicit(&lane->figures.fresh, fresh, memory_order_relaxed);
    atomic_store_explicit(&lane->figures.behind, behind, memory_order_relaxed);
    atomic_store_explicit(&lane->figures.links_up, up, memory_order_relaxed);
    atomic_store_explicit(&lane->figures.in_flight, flying, memory_order_relaxed);
    atomic_store_explicit(&lane->figures.queued, lane->queued, memory_order_relaxed);
}

/* The other links are begun when the first is up: each costs the server a process, and what waits for the first would wait for all of them. */
static void lane_widen(struct lane *lane)
{
    lane->wide = true;
    for (size_t i = 1; i < lane->options.links; i++)
        link_connect(&lane->links[i], clock_ms());
    lane_count(lane);
}

void lane_link_ready(struct lane *lane)
{
    if (!lane->wide)
        lane_widen(lane);
    lane_pump(lane);
}

/* A frozen server neither answers nor closes: statement_timeout cannot help, only our own clock. */
static bool link_frozen(const struct lane *lane, const struct link *link, int64_t now)
{
    const int64_t limit = 2 * (int64_t)lane->options.statement_ms;
    if (link->state == LINK_CONNECTING)
        return now - link->since > CONNECT_PATIENCE;
    return link->state == LINK_READY && link->flying && now - link->flights[link->first].sent / 1000 > limit;
}

/* Asks the links of a replica where they are, and says when it falls out of use and comes back. */
static void lane_freshen(struct lane *lane, int64_t now)
{
    if (!lane->options.replica)
        return;
    for (size_t i = 0; i < lane->options.links; i++)
        if (lane->links[i].state == LINK_READY)
            link_ask(&lane->links[i], now);
    const bool fresh = lane_open(lane);
    if (fresh != lane->fresh)
        log_write(fresh ? LOG_INFO : LOG_WARNING, fresh ? "replica_in_use" : "replica_out_of_use",
                  (const struct log_field[]){log_text("lane", lane->options.kind == LANE_SLOW ? "slow" : "read"),
                                             log_integer("behind_ms", lane->figures.behind), {.name = NULL}});
    lane->fresh = fresh;
}

void lane_tick(struct lane *lane, int64_t now)
{
    const int64_t passed = now - lane->ticked;
    lane->ticked = now;
    for (size_t i = 0; i < lane->options.links; i++) {
        struct link *link = &lane->links[i];
        if (passed > TICK_LATE && link->state == LINK_CONNECTING)
            link->since += passed; /* an answer may lie there unread */
        if (link_frozen(lane, link, now)) {
            link->turn += link->state == LINK_CONNECTING;
            link_break(link, "no answer in time");
        }
        if (link->state == LINK_DOWN && now >= link->since && (i == 0 || lane->wide)) {
            atomic_fetch_add(&lane->figures.reconnects, 1);
            link_connect(link, now);
        }
    }
    if (lane->head)
        lane_expire(lane, now);
    lane_freshen(lane, now);
    lane_pump(lane);
    lane_count(lane);
}

struct lane_figures lane_figures(const struct lane *lane)
{
    return (struct lane_figures){
        .links_up = atomic_load(&lane->figures.links_up),
        .in_flight = atomic_load(&lane->figures.in_flight),
        .queued = atomic_load(&lane->figures.queued),
        .retries = atomic_load(&lane->figures.retries),
        .timeouts = atomic_load(&lane->figures.timeouts),
        .refused = atomic_load(&lane->figures.refused),
        .statements = atomic_load(&lane->figures.statements),
        .reconnects = atomic_load(&lane->figures.reconnects),
        .fresh = atomic_load(&lane->figures.fresh),
        .answered = atomic_load(&lane->figures.answered),
        .handed_over = atomic_load(&lane->figures.handed_over),
        .behind = atomic_load(&lane->figures.behind),
    };
}

void lane_times(const struct lane *lane, struct histogram_sum *waited, struct histogram_sum *ran)
{
    histogram_gather(waited, &lane->figures.waited);
    histogram_gather(ran, &lane->figures.ran);
}
