/* SPDX-License-Identifier: EUPL-1.2
 * The configured periods, in the words of the database. */
#include "retention.h"

#include "database.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "banned.h"

#define PERIOD(name, unit_name) {#name, #unit_name, offsetof(struct config, retention_##name##_##unit_name)}

static const struct period {
    const char *kind; /* as in the table `retention` */
    const char *unit;
    size_t offset;
} PERIODS[] = {
    PERIOD(unconfirmed, days),
    PERIOD(guide_requests, months),
    PERIOD(matches, months),
    PERIOD(guides, months),
    PERIOD(service_requests, months),
    PERIOD(mails, days),
    PERIOD(accounts, months),
    PERIOD(audit, months),
    PERIOD(feedback, months),
    PERIOD(reports, months),
    PERIOD(rounds, months),
    PERIOD(slots, months),
    PERIOD(demand, days),
    PERIOD(bars, months),
};

static char *periods_text(const struct config *config)
{
    json_t *periods = json_object();
    bool whole = periods != NULL;
    for (size_t i = 0; i < sizeof PERIODS / sizeof *PERIODS && whole; i++) {
        const int *length = (const int *)(const void *)((const char *)config + PERIODS[i].offset);
        whole = json_object_set_new(periods, PERIODS[i].kind, json_sprintf("%d %s", *length, PERIODS[i].unit)) == 0;
    }
    char *text = whole ? json_dumps(periods, JSON_COMPACT) : NULL;
    json_decref(periods);
    return text;
}

bool retention_set(PGconn *db, const struct config *config)
{
    char *periods = periods_text(config);
    const char *values[] = {periods};
    PGresult *result = periods ? database_query(db, "SELECT set_retention($1::jsonb)", 1, values) : NULL;
    const bool done = result != NULL;
    PQclear(result);
    free(periods);
    return done;
}
