/* SPDX-License-Identifier: EUPL-1.2
 * Of `welcomed doctor`: what the database tells of the service: people, texts, jobs, what waits. */
#include "doctor.h"

#include "jobs.h"
#include "secret_key.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>

#include "banned.h"

static const double JOB_LATE_LEAST = 600, MAIL_LATE = 900, SEAL_LATE = 600; /* seconds */

static const char *told_ago(double seconds, char text[48])
{
    if (seconds < 120)
        snprintf(text, 48, "%.0f seconds", seconds);
    else if (seconds < 7200)
        snprintf(text, 48, "%.0f minutes", seconds / 60);
    else if (seconds < 172800)
        snprintf(text, 48, "%.0f hours", seconds / 3600);
    else
        snprintf(text, 48, "%.0f days", seconds / 86400);
    return text;
}

/* The value of the row whose first columns are these; label NULL: there is one column of names only. -1: there is no such row. */
static double value_of(const PGresult *rows, const char *name, const char *label)
{
    for (int i = 0; i < PQntuples(rows); i++)
        if (strcmp(PQgetvalue(rows, i, 0), name) == 0 && (!label || strcmp(PQgetvalue(rows, i, 1), label) == 0))
            return strtod(PQgetvalue(rows, i, label ? 2 : 1), NULL);
    return -1;
}

static void keys_look(struct doctor *doctor, const PGresult *facts)
{
    const bool key = secret_key_configured(doctor->config);
    if (!key && value_of(facts, "second_factors", NULL) > 0)
        doctor_fail(doctor, "second factor", "set the key they were made with, or reset them.",
                    "%.0f people have one, which cannot be read without WELCOME_SECRET_KEY.", value_of(facts, "second_factors", NULL));
    else if (!key && value_of(facts, "staff", NULL) > 0)
        doctor_warn(doctor, "second factor", "set WELCOME_SECRET_KEY and have staff set one up.",
                    "%.0f people of staff sign in by a mailed link alone.", value_of(facts, "staff", NULL));
}

static void facts_look(struct doctor *doctor, const PGresult *facts)
{
    const double drafts = value_of(facts, "legal_drafts", NULL);
    if (value_of(facts, "cities", NULL) < 1)
        doctor_fail(doctor, "content", "run `welcomed import`.", "there is no city: nothing was imported yet.");
    if (value_of(facts, "admins", NULL) < 1)
        doctor_warn(doctor, "admins", "welcomed account create --role admin --email you@example.org", "nobody is one: nobody can give roles.");
    else
        doctor_well(doctor, "admins", "%.0f of %.0f people of staff.", value_of(facts, "admins", NULL), value_of(facts, "staff", NULL));
    if (value_of(facts, "legal_texts", NULL) < 1)
        doctor_warn(doctor, "legal texts", "run `welcomed import`: they are in `legal` of the content.", "there are none.");
    else if (drafts > 0)
        doctor_warn(doctor, "legal texts", "fill them in, in a copy of the content, and run `welcomed import`.", "%.0f of %.0f are drafts still.",
                    drafts, value_of(facts, "legal_texts", NULL));
    else
        doctor_well(doctor, "legal texts", "%.0f, none of them a draft.", value_of(facts, "legal_texts", NULL));
    if (value_of(facts, "kept_in_directory", NULL) > 0 && !doctor->config->attachments)
        doctor_fail(doctor, "attachments", "set WELCOME_ATTACHMENTS to the folder they are in.", "%.0f of them are in a folder, and none is configured.",
                    value_of(facts, "kept_in_directory", NULL));
    keys_look(doctor, facts);
}

static void job_look(struct doctor *doctor, const struct job *job, const PGresult *notes, int *well)
{
    const int pause = job->pause(doctor->config);
    const double late = 10 * pause > JOB_LATE_LEAST ? 10 * pause : JOB_LATE_LEAST;
    const double ago = value_of(notes, job->name, NULL);
    char text[48];
    if (ago < 0)
        doctor_warn(doctor, "job", "start the daemon; if it runs, look for job_failed in its log.", "%s was never done.", job->name);
    else if (ago > late)
        doctor_fail(doctor, "job", "is the daemon running? Look for job_failed in its log.", "%s was not done for %s.", job->name,
                    told_ago(ago, text));
    else
        ++*well;
}

