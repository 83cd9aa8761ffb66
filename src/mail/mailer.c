/* SPDX-License-Identifier: EUPL-1.2
 * The mailer: takes the outbox row by row, makes the token, renders, sends. */
#include "jobs.h"

#include "log.h"
#include "mail.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

enum {
    TOKEN_BYTES = 32,
    TOKEN_TEXT = sodium_base64_ENCODED_LEN(TOKEN_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
    HASH_TEXT = 2 + 2 * crypto_hash_sha256_BYTES + 1,
};

/* What one run needs; texts and transport are made for the first mail. */
struct mailer {
    struct job_run *run;
    struct mail_texts *texts;
    struct mail_transport *transport;
};

/* A token of 256 bits as text, and the hash the database keeps, as a bytea literal. */
static void token_make(char token[TOKEN_TEXT], char hash[HASH_TEXT])
{
    unsigned char bytes[TOKEN_BYTES], digest[crypto_hash_sha256_BYTES];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(token, TOKEN_TEXT, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    crypto_hash_sha256(digest, (const unsigned char *)token, strlen(token));
    hash[0] = '\\';
    hash[1] = 'x';
    sodium_bin2hex(hash + 2, HASH_TEXT - 2, digest, sizeof digest);
    sodium_memzero(bytes, sizeof bytes);
}

/* <portal>/<path>#token=<token>: a fragment is never sent to a server, so it stands in no log. */
static const char *link_make(const struct config *config, const char *path, const char *token, struct arena *arena)
{
    size_t length = strlen(config->portal_url);
    while (length > 0 && config->portal_url[length - 1] == '/')
        length--;
    return arena_printf(arena, "%.*s%s#token=%s", (int)length, config->portal_url, path, token);
}

static bool fail(char *error, size_t size, const char *reason)
{
    snprintf(error, size, "%s", reason);
    return false;
}

/* Renders and hands over what mail_prepare() answered. */
static bool mailer_send(struct mailer *mailer, const char *id, const json_t *mail, const char *token, char *error, size_t size)
{
    const struct config *config = mailer->run->config;
    const char *path = json_string_value(json_object_get(mail, "path"));
    const char *to = json_string_value(json_object_get(mail, "to"));
    struct arena arena;
    struct buffer bytes;
    struct mail_content content;
    arena_init(&arena, 16 * 1024);
    buffer_init(&bytes);
    const char *language = json_string_value(json_object_get(mail, "language"));
    const struct mail_request request = {
        .template = json_string_value(json_object_get(mail, "template")),
        .language = language ? language : "en",
        .region = config->region_name,
        .data = json_object_get(mail, "data"),
        .link = path ? link_make(config, path, token, &arena) : NULL,
    };
    const struct mail_message message = {.from = config->mail_from, .to = to, .id = id, .date = time(NULL), .content = &content};
    bool sent = false;
    if (!to || !request.template || (path && !request.link))
        fail(error, size, "mail_prepare() gave no template or no address, or out of memory");
    else if (!mail_render(mailer->texts, &request, &arena, &content))
        fail(error, size, "there is no such template");
    else if (!mail_message_write(&bytes, &message))
        fail(error, size, "an address cannot stand in a header");
    else
        sent = mail_transport_send(mailer->transport, to, id, &bytes, error, size);
    buffer_release(&bytes);
    arena_release(&arena);
    return sent;
}

static bool call(PGconn *db, const char *sql, int count, const char *const *values)
{
    PGresult *result = database_query(db, sql, count, values);
    PQclear(result);
    return result != NULL;
}

/* Notes the failure at the row, without the token that went nowhere; a transport that is down is no row's fault. */
static bool mailer_note_failure(struct mailer *mailer, const char *id, const char *error)
{
    struct job_run *run = mailer->run;
    if (mail_transport_down(mailer->transport)) {
        database_do(run->db, "ROLLBACK");
        return fail(run->error, sizeof run->error, error);
    }
    log_warning("mail_failed", log_text("outbox", id));
    return database_do(run->db, "ROLLBACK TO SAVEPOINT taken") &&
           call(run->db, "SELECT mail_failed($1, $2)", 2, (const char *const[]){id, error}) && database_do(run->db, "COMMIT");
}

/* Sends the row that this transaction holds; nothing is sent where mail_prepare() answers NULL. */
static bool mailer_handle(struct mailer *mailer, const char *id)
{
    PGconn *db = mailer->run->db;
    char token[TOKEN_TEXT], hash[HASH_TEXT], error[256] = "";
    token_make(token, hash);
    if (!database_do(db, "SAVEPOINT taken"))
        return false;
    PGresult *result = database_query(db, "SELECT mail_prepare($1, $2)", 2, (const char *const[]){id, hash});
    const char *answer = result ? database_value(result, 0, 0) : NULL;
    json_t *mail = answer ? json_loads(answer, 0, NULL) : NULL;
    if (!result)
        database_error(db, error, sizeof error);
    const bool sent = result && (!answer || mailer_send(mailer, id, mail, token, error, sizeof error));
    if (sent && answer)
        log_info("mail_sent", log_text("outbox", id), log_text("template", json_string_value(json_object_get(mail, "template"))));
    json_decref(mail);
    PQclear(result);
    sodium_memzero(token, sizeof token);
    if (!sent)
        return PQstatus(db) == CONNECTION_OK && mailer_note_failure(mailer, id, error);
    return call(db, "SELECT mail_sent($1)", 1, &id) && database_do(db, "COMMIT");
}

static bool mailer_ready(struct mailer *mailer)
{
    struct job_run *run = mailer->run;
    if (!mailer->texts)
        mailer->texts = mail_texts_load();
    if (!mailer->transport)
        mailer->transport = mail_transport_open(run->config, run->stopping);
    return (mailer->texts && mailer->transport) || fail(run->error, sizeof run->error, "no mail texts, or out of memory");
}

/* Takes the next row that is due and nobody else has; *more tells whether there was one. */
static bool mailer_step(struct mailer *mailer, bool *more)
{
    static const char next[] = "SELECT id FROM outbox WHERE state = 'waiting' AND next_attempt_at <= clock()"
                               " ORDER BY next_attempt_at, id LIMIT 1 FOR UPDATE SKIP LOCKED";
    PGconn *db = mailer->run->db;
    PGresult *result = database_do(db, "BEGIN") ? database_query(db, next, 0, NULL) : NULL;
    *more = result && PQntuples(result) == 1;
    const bool done = result && (*more ? mailer_ready(mailer) && mailer_handle(mailer, PQgetvalue(result, 0, 0))
                                       : database_do(db, "COMMIT"));
    PQclear(result);
    return done;
}

static bool mailer_run(struct job_run *run)
{
    struct mailer mailer = {.run = run};
    bool done = true;
    for (bool more = true; done && more && !atomic_load(run->stopping);)
        done = mailer_step(&mailer, &more);
    mail_transport_close(mailer.transport);
    mail_texts_free(mailer.texts);
    return done;
}

const struct job MAILER_JOB = {.name = "mailer", .wakes = "outbox", .pause = job_pause, .run = mailer_run};
