/* SPDX-License-Identifier: EUPL-1.2
 * What all loops share, put together and proved at start. */
#include "service.h"

#include "embed.h"
#include "limit.h"
#include "log.h"
#include "operation_code.h"
#include "text.h"
#include "vocabulary.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "banned.h"

#define LIMIT_ROWS 16384 /* a megabyte: 131,072 clients */

static bool contract_compile(struct service *service, const struct embedded *files, size_t count, struct buffer *report)
{
    const struct embedded *file = NULL;
    for (size_t i = 0; i < count; i++)
        if (strcmp(files[i].path, "openapi.yaml") == 0)
            file = &files[i];
    struct tree_error error = {.message = "there is no such file"};
    if (!file || !contract_load(&service->contract, file->bytes, file->length, &error)) {
        buffer_printf(report, "openapi.yaml:%u: %s\n", error.line, error.message);
        return false;
    }
    const char *version = node_text(node_get(service->contract.document, "info"), "version");
    service->version = version ? version : "0";
    return true;
}

/* All daemons on one database sign cursors alike, and derive their other keys from the same secret. */
static bool keys_load(struct service *service, PGconn *db, struct buffer *report)
{
    PGresult *result = PQexec(db, "SELECT encode(setting_secret(), 'hex')");
    const char *hex = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 ? PQgetvalue(result, 0, 0) : "";
    size_t size = 0;
    const bool read = sodium_hex2bin(service->cursor_key, sizeof service->cursor_key, hex, strlen(hex), NULL, &size, NULL) == 0 &&
                      size == sizeof service->cursor_key;
    for (unsigned i = 0; read && i < KEY_COUNT; i++)
        crypto_kdf_derive_from_key(service->keys[i], KEY_BYTES, i + 1, "welcomed", service->cursor_key);
    if (!read)
        buffer_printf(report, "setting_secret(): a key of %zu bytes is needed\n", sizeof service->cursor_key);
    PQclear(result);
    return read;
}

/* Nothing may be kept that nobody would say is no longer true. */
static bool topics_prove(const struct contract *contract, PGconn *db, struct buffer *report)
{
    bool told = true;
    for (size_t i = 0; i < contract->topic_count; i++) {
        PGresult *result = PQexecParams(db, "SELECT FROM pg_trigger WHERE tgfoid = 'notify'::regproc AND tgargs = convert_to($1, 'UTF8') || '\\x00'",
                                        1, NULL, &contract->topics[i], NULL, NULL, 0);
        if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) == 0) {
            buffer_printf(report, "openapi.yaml: x-cache-until names %s, of which no trigger of the database tells\n", contract->topics[i]);
            told = false;
        }
        PQclear(result);
    }
    return told;
}

bool service_load(struct service *service, const struct config *config, PGconn *db, const struct embedded *files, size_t count,
                  struct buffer *report)
{
    *service = (struct service){.config = config, .limits = limit_table_new(LIMIT_ROWS)};
    randombytes_buf(service->client_key, sizeof service->client_key);
    if (!service->limits || !texts_load() || !vocabulary_register() || !contract_compile(service, files, count, report))
        return false;
    const bool loaded = endpoints_load(&service->endpoints, &service->contract, files, count, OPERATION_CODES, report);
    const bool proved = endpoints_prove(&service->endpoints, db, report);
    const bool told = topics_prove(&service->contract, db, report);
    return vocabulary_load(db) && keys_load(service, db, report) && told && proved && loaded;
}

void service_release(struct service *service)
{
    limit_table_free(service->limits);
    endpoints_release(&service->endpoints);
    contract_release(&service->contract);
    vocabulary_release();
    texts_release();
}
