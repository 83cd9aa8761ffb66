/* SPDX-License-Identifier: EUPL-1.2
 * The second factor of staff (RFC 6238): secrets are made and codes are looked at here, beside the loop. Each attempt is counted and
 * committed before it is looked at, so that guessing at once on many connections gains nothing. */
#include "codes.h"

#include "database.h"
#include "identity.h"
#include "log.h"
#include "problem.h"
#include "secret_key.h"

#include <liboath/oath.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

enum { SECRET_BYTES = 20, STEP_SECONDS = 30, DIGITS = 6, RECOVERY_CODES = 10, RECOVERY_LETTERS = 16, ACCOUNT_LETTERS = 36 };

/* What is encrypted: whose it is stands in front, so that one row's secret is none in another. */
struct plain {
    char account[ACCOUNT_LETTERS];
    unsigned char secret[SECRET_BYTES];
};

/* Without the letters and digits that look alike. */
static const char ALPHABET[] = "23456789abcdefghjkmnpqrstuvwxyz";

static bool keyless(struct request *request, unsigned char key[SECRET_KEY_BYTES])
{
    if (secret_key_read(request_config(request), key))
        return false;
    request_refuse(request, "unavailable");
    return true;
}

/* A new secret, in base32 for the person and encrypted for the table. */
static void enrol_work(struct request *request)
{
    unsigned char key[SECRET_KEY_BYTES], sealed[SEALED_BYTES(sizeof(struct plain))];
    struct plain plain;
    char *encoded = NULL;
    const char *account = request_account(request);
    if (keyless(request, key))
        return;
    randombytes_buf(plain.secret, sizeof plain.secret);
    if (account && strlen(account) == ACCOUNT_LETTERS) {
        memcpy(plain.account, account, ACCOUNT_LETTERS);
        secret_seal(key, &plain, sizeof plain, sealed);
        if (oath_base32_encode((const char *)plain.secret, sizeof plain.secret, &encoded, NULL) != OATH_OK)
            encoded = NULL;
    }
    const char *secret = encoded ? arena_text(request_arena(request), encoded) : NULL;
    const char *bytes = encoded ? sql_bytes_text(sealed, sizeof sealed, request_arena(request)) : NULL;
    const char *issuer = arena_printf(request_arena(request), "Welcome %s", request_region(request));
    sodium_memzero(key, sizeof key);
    sodium_memzero(&plain, sizeof plain);
    free(encoded);
    if (!secret || !bytes || !issuer)
        request_refuse(request, "overloaded");
    request_derive(request, "secret", secret);
    request_derive(request, "sealed", bytes);
    request_derive(request, "issuer", issuer);
}

/* Runs the statement for the signed-in account; what it refuses, the request is refused with. NULL: refused. */
static PGresult *query_refused(struct request *request, PGconn *db, const char *sql, int count, const char *const *values)
{
    PGresult *result = PQexecParams(db, sql, count, NULL, values, NULL, NULL, 0);
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        return result;
    const char *code = result ? problem_of_error(result, request_faults(request)) : NULL;
    if (!code) {
        char error[256];
        database_error(db, error, sizeof error);
        log_error("second_factor_failed", log_text("error", error));
    }
    const struct faults *faults = request_faults(request);
    if (faults->count > 0 && strcmp(faults->items[faults->count - 1].code, "too_many_codes") == 0)
        request_wait(request, (int)strtol(faults->items[faults->count - 1].limit, NULL, 10));
    request_refuse(request, code ? code : PQstatus(db) == CONNECTION_OK ? "internal" : "unavailable");
    PQclear(result);
    return NULL;
}

/* The row of an attempt that is counted by now; NULL: refused. */
static PGresult *attempt_begin(struct request *request, bool confirmed)
{
    const char *hash = request_token_hash(request), *const identity[] = {hash, "{second_factor,enrolment}"}, *const which[] = {confirmed ? "t" : "f"};
    PGconn *db = database_connect_daemon(request_config(request));
    PGresult *row = NULL;
    if (!hash || !db || PQstatus(db) != CONNECTION_OK || !database_do(db, "BEGIN"))
        request_refuse(request, "unavailable");
    else if ((row = query_refused(request, db, "SELECT FROM authenticate($1, $2, NULL)", 2, identity))) {
        PQclear(row);
        row = query_refused(request, db, "SELECT sealed, last_step, seconds FROM try_second_factor($1)", 1, which);
        if (row && !database_do(db, "COMMIT")) {
            PQclear(row);
            row = NULL;
            request_refuse(request, "unavailable");
        }
    }
    PQfinish(db);
    return row;
}

static void wrong_code(struct request *request)
{
    faults_add(request_faults(request), (struct fault){.pointer = "/code", .code = "wrong_code"});
}

/* The step whose code it is: now, or half a minute to either side, later than the last that was used; -1: none. */
static long long step_of(const unsigned char *secret, const char *code, long long seconds, long long last)
{
    long long found = -1;
    for (int drift = -1; drift <= 1; drift++) {
        char right[DIGITS + 1];
        const long long step = seconds / STEP_SECONDS + drift;
        if (oath_totp_generate((const char *)secret, SECRET_BYTES, (time_t)(step * STEP_SECONDS), STEP_SECONDS, OATH_TOTP_DEFAULT_START_TIME,
                               DIGITS, right) == OATH_OK &&
            sodium_memcmp(right, code, DIGITS) == 0 && step > last)
            found = step;
        sodium_memzero(right, sizeof right);
    }
    return found;
}

