/* SPDX-License-Identifier: EUPL-1.2
 * Of `welcomed doctor`: the read replica: whether it is a standby of this database, and whether it keeps up. */
#include "doctor.h"

#include "database.h"
#include "replica.h"
#include "watch.h"

#include <string.h>
#include <unistd.h>

#include "banned.h"

#define SUBJECT "WELCOME_DATABASE_READ_URL"
#define INSTEAD "until then the primary answers what it should."

enum { LOOK_AGAIN = 50 }; /* ms */

static PGconn *replica_reach(struct doctor *doctor)
{
    char error[400];
    char *fault = replica_address_fault(doctor->config->database_read_url);
    PGconn *db = fault ? NULL : database_connect_replica(doctor->config);
    if (db && PQstatus(db) == CONNECTION_OK)
        return db;
    if (fault)
        doctor_fail(doctor, SUBJECT, "correct or unset it: with it the daemon does not start.", "it is no connection string or URI: %s.", fault);
    else {
        database_error(db, error, sizeof error);
        doctor_warn(doctor, SUBJECT, "is the standby up, does its pg_hba.conf let this user in? " INSTEAD,
                    "the read replica cannot be reached: %s.", error);
    }
    PQfreemem(fault);
    PQfinish(db);
    return NULL;
}

/* Whether the daemon would take it; what it says otherwise at its start. */
static bool replica_fits(struct doctor *doctor, PGconn *db, const struct replica_place *here, const struct replica_place *there)
{
    const char *fault = strcmp(here->database, there->database) != 0        ? "it leads to another database than WELCOME_DATABASE_URL"
                        : strcmp(PQuser(doctor->daemon), PQuser(db)) != 0 ? "it names another user than WELCOME_DATABASE_URL"
                                                                            : NULL;
    if (fault)
        doctor_fail(doctor, SUBJECT, "name a standby of that database, and the same database and user: the daemon does not start else.",
                    "%s: the database %s, as %s.", fault, PQdb(db), PQuser(db));
    return !fault;
}

static bool replay_paused(PGconn *db)
{
    PGresult *result = database_query(db, "SELECT pg_get_wal_replay_pause_state() <> 'not paused'", 0, NULL);
    const bool paused = result && PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return paused;
}

/* What the primary had written just now has to be replayed within the time that the standby may be behind. */
static void replica_lag(struct doctor *doctor, PGconn *db, int64_t written)
{
    const int64_t began = clock_ms(), patience = doctor->config->database_read_lag * 1000;
    struct replica_place place;
    bool read;
    while ((read = replica_place_read(db, &place)) && place.position < written && clock_ms() - began < patience)
        usleep(LOOK_AGAIN * 1000);
    if (!read)
        doctor_warn(doctor, SUBJECT, INSTEAD, "the read replica was lost while it was looked at.");
    else if (place.position >= written)
        doctor_well(doctor, SUBJECT, "the database %s, as %s, of a standby that has replayed all after %.1f s.", PQdb(db), PQuser(db),
                    (double)(clock_ms() - began) / 1000);
    else if (replay_paused(db))
        doctor_warn(doctor, SUBJECT, "SELECT pg_wal_replay_resume() on the standby, as a superuser; " INSTEAD,
                    "the standby's replay is paused; it lacks the primary's last %lld bytes.", (long long)(written - place.position));
    else
        doctor_warn(doctor, SUBJECT, "does pg_stat_replication of the primary know it? Is recovery_min_apply_delay set? " INSTEAD,
                    "the standby is behind: after %d s it lacks %lld bytes of what the primary had written.", doctor->config->database_read_lag,
                    (long long)(written - place.position));
}

void doctor_replica(struct doctor *doctor)
{
    struct replica_place here, there;
    PGconn *db = doctor->config->database_read_url ? replica_reach(doctor) : NULL;
    if (!db)
        return;
    doctor_wire(doctor, db);
    if (!doctor->daemon)
        doctor_warn(doctor, SUBJECT, NULL, "whether it is a replica of the daemon's database cannot be seen without that.");
    else if (!replica_place_read(doctor->daemon, &here) || !replica_place_read(db, &there))
        doctor_warn(doctor, SUBJECT, NULL, "primary or replica do not say which database they have.");
    else if (replica_fits(doctor, db, &here, &there)) {
        if (there.standby)
            replica_lag(doctor, db, here.position);
        else
            doctor_warn(doctor, SUBJECT, "name a standby; with target_session_attrs=prefer-standby: is there any?",
                        "it leads to a primary: nothing is taken off it.");
    }
    PQfinish(db);
}
