/* SPDX-License-Identifier: EUPL-1.2
 * `welcomed check`: proves that contract, operation files and the migrated database agree. */
#include "command.h"
#include "database.h"
#include "service.h"

#include <stdio.h>

#include "banned.h"

int command_check(const struct config *config, int argc, char **argv)
{
    struct service service = {0};
    struct buffer report;
    (void)argv;
    if (argc > 1) {
        fputs("usage: welcomed check\n", stderr);
        return COMMAND_USAGE;
    }
    PGconn *db = database_connect_daemon(config);
    if (PQstatus(db) != CONNECTION_OK) {
        fprintf(stderr, "welcomed: the database cannot be reached: %s", PQerrorMessage(db));
        PQfinish(db);
        return COMMAND_FAILED;
    }
    buffer_init(&report);
    const bool agreed = service_load(&service, config, db, &report);
    if (agreed)
        printf("%zu operations and %zu statements agree with the contract and the database\n", service.contract.count,
               service.endpoints.statements);
    else
        fputs(buffer_text(&report) ? buffer_text(&report) : "out of memory\n", stderr);
    buffer_release(&report);
    service_release(&service);
    PQfinish(db);
    return agreed ? COMMAND_OK : COMMAND_FAILED;
}
