/* SPDX-License-Identifier: EUPL-1.2
 * One connection in libpq's pipeline mode: prepares on first use, keeps segments in order, reconnects. */
#include "link.h"

#include "database.h"
#include "log.h"
#include "replica.h"
#include "topic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "banned.h"

#define LINK_BACKOFF_MAX 1000  /* ms */
#define PRIMARY_PATIENCE 10000 /* ms until a link to a replica that has led to the primary looks whether there is another server now */

static void link_ready(struct watch *watch, uint32_t events);

bool link_init(struct link *link, struct lane *lane)
{
    const struct lane_options *options = lane_options(lane);
    *link = (struct link){.watch = {.ready = link_ready}, .lane = lane, .fd = -1, .capacity = 2 * ((size_t)options->depth + 1)};
    link->prepared = calloc(options->statements ? options->statements : 1, sizeof *link->prepared);
    link->flights = calloc(link->capacity, sizeof *link->flights);
    return link->prepared && link->flights;
}

static void link_close(struct link *link)
{
    if (link->fd >= 0)
        epoll_ctl(lane_epoll(link->lane), EPOLL_CTL_DEL, link->fd, NULL);
    link->fd = -1;
    PQfinish(link->conn);
    link->conn = NULL;
    link->state = LINK_DOWN;
    link->leave = NULL;
    link->sure = 0;
    link->behind = -1;
}

void link_release(struct link *link)
{
    if (!link->lane)
        return; /* never initialised */
    link_close(link);
    while (link->flying) {
        PQclear(link->flights[link->first].error);
        link->first = (link->first + 1) % link->capacity;
        link->flying--;
    }
    free(link->prepared);
    free(link->flights);
}

void link_break(struct link *link, const char *why)
{
    if (why)
        log_warning("database_link_lost", log_text("why", why), log_integer("segments", link->segments));
    link_close(link);
    link->since = clock_ms() + link->backoff;
    link->backoff = link->backoff ? (link->backoff * 2 > LINK_BACKOFF_MAX ? LINK_BACKOFF_MAX : link->backoff * 2) : 50;
    /* Handing a segment back may start new work on this lane, but not on this link: it is down. */
    while (link->flying) {
        struct flight flight = link->flights[link->first];
        link->first = (link->first + 1) % link->capacity;
        link->flying--;
        PQclear(flight.error);
        if (!flight.prepares) {
            link->segments--;
            lane_segment_lost(link->lane, flight.segment);
        }
    }
}

/* While connecting libpq may close its socket, which then leaves epoll by itself, and open another that often gets the same number:
 * until the link is ready epoll is always asked. */
static bool link_watch(struct link *link, uint32_t events)
{
    const int fd = PQsocket(link->conn);
    if (link->state == LINK_READY && fd == link->fd && events == link->events)
        return true;
    struct epoll_event event = {.events = events, .data = {.ptr = &link->watch}};
    const int epoll_fd = lane_epoll(link->lane);
    const bool watched = epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
    link->fd = fd;
    link->events = events;
    return watched;
}

