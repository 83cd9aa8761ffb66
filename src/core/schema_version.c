/* SPDX-License-Identifier: EUPL-1.2
 * The database's schema held against this program's migrations. */
#include "schema_version.h"

#include "database.h"
#include "embed.h"

#include <stdio.h>
#include <string.h>

#include "banned.h"

#define FOLDER "migrations/"
#define FUNCTIONS FOLDER "functions/"

void schema_functions_hash(char hash[FUNCTIONS_HASH_BYTES])
{
    crypto_hash_sha256_state state;
    unsigned char bytes[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_init(&state);
    for (const struct embedded *file = EMBEDDED; file < EMBEDDED + EMBEDDED_COUNT; file++) {
        if (strncmp(file->path, FUNCTIONS, strlen(FUNCTIONS)) != 0)
            continue;
        crypto_hash_sha256_update(&state, (const unsigned char *)file->path, strlen(file->path) + 1);
        crypto_hash_sha256_update(&state, (const unsigned char *)file->bytes, file->length + 1);
    }
    crypto_hash_sha256_final(&state, bytes);
    sodium_bin2hex(hash, FUNCTIONS_HASH_BYTES, bytes, sizeof bytes);
}

/* How many digits a migration's name begins with; 0: the file is none. */
static size_t migration_digits(const struct embedded *file)
{
    const size_t folder = strlen(FOLDER);
    return strncmp(file->path, FOLDER, folder) == 0 && !strchr(file->path + folder, '/')
               ? strspn(file->path + folder, "0123456789")
               : 0;
}

static bool has_row(const PGresult *versions, const char *name, size_t digits)
{
    for (int i = 0; i < PQntuples(versions); i++)
        if (strlen(PQgetvalue(versions, i, 0)) == digits && strncmp(PQgetvalue(versions, i, 0), name, digits) == 0)
            return true;
    return false;
}

static bool has_file(const char *number)
{
    for (const struct embedded *file = EMBEDDED; file < EMBEDDED + EMBEDDED_COUNT; file++) {
        const size_t digits = migration_digits(file);
        if (digits > 0 && digits == strlen(number) && strncmp(file->path + strlen(FOLDER), number, digits) == 0)
            return true;
    }
    return false;
}

static void version_compare(struct schema_version *version, const PGresult *versions)
{
    for (const struct embedded *file = EMBEDDED; file < EMBEDDED + EMBEDDED_COUNT; file++) {
        const size_t digits = migration_digits(file);
        const char *name = file->path + strlen(FOLDER);
        if (digits == 0 || has_row(versions, name, digits))
            continue;
        if (version->missing++ == 0)
            snprintf(version->first_missing, sizeof version->first_missing, "%.*s", (int)strcspn(name, "."), name);
    }
    for (int i = 0; i < PQntuples(versions); i++) {
        const char *number = PQgetvalue(versions, i, 0);
        if (has_file(number))
            continue;
        version->unknown++;
        snprintf(version->last_unknown, sizeof version->last_unknown, "%.60s", number);
    }
}

/* No such schema, or no such function in it. */
static bool is_absent(const PGresult *error)
{
    const char *state = PQresultErrorField(error, PG_DIAG_SQLSTATE);
    return state && (strcmp(state, "42883") == 0 || strcmp(state, "3F000") == 0 || strcmp(state, "42501") == 0);
}

bool schema_version_read(PGconn *db, struct schema_version *version)
{
    char hash[FUNCTIONS_HASH_BYTES];
    *version = (struct schema_version){.empty = false};
    PGresult *versions = PQexec(db, "SELECT version, functions FROM schema_versions() ORDER BY version");
    const bool read = PQresultStatus(versions) == PGRES_TUPLES_OK;
    version->empty = !read && is_absent(versions);
    if (read) {
        schema_functions_hash(hash);
        version->functions_same = PQntuples(versions) > 0 && strcmp(PQgetvalue(versions, 0, 1), hash) == 0;
        version_compare(version, versions);
    }
    PQclear(versions);
    return read || version->empty;
}
