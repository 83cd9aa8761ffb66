/* SPDX-License-Identifier: EUPL-1.2
 * `welcomed audit verify|list`: whether the audit is as it was sealed; what it tells. */
#include "command.h"
#include "database.h"
#include "format.h"

#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

enum { HASH_HEX = 2 * crypto_hash_sha256_BYTES + 1, REST_MAX = 1000000 };

struct wish {
    const char *anchor; /* verify: "NUMBER:HASH" known from elsewhere, or NULL */
    const char *actor, *subject, *action, *limit;
};

struct chain {
    PGconn *db;
    long long number; /* of the seal looked at */
    char hash[HASH_HEX];
    long long seals, records;
    const char *anchor;
    bool anchored;
};

static int audit_usage(void)
{
    fputs("usage: welcomed audit verify [--anchor NUMBER:HASH]\n"
          "       welcomed audit list [--actor ID] [--subject ID] [--action WORD] [--limit N]\n"
          "  verify  computes all seals anew; exit status 1 and the first that does not fit, if one does not\n"
          "    --anchor  a seal known from elsewhere (the log line audit_sealed) that must be in the chain\n"
          "  list    the newest records (100 unless said), one JSON object a line\n", stderr);
    return COMMAND_USAGE;
}

static bool chain_fail(const struct chain *chain)
{
    char error[256];
    database_error(chain->db, error, sizeof error);
    fprintf(stderr, "welcomed audit: %s\n", error);
    return false;
}

static bool misfit(const struct chain *chain, const char *what)
{
    printf("Seal %lld does not fit: %s.\n", chain->number, what);
    return false;
}

static bool same_hash(const char *a, const char *b)
{
    return strlen(a) == HASH_HEX - 1 && strlen(b) == HASH_HEX - 1 && sodium_memcmp(a, b, HASH_HEX - 1) == 0;
}

/* The records behind one seal. */
static bool records_verify(struct chain *chain, const PGresult *seals, int row)
{
    crypto_hash_sha256_state state;
    unsigned char hash[crypto_hash_sha256_BYTES];
    const char *number = PQgetvalue(seals, row, 0), *head = PQgetvalue(seals, row, 7);
    PGresult *records = database_query(chain->db, "SELECT id, line, fits FROM audit_of_seal($1)", 1, &number);
    if (!records)
        return chain_fail(chain);
    const int count = PQntuples(records);
    bool actors = true;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)head, strlen(head));
    for (int i = 0; i < count; i++) {
        const char *line = PQgetvalue(records, i, 1);
        crypto_hash_sha256_update(&state, (const unsigned char *)line, strlen(line));
        actors = actors && *PQgetvalue(records, i, 2) == 't';
    }
    crypto_hash_sha256_final(&state, hash);
    sodium_bin2hex(chain->hash, sizeof chain->hash, hash, sizeof hash);
    const bool whole = count > 0 && strtol(PQgetvalue(seals, row, 3), NULL, 10) == count &&
                       strcmp(PQgetvalue(records, 0, 0), PQgetvalue(seals, row, 1)) == 0 &&
                       strcmp(PQgetvalue(records, count - 1, 0), PQgetvalue(seals, row, 2)) == 0;
    PQclear(records);
    chain->records += count;
    if (!whole)
        return misfit(chain, "records are missing or were added");
    if (!actors)
        return misfit(chain, "a record names somebody else than it was written with");
    return same_hash(chain->hash, PQgetvalue(seals, row, 5)) || misfit(chain, "its records do not give its hash");
}

/* A seal whose records are over is where the chain begins; only the first may be one. */
static bool seal_verify(struct chain *chain, const PGresult *seals, int row)
{
    char before[HASH_HEX], place[HASH_HEX + 24];
    const bool expired = *PQgetvalue(seals, row, 6) == 't', first = chain->seals == 0;
    const long long number = strtoll(PQgetvalue(seals, row, 0), NULL, 10), expected = chain->number + 1;
    memcpy(before, chain->hash, sizeof before);
    chain->number = number;
    if (number != expected && !(first && expired))
        return misfit(chain, "the one before it is missing");
    if (expired && !first)
        return misfit(chain, "its records are gone before their time");
    if (!(first && expired) && !same_hash(before, PQgetvalue(seals, row, 4)))
        return misfit(chain, "it does not follow the one before it");
    snprintf(chain->hash, sizeof chain->hash, "%s", PQgetvalue(seals, row, 5));
    if (!expired && !records_verify(chain, seals, row))
        return false;
    chain->seals++;
    snprintf(place, sizeof place, "%lld:%s", number, chain->hash);
    chain->anchored = chain->anchored || (chain->anchor && strcmp(place, chain->anchor) == 0);
    return true;
}

