/* SPDX-License-Identifier: EUPL-1.2
 * What the parts of `welcomed doctor` share: the report they write into. */
#ifndef WELCOME_DOCTOR_H
#define WELCOME_DOCTOR_H

#include "config.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>

struct doctor {
    const struct config *config;
    bool quiet;          /* what is well is not told */
    const char *heading; /* of the findings to come */
    bool headed, begun;  /* it was printed; anything was */
    unsigned failures, warnings;
    PGconn *daemon, *worker; /* NULL: not reached */
};

/* The findings from here on stand under this heading. */
void doctor_about(struct doctor *doctor, const char *heading);

/* One finding: what it is about, and a sentence. hint: what to do, a sentence. */
__attribute__((format(printf, 3, 4))) void doctor_well(struct doctor *doctor, const char *subject, const char *format, ...);
__attribute__((format(printf, 4, 5))) void doctor_warn(struct doctor *doctor, const char *subject, const char *hint, const char *format, ...);
__attribute__((format(printf, 4, 5))) void doctor_fail(struct doctor *doctor, const char *subject, const char *hint, const char *format, ...);

/* src/operation/doctor_database.c: whether others can read what goes over that connection. */
void doctor_wire(struct doctor *doctor, PGconn *db);

void doctor_configuration(struct doctor *doctor); /* src/operation/doctor_configuration.c: addresses, secrets, mails */
void doctor_files(struct doctor *doctor);         /* src/operation/doctor_files.c: folders, disks, permissions */
void doctor_database(struct doctor *doctor);      /* src/operation/doctor_database.c: roles, server, schema; connects */
void doctor_replica(struct doctor *doctor);       /* src/operation/doctor_replica.c: the read replica; connects */
void doctor_service(struct doctor *doctor);       /* src/operation/doctor_service.c: what waits, jobs, people */
void doctor_daemon(struct doctor *doctor);        /* src/operation/doctor_daemon.c: the running daemon, the mail server */

#endif
