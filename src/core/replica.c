/* SPDX-License-Identifier: EUPL-1.2
 * How fresh a read replica is, and whether it is a replica of this database at all. */
#include "replica.h"

#include "database.h"
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

const char REPLICA_POSITION[] =
    "SELECT concat_ws('/', s.system_identifier, d.oid),"
    "       (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END - '0/0')::bigint,"
    "       pg_is_in_recovery()"
    "  FROM pg_control_system() s, pg_database d"
    " WHERE d.datname = current_database()";

static bool is_position(const PGresult *answer)
{
    return answer && PQntuples(answer) == 1 && PQnfields(answer) == 3 && !PQgetisnull(answer, 0, 0) && !PQgetisnull(answer, 0, 1);
}

/* The answer to REPLICA_POSITION; NULL when there is none. */
static const PGresult *answer_of(const struct segment *segment)
{
    const PGresult *answer = segment->outcome == OUTCOME_ANSWERED ? segment->results[0] : NULL;
    return is_position(answer) ? answer : NULL;
}

static int64_t position_of(const PGresult *answer)
{
    return strtoll(PQgetvalue(answer, 0, 1), NULL, 10);
}

static void mark_add(struct replica *replica, int64_t at, int64_t position)
{
    const size_t place = (replica->first + replica->count) % REPLICA_MARKS;
    replica->marks[place].at = at;
    replica->marks[place].position = position;
    if (replica->count < REPLICA_MARKS)
        replica->count++;
    else
        replica->first = (replica->first + 1) % REPLICA_MARKS;
}

static void primary_answered(struct segment *segment)
{
    struct replica *replica = (struct replica *)((char *)segment - offsetof(struct replica, question));
    const PGresult *answer = answer_of(segment);
    replica->asking = false;
    if (answer) {
        snprintf(replica->database, sizeof replica->database, "%s", PQgetvalue(answer, 0, 0));
        mark_add(replica, replica->asked, position_of(answer));
    }
    segment_release(segment);
}

void replica_tick(struct replica *replica, int64_t now)
{
    if (replica->asking || now - replica->asked < REPLICA_ASK)
        return;
    replica->asking = true;
    replica->asked = now;
    replica_question(replica, &replica->question, primary_answered);
    lane_submit(replica->primary, &replica->question, now);
}

void replica_question(const struct replica *replica, struct segment *segment, void (*done)(struct segment *))
{
    *segment = (struct segment){.steps = {{.statement = replica->position, .keep = true}}, .count = 1, .done = done};
}

/* The place among the marks of the newest from before then, else of the oldest: shortly after the start all has to be there. */
static size_t mark_before(const struct replica *replica, int64_t then)
{
    size_t found = 0;
    for (size_t i = 0; i < replica->count && replica->marks[(replica->first + i) % REPLICA_MARKS].at <= then; i++)
        found = i;
    return (replica->first + found) % REPLICA_MARKS;
}

bool replica_sure(const struct replica *replica, const struct segment *segment, int64_t asked, int64_t *behind)
{
    const PGresult *answer = answer_of(segment);
    *behind = -1;
    if (!answer || replica->count == 0 || strcmp(PQgetvalue(answer, 0, 0), replica->database) != 0)
        return false;
    const int64_t position = position_of(answer);
    for (size_t i = 0; i < replica->count; i++) {
        const size_t place = (replica->first + i) % REPLICA_MARKS;
        if (replica->marks[place].position <= position)
            *behind = asked > replica->marks[place].at ? asked - replica->marks[place].at : 0;
    }
    return position >= replica->marks[mark_before(replica, asked - (replica->lag - REPLICA_SURE))].position;
}

bool replica_is_primary(const struct segment *segment)
{
    const PGresult *answer = answer_of(segment);
    return answer && PQgetvalue(answer, 0, 2)[0] == 'f';
}

bool replica_place_read(PGconn *db, struct replica_place *place)
{
    PGresult *answer = database_query(db, REPLICA_POSITION, 0, NULL);
    const bool read = is_position(answer);
    if (read) {
        *place = (struct replica_place){.position = position_of(answer), .standby = PQgetvalue(answer, 0, 2)[0] == 't'};
        snprintf(place->database, sizeof place->database, "%s", PQgetvalue(answer, 0, 0));
    }
    PQclear(answer);
    return read;
}

char *replica_address_fault(const char *url)
{
    char *fault = NULL;
    PQconninfoFree(PQconninfoParse(url, &fault));
    return fault;
}

static bool named_badly(const char *why, const char *detail)
{
    fprintf(stderr, "welcomed: WELCOME_DATABASE_READ_URL %s%s\n", why, detail);
    return false;
}

/* Whether both name the same database and user. */
static bool same_database(PGconn *db, PGconn *other)
{
    struct replica_place here, there;
    const bool known = replica_place_read(db, &here);
    if (!known || !replica_place_read(other, &there)) {
        char error[256];
        database_error(known ? other : db, error, sizeof error);
        return named_badly("does not lead to a server that says which it is: ", error);
    }
    if (strcmp(here.database, there.database) != 0)
        return named_badly("leads to another database than WELCOME_DATABASE_URL: ",
                           "it must be that of a standby which replays the primary's log, and name the same database");
    if (strcmp(PQuser(db), PQuser(other)) != 0)
        return named_badly("names another user than WELCOME_DATABASE_URL: ", PQuser(other));
    if (!there.standby)
        log_info("replica_is_primary");
    return true;
}

bool replica_named_well(const struct config *config, PGconn *db)
{
    if (!config->database_read_url)
        return true;
    char *fault = replica_address_fault(config->database_read_url);
    if (fault) {
        named_badly("is no connection string or URI: ", fault);
        PQfreemem(fault);
        return false;
    }
    PGconn *other = database_connect_replica(config);
    bool well = true;
    if (PQstatus(other) == CONNECTION_OK)
        well = same_database(db, other);
    else {
        char error[256];
        database_error(other, error, sizeof error);
        log_warning("replica_unreachable", log_text("error", error));
    }
    PQfinish(other);
    return well;
}
