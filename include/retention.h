/* SPDX-License-Identifier: EUPL-1.2
 * How long each kind of data is kept: from the configuration into the database, whose functions enforce it. */
#ifndef WELCOME_RETENTION_H
#define WELCOME_RETENTION_H

#include "config.h"

#include <libpq-fe.h>
#include <stdbool.h>

/* Writes the configured periods where they differ; false when the database refuses (its connection tells why) or memory is short. */
bool retention_set(PGconn *db, const struct config *config);

#endif