/* Sends what libpq holds; asks for EPOLLOUT only while something is left. */
static bool link_flush(struct link *link)
{
    const int left = PQflush(link->conn);
    return left >= 0 && link_watch(link, left ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* On links with welcome.tells a transaction says itself what it changes, so that whoever is told that it is done reads nothing older. */
static void link_notice(void *context, const PGresult *notice)
{
    struct link *link = context;
    const struct lane_options *lane = lane_options(link->lane);
    const char *state = PQresultErrorField(notice, PG_DIAG_SQLSTATE), *message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
    if (lane->topics && state && message && strcmp(state, "WR002") == 0)
        link->told |= topics_named(lane->topics, message);
    else
        log_debug("database_notice", log_text("message", message));
}

void link_connect(struct link *link, int64_t now)
{
    static const char *const plans[LANE_COUNT] = {"force_generic_plan", "force_generic_plan", "force_custom_plan"};
    const struct lane_options *lane = lane_options(link->lane);
    char options[512];
    if (link->state != LINK_DOWN || now < link->since)
        return;
    snprintf(options, sizeof options,
             "-c search_path=welcome -c timezone=UTC -c datestyle=ISO -c intervalstyle=iso_8601 -c jit=off -c plan_cache_mode=%s "
             "-c statement_timeout=%d -c lock_timeout=%d -c default_transaction_read_only=%s%s",
             plans[lane->kind], lane->statement_ms, lane->statement_ms, lane->kind == LANE_READ || lane->replica ? "on" : "off",
             lane->settings);
    struct database_turn turn;
    database_turn(lane->database_url, link->turn, &turn);
    /* What stands before dbname is a default, what stands behind it overrides the address. Nothing but a primary will do for all that is not
     * a replica; "read-write" would not do for sessions that are read-only by intention. A peer that is gone is noticed soon. */
    const char *const keys[] = {"tcp_user_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count", "dbname", "options",
                                "application_name", "client_encoding", "target_session_attrs", "host", "hostaddr", "port", NULL};
    const char *const values[] = {"5000", "5", "2", "3", lane->database_url, options, "welcomed", "UTF8",
                                  lane->replica ? NULL : "primary", turn.host, turn.hostaddr, turn.port, NULL};
    link->conn = PQconnectStartParams(keys, values, 1);
    PQsetNoticeReceiver(link->conn, link_notice, link);
    link->told = 0;
    link->since = now;
    link->state = LINK_CONNECTING;
    if (!link->conn || PQstatus(link->conn) == CONNECTION_BAD || !link_watch(link, EPOLLOUT))
        link_break(link, "cannot connect");
}

static void link_connected(struct link *link)
{
    if (PQsetnonblocking(link->conn, 1) != 0 || PQenterPipelineMode(link->conn) != 1 || !link_watch(link, EPOLLIN)) {
        link_break(link, "cannot enter pipeline mode");
        return;
    }
    memset(link->prepared, 0, lane_options(link->lane)->statements * sizeof *link->prepared);
    link->state = LINK_READY;
    link->backoff = 0;
    lane_link_ready(link->lane);
}

static void link_poll_connect(struct link *link)
{
    switch (PQconnectPoll(link->conn)) {
    case PGRES_POLLING_OK:
        link_connected(link);
        break;
    case PGRES_POLLING_READING:
        if (!link_watch(link, EPOLLIN))
            link_break(link, "cannot watch");
        break;
    case PGRES_POLLING_WRITING:
        if (!link_watch(link, EPOLLOUT))
            link_break(link, "cannot watch");
        break;
    default:
        link_break(link, "connection refused");
    }
}

/* The name a statement has on this link: a new one after it was made invalid, since the old one may or may not exist. */
static const char *prepared_name(const struct link *link, const struct prepared *statement, char name[128])
{
    if (link->generation == 0)
        return statement->name;
    snprintf(name, 128, "%s~%u", statement->name, link->generation);
    return name;
}

static void flight_push(struct link *link, struct flight flight)
{
    link->flights[(link->first + link->flying) % link->capacity] = flight;
    link->flying++;
}

/* Preparing goes in a segment of its own, so that an error behind it cannot undo it. */
static bool link_prepare(struct link *link, struct segment *segment, int64_t sent)
{
    uint32_t prepares = 0;
    for (size_t i = 0; i < segment->count; i++) {
        const struct prepared *statement = segment->steps[i].statement;
        char name[128];
        if (link->prepared[statement->index])
            continue;
        if (!PQsendPrepare(link->conn, prepared_name(link, statement, name), statement->sql, statement->count, statement->types))
            return false;
        link->prepared[statement->index] = true;
        prepares |= UINT32_C(1) << i;
    }
    if (!prepares)
        return true;
    flight_push(link, (struct flight){.segment = segment, .prepares = prepares, .sent = sent});
    return PQpipelineSync(link->conn) == 1;
}

static bool link_run(struct link *link, const struct segment *segment)
{
    for (size_t i = 0; i < segment->count; i++) {
        const struct step *step = &segment->steps[i];
        char name[128];
        if (!PQsendQueryPrepared(link->conn, prepared_name(link, step->statement, name), step->statement->count, step->values, NULL,
                                 NULL, 0))
            return false;
    }
    return PQpipelineSync(link->conn) == 1 && link_flush(link);
}

void link_send(struct link *link, struct segment *segment)
{
    const int64_t sent = clock_us();
    segment->attempts++;
    link->segments++;
    const bool prepared = link_prepare(link, segment, sent);
    flight_push(link, (struct flight){.segment = segment, .sent = sent});
    if (!prepared || !link_run(link, segment))
        link_break(link, "cannot send");
}

static void link_answered(struct segment *segment)
{
    struct link *link = (struct link *)((char *)segment - offsetof(struct link, question));
    link->asking = false;
    const bool sure = replica_sure(lane_options(link->lane)->replica, segment, link->asked, &link->behind);
    link->sure = sure ? link->asked + REPLICA_SURE : 0;
    if (link->state == LINK_READY && link->asked - link->since > PRIMARY_PATIENCE && replica_is_primary(segment) &&
        strchr(lane_options(link->lane)->database_url, ','))
        link->leave = ""; /* meant, and not worth a word */
    segment_release(segment);
}

void link_ask(struct link *link, int64_t now)
{
    const struct lane_options *lane = lane_options(link->lane);
    if (link->asking || now - link->asked < REPLICA_ASK)
        return;
    link->asking = true;
    link->asked = now;
    replica_question(lane->replica, &link->question, link_answered);
    link->question.fixed = true;
    link_send(link, &link->question);
}

/* After an error that leaves it doubtful which statements the server has under which plan: names carry the generation, so all are
 * prepared anew. */
static void link_forget(struct link *link)
{
    link->generation++;
    memset(link->prepared, 0, lane_options(link->lane)->statements * sizeof *link->prepared);
}

/* Missing, or "cached plan must not change result type", which shares its state with everything PostgreSQL does not support. */
bool plan_void(const PGresult *error)
{
    const char *state = PQresultErrorField(error, PG_DIAG_SQLSTATE), *source = PQresultErrorField(error, PG_DIAG_SOURCE_FUNCTION);
    return state && (strcmp(state, "26000") == 0 ||
                     (strcmp(state, "0A000") == 0 && source && strcmp(source, "RevalidateCachedQuery") == 0));
}

/* What only a server says that has become a standby; behind a pooler the connection may outlive that. */
bool refused_to_write(const struct lane *lane, const PGresult *error)
{
    const struct lane_options *options = lane_options(lane);
    const char *state = PQresultErrorField(error, PG_DIAG_SQLSTATE);
    return options->kind != LANE_READ && !options->replica && state && strcmp(state, "25006") == 0;
}

/* The Sync of the oldest flight came. */
static void link_landed(struct link *link)
{
    struct flight flight = link->flights[link->first];
    const int64_t now = clock_us();
    link->first = (link->first + 1) % link->capacity;
    link->flying--;
    flight.segment->ran += now - flight.sent;
    if (link->flying)
        link->flights[link->first].sent = now; /* the server turns to it only now */
    if (flight.error && (flight.prepares || plan_void(flight.error)))
        link_forget(link);
    if (flight.prepares) { /* what ails it ails the segment behind: not that some prepared statement is missing */
        link->flights[link->first].error = flight.error;
        return;
    }
    link->segments--;
    if (link->told)
        topics_void(lane_options(link->lane)->topics, link->told);
    link->told = 0;
    flight.segment->lagging = lane_options(link->lane)->replica != NULL;
    if (flight.error && refused_to_write(link->lane, flight.error))
        link->leave = "the server has become a standby";
    if (link->flying == 0 && link->leave)
        link_break(link, *link->leave ? link->leave : NULL);
    else if (link->flying == 0 && PQtransactionStatus(link->conn) != PQTRANS_IDLE)
        link_break(link, "a transaction was left open");
    lane_segment_back(link->lane, flight.segment, flight.error);
}

/* How many results come before a flight's Sync. */
static size_t flight_statements(const struct flight *flight)
{
    return flight->prepares ? (size_t)__builtin_popcount(flight->prepares) : flight->segment->count;
}

/* Whether the flight can be what this result is for. Without memory libpq loses a Sync and goes on, and every answer would go to the
 * request behind the one it was for: then errors are its own, of no state, or results have the command tags only run statements have. */
static bool flight_expects(const struct flight *flight, PGresult *result)
{
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC)
        return flight->results == flight_statements(flight);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return flight->results < flight_statements(flight) && (*PQcmdStatus(result) == '\0') == (flight->prepares != 0);
    return status == PGRES_PIPELINE_ABORTED || PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

static void link_take(struct link *link, PGresult *result)
{
    struct flight *flight = &link->flights[link->first];
    const ExecStatusType status = PQresultStatus(result);
    if (!flight_expects(flight, result)) {
        PQclear(result);
        link_break(link, "results out of step");
        return;
    }
    if (status == PGRES_PIPELINE_SYNC) {
        PQclear(result);
        link_landed(link);
        return;
    }
    const size_t at = flight->results++;
    if (status == PGRES_FATAL_ERROR && !flight->error)
        flight->error = result;
    else if (status == PGRES_TUPLES_OK && !flight->prepares && flight->segment->steps[at].keep)
        flight->segment->results[at] = result;
    else
        PQclear(result);
}

/* PQgetResult gives NULL between statements; two in a row mean libpq expects nothing although we do. */
static void link_read(struct link *link)
{
    unsigned nothing = 0;
    if (!PQconsumeInput(link->conn)) {
        link_break(link, "connection closed");
        return;
    }
    while (link->state == LINK_READY && link->flying && !PQisBusy(link->conn)) {
        PGresult *result = PQgetResult(link->conn);
        nothing = result ? 0 : nothing + 1;
        if (nothing > 1) {
            link_break(link, "results out of step");
            return;
        }
        if (result)
            link_take(link, result);
    }
    if (link->state == LINK_READY && PQstatus(link->conn) == CONNECTION_BAD) {
        link_break(link, "connection closed");
        return;
    }
    if (link->state == LINK_READY)
        lane_link_ready(link->lane);
}

static void link_ready(struct watch *watch, uint32_t events)
{
    struct link *link = (struct link *)watch;
    if (link->state == LINK_CONNECTING) {
        link_poll_connect(link);
        return;
    }
    if (link->state != LINK_READY)
        return;
    if (events & EPOLLOUT && !link_flush(link)) {
        link_break(link, "cannot send");
        return;
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        link_read(link);
}