static bool chain_verify(struct chain *chain)
{
    for (int count = 1; count > 0;) {
        char after[24];
        const char *value = after;
        snprintf(after, sizeof after, "%lld", chain->number);
        PGresult *seals = database_query(chain->db, "SELECT number, first_id, last_id, records, previous, hash, expired, head FROM audit_seals($1)",
                                         1, &value);
        if (!seals)
            return chain_fail(chain);
        count = PQntuples(seals);
        bool fits = true;
        for (int i = 0; fits && i < count; i++)
            fits = seal_verify(chain, seals, i);
        PQclear(seals);
        if (!fits)
            return false;
    }
    return true;
}

static int audit_verify(PGconn *db, const struct wish *wish)
{
    struct chain chain = {.db = db, .anchor = wish->anchor};
    memset(chain.hash, '0', sizeof chain.hash - 1);
    if (!database_do(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0"))
        return chain_fail(&chain), COMMAND_FAILED;
    if (!chain_verify(&chain))
        return COMMAND_FAILED;
    if (chain.anchor && !chain.anchored) {
        printf("All seals fit each other, but %s is not among them.\n", chain.anchor);
        return COMMAND_FAILED;
    }
    PGresult *rest = database_query(db, "SELECT audit_unsealed()", 0, NULL);
    if (!rest)
        return chain_fail(&chain), COMMAND_FAILED;
    printf("%lld seals over %lld records fit; %s records wait for theirs.\n", chain.seals, chain.records, PQgetvalue(rest, 0, 0));
    PQclear(rest);
    if (chain.seals > 0)
        printf("The last is %lld:%s.\n", chain.number, chain.hash);
    return COMMAND_OK;
}

static int audit_list(PGconn *db, const struct wish *wish)
{
    const char *values[] = {wish->actor, wish->subject, wish->action, wish->limit ? wish->limit : "100"};
    PGresult *records = database_query(db, "SELECT record FROM audit_records($1, $2, $3, $4)", 4, values);
    if (!records)
        return chain_fail(&(struct chain){.db = db}), COMMAND_FAILED;
    for (int i = 0; i < PQntuples(records); i++)
        puts(PQgetvalue(records, i, 0));
    PQclear(records);
    return fflush(stdout) == 0 ? COMMAND_OK : COMMAND_FAILED;
}

static bool is_id(const char *text)
{
    return !text || format_find("uuid")->check(text, strlen(text), NULL);
}

static bool is_count(const char *text)
{
    char *end;
    errno = 0;
    const long number = text ? strtol(text, &end, 10) : 1;
    return !text || (!errno && *text && !*end && number > 0 && number <= REST_MAX);
}

static bool wish_read(struct wish *wish, int argc, char **argv, bool verify)
{
    for (int i = 2; i + 1 < argc; i += 2) {
        const char **member = verify ? (strcmp(argv[i], "--anchor") == 0 ? &wish->anchor : NULL)
                              : strcmp(argv[i], "--actor") == 0   ? &wish->actor
                              : strcmp(argv[i], "--subject") == 0 ? &wish->subject
                              : strcmp(argv[i], "--action") == 0  ? &wish->action
                              : strcmp(argv[i], "--limit") == 0   ? &wish->limit
                                                                  : NULL;
        if (!member)
            return false;
        *member = argv[i + 1];
    }
    return argc % 2 == 0 && is_id(wish->actor) && is_id(wish->subject) && is_count(wish->limit);
}

int command_audit(const struct config *config, int argc, char **argv)
{
    struct wish wish = {0};
    const bool verify = argc >= 2 && strcmp(argv[1], "verify") == 0;
    if (argc < 2 || (!verify && strcmp(argv[1], "list") != 0) || !wish_read(&wish, argc, argv, verify))
        return audit_usage();
    PGconn *db = database_connect_worker(config);
    int status = COMMAND_FAILED;
    if (!db || PQstatus(db) != CONNECTION_OK)
        chain_fail(&(struct chain){.db = db});
    else
        status = verify ? audit_verify(db, &wish) : audit_list(db, &wish);
    PQfinish(db);
    return status;
}