static void totp_check(struct request *request, const PGresult *row, const char *code)
{
    unsigned char key[SECRET_KEY_BYTES];
    struct plain plain;
    struct buffer sealed;
    const char *account = request_account(request);
    if (keyless(request, key))
        return;
    buffer_init(&sealed);
    const bool opened = row_bytes(row, 0, "sealed", &sealed) && sealed.length == SEALED_BYTES(sizeof plain) &&
                        secret_open(key, (const unsigned char *)sealed.bytes, sealed.length, &plain) && account &&
                        strlen(account) == ACCOUNT_LETTERS && sodium_memcmp(plain.account, account, ACCOUNT_LETTERS) == 0;
    sodium_memzero(key, sizeof key);
    buffer_release(&sealed);
    if (!opened) { /* another key than then, or somebody else's row */
        log_error("second_factor_unreadable");
        request_refuse(request, "unavailable");
        return;
    }
    const long long step = step_of(plain.secret, code, strtoll(row_text(row, 0, "seconds"), NULL, 10),
                                   strtoll(row_text(row, 0, "last_step"), NULL, 10));
    sodium_memzero(&plain, sizeof plain);
    const char *text = arena_printf(request_arena(request), "%lld", step);
    if (step < 0)
        wrong_code(request);
    else if (!text)
        request_refuse(request, "overloaded");
    request_derive(request, "step", text);
}

/* A recovery code as it is hashed: without its dashes, in small letters. False: none. */
static bool recovery_read(const char *code, char plain[RECOVERY_LETTERS + 1])
{
    size_t length = 0;
    for (; *code && length <= RECOVERY_LETTERS; code++)
        if (*code != '-' && *code != ' ')
            plain[length++] = *code >= 'A' && *code <= 'Z' ? (char)(*code + 'a' - 'A') : *code;
    if (*code || length != RECOVERY_LETTERS)
        return false;
    plain[length] = '\0';
    return true;
}

static void code_look(struct request *request, bool confirmed)
{
    const char *code = json_string_value(json_object_get(request_body(request), "code"));
    char plain[RECOVERY_LETTERS + 2];
    PGresult *row = attempt_begin(request, confirmed);
    if (!row)
        return;
    const bool digits = strlen(code) == DIGITS && strspn(code, "0123456789") == DIGITS;
    if (digits)
        totp_check(request, row, code);
    else if (confirmed && recovery_read(code, plain))
        request_derive(request, "recovery", token_hash_text(plain, request_arena(request)));
    else
        wrong_code(request);
    sodium_memzero(plain, sizeof plain);
    PQclear(row);
}

static void pass_work(struct request *request)
{
    code_look(request, true);
}

/* "xxxx-xxxx-xxxx-xxxx" for the person, the hash of its letters for the table; false: out of memory. */
static bool recovery_make(struct arena *arena, const char **shown, const char **hash)
{
    char plain[RECOVERY_LETTERS + 1];
    for (int i = 0; i < RECOVERY_LETTERS; i++)
        plain[i] = ALPHABET[randombytes_uniform(sizeof ALPHABET - 1)];
    plain[RECOVERY_LETTERS] = '\0';
    *shown = arena_printf(arena, "%.4s-%.4s-%.4s-%.4s", plain, plain + 4, plain + 8, plain + 12);
    *hash = token_hash_text(plain, arena);
    if (*hash)
        *hash += strlen("\\x");
    sodium_memzero(plain, sizeof plain);
    return *shown && *hash;
}

static void confirm_work(struct request *request)
{
    struct arena *arena = request_arena(request);
    const char *shown[RECOVERY_CODES], *hashes[RECOVERY_CODES];
    bool made = true;
    for (int i = 0; made && i < RECOVERY_CODES; i++)
        made = recovery_make(arena, &shown[i], &hashes[i]);
    const char *codes = made ? sql_text_array(shown, RECOVERY_CODES, arena) : NULL;
    const char *kept = made ? sql_text_array(hashes, RECOVERY_CODES, arena) : NULL;
    if (!codes || !kept) {
        request_refuse(request, "overloaded");
        return;
    }
    request_derive(request, "recovery_codes", codes);
    request_derive(request, "recovery_hashes", kept);
    code_look(request, false);
}

const struct operation_code SECOND_FACTOR_CODES[] = {
    {.operation = "create_second_factor",
     .derived = {{"secret", SQL_TEXT}, {"sealed", SQL_BYTEA}, {"issuer", SQL_TEXT}},
     .work = enrol_work},
    {.operation = "confirm_second_factor",
     .derived = {{"step", SQL_INT8}, {"recovery_codes", SQL_TEXT_ARRAY}, {"recovery_hashes", SQL_TEXT_ARRAY}},
     .work = confirm_work},
    {.operation = "verify_second_factor", .derived = {{"step", SQL_INT8}, {"recovery", SQL_BYTEA}}, .work = pass_work},
    {.operation = "remove_second_factor", .derived = {{"step", SQL_INT8}, {"recovery", SQL_BYTEA}}, .work = pass_work},
    {0},
};