static void jobs_look(struct doctor *doctor)
{
    int well = 0;
    PGresult *notes = database_query(doctor->worker, "SELECT job, seconds_ago, version FROM job_notes() ORDER BY done_at DESC", 0, NULL);
    for (size_t i = 0; notes && i < JOB_COUNT; i++)
        job_look(doctor, JOBS[i], notes, &well);
    if (well > 0)
        doctor_well(doctor, "jobs", "%d of %zu were done lately.", well, JOB_COUNT);
    for (int i = 0; notes && i < PQntuples(notes); i++)
        if (strtod(PQgetvalue(notes, i, 1), NULL) < JOB_LATE_LEAST && strcmp(PQgetvalue(notes, i, 2), PROGRAM_VERSION) != 0) {
            doctor_warn(doctor, "jobs", "restart all daemons after an upgrade.", "a daemon of version %s works, this program is %s.",
                        PQgetvalue(notes, i, 2), PROGRAM_VERSION);
            break;
        }
    PQclear(notes);
}

static void waiting_look(struct doctor *doctor, const PGresult *figures)
{
    const double dead = value_of(figures, "outbox_mails", "dead"), oldest = value_of(figures, "outbox_oldest_seconds", "");
    const double unsealed = value_of(figures, "audit_unsealed_seconds", ""), late = value_of(figures, "service_clocks", "late");
    char text[48];
    if (oldest > MAIL_LATE)
        doctor_fail(doctor, "outbox", "look for job_failed and mail_failed in the log, and below at the mail server.",
                    "%.0f mails wait, the oldest for %s.",
                    value_of(figures, "outbox_mails", "waiting"), told_ago(oldest, text));
    else
        doctor_well(doctor, "outbox", "%.0f mails wait.", value_of(figures, "outbox_mails", "waiting"));
    if (dead > 0)
        doctor_warn(doctor, "outbox", "their column last_error says why.", "%.0f mails were given up.", dead);
    if (unsealed > SEAL_LATE)
        doctor_fail(doctor, "audit", "is the daemon running? Look for job_failed in its log.", "records wait for their seal for %s.",
                    told_ago(unsealed, text));
    if (late > 0)
        doctor_warn(doctor, "service requests", "their offices have to answer; coordinators were told.", "%.0f are late, the latest for %s.",
                    late, told_ago(value_of(figures, "service_latest_seconds", ""), text));
    if (value_of(figures, "guide_requests_oldest_seconds", "") > 30 * 86400.0)
        doctor_warn(doctor, "guide requests", "look at GET /v1/matching/scarcity for where guides are missing.",
                    "%.0f wait, the oldest for %s.",
                    value_of(figures, "guide_requests_waiting", ""), told_ago(value_of(figures, "guide_requests_oldest_seconds", ""), text));
}

void doctor_service(struct doctor *doctor)
{
    doctor_about(doctor, "Service");
    if (!doctor->worker) {
        doctor_warn(doctor, "skipped", NULL, "people, jobs and what waits cannot be looked at without the jobs' connection.");
        return;
    }
    PGresult *facts = database_query(doctor->worker, "SELECT fact, value FROM set_up()", 0, NULL);
    PGresult *figures = facts ? database_query(doctor->worker, "SELECT figure, label, value FROM figures()", 0, NULL) : NULL;
    if (!figures)
        doctor_warn(doctor, "skipped", "see what is said of the schema.", "people, jobs and what waits cannot be looked at in this schema.");
    else {
        facts_look(doctor, facts);
        jobs_look(doctor);
        waiting_look(doctor, figures);
    }
    PQclear(facts);
    PQclear(figures);
}
