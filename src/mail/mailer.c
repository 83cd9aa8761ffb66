/* SPDX-License-Identifier: EUPL-1.2
 * The mailer: takes the outbox row by row, makes the token, renders, sends. One works at a time, however many daemons run. */
#include "jobs.h"

#include "identity.h"
#include "log.h"
#include "mail.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

/* What one run needs; texts and transport are made for the first mail. */
struct mailer {
    struct job_run *run;
    struct mail_texts *texts;
    struct mail_transport *transport;
};

/* <portal>/<path>#token=<token>: a fragment is never sent to a server, so it stands in no log. Without one where token is NULL. */
static const char *link_make(const struct config *config, const char *path, const char *token, struct arena *arena)
{
    size_t length = strlen(config->portal_url);
    while (length > 0 && config->portal_url[length - 1] == '/')
        length--;
    return arena_printf(arena, "%.*s%s%s%s", (int)length, config->portal_url, path, token ? "#token=" : "", token ? token : "");
}

static bool fail(char *error, size_t size, const char *reason)
{
    snprintf(error, size, "%s", reason);
    return false;
}

/* Renders and hands over what mail_prepare() answered. */
static bool mailer_send(struct mailer *mailer, const char *id, const json_t *mail, const char *token, struct arena *arena, char *error,
                        size_t size)
{
    const struct config *config = mailer->run->config;
    const char *path = json_string_value(json_object_get(mail, "path"));
    const char *language = json_string_value(json_object_get(mail, "language"));
    const bool opens = json_is_string(json_object_get(mail, "token_kind"));
    struct buffer bytes;
    struct mail_content content;
    const struct mail_request request = {
        .template = json_string_value(json_object_get(mail, "template")),
        .language = language ? language : "en",
        .region = config->region_name,
        .data = json_object_get(mail, "data"),
        .link = path ? link_make(config, path, opens ? token : NULL, arena) : NULL,
    };
    struct mail_message message = {
        .from = config->mail_from,
        .to = json_string_value(json_object_get(mail, "to")),
        .id = id,
        .date = time(NULL),
        .content = &content,
    };
    const json_t *entry = json_object_get(request.data, "calendar");
    if (entry && message.to)
        message.calendar = mail_invitation(entry, config, message.to, request.language, arena, &message.calendar_method);
    bool sent = false;
    buffer_init(&bytes);
    if (!message.to || !request.template || (path && !request.link) || (entry && !message.calendar))
        fail(error, size, "there is no address, no template or no whole calendar, or no memory");
    else if (!mail_render(mailer->texts, &request, arena, &content))
        fail(error, size, "there is no such template");
    else if (!mail_message_write(&bytes, &message))
        fail(error, size, "an address cannot stand in a header");
    else
        sent = mail_transport_send(mailer->transport, message.to, id, &bytes, error, size);
    buffer_release(&bytes);
    return sent;
}

static bool call(PGconn *db, const char *sql, int count, const char *const *values)
{
    PGresult *result = database_query(db, sql, count, values);
    PQclear(result);
    return result != NULL;
}

/* A transport that is down is no row's fault; everything else is noted at the row, which is tried again later. */
static bool mailer_note_failure(struct mailer *mailer, const char *id, const char *error)
{
    struct job_run *run = mailer->run;
    if (mail_transport_down(mailer->transport))
        return fail(run->error, sizeof run->error, error);
    log_warning("mail_failed", log_text("outbox", id));
    return call(run->db, "SELECT mail_failed($1, $2)", 2, (const char *const[]){id, error});
}

/* Sends one row; nothing is sent where mail_prepare() answers NULL. Each statement is a transaction of its own: the token has to be
 * known before its link can be in anybody's hands, and one that went nowhere is forgotten. */
static bool mailer_handle(struct mailer *mailer, const char *id)
{
    PGconn *db = mailer->run->db;
    char token[TOKEN_LENGTH + 1], error[256] = "";
    struct arena arena;
    arena_init(&arena, 16 * 1024);
    token_make(token);
    const char *hash = token_hash_text(token, &arena);
    PGresult *result = hash ? database_query(db, "SELECT mail_prepare($1, $2)", 2, (const char *const[]){id, hash}) : NULL;
    const char *answer = result ? database_value(result, 0, 0) : NULL;
    json_t *mail = answer ? json_loads(answer, 0, NULL) : NULL;
    if (!result)
        database_error(db, error, sizeof error);
    const bool sent = answer && mailer_send(mailer, id, mail, token, &arena, error, sizeof error);
    bool noted = true;
    if (sent) {
        log_info("mail_sent", log_text("outbox", id), log_text("template", json_string_value(json_object_get(mail, "template"))));
        noted = call(db, "SELECT mail_sent($1)", 1, &id);
    } else if (answer || !result) {
        noted = (!answer || call(db, "SELECT forget_token($1)", 1, &hash)) && mailer_note_failure(mailer, id, error);
    }
    json_decref(mail);
    PQclear(result);
    sodium_memzero(token, sizeof token);
    arena_release(&arena);
    return noted;
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

/* Sends the next row that is due; *more tells whether there was one. */
static bool mailer_step(struct mailer *mailer, bool *more)
{
    static const char next[] = "SELECT id FROM outbox WHERE state = 'waiting' AND next_attempt_at <= clock()"
                               " ORDER BY next_attempt_at, id LIMIT 1";
    PGresult *result = database_query(mailer->run->db, next, 0, NULL);
    *more = result && PQntuples(result) == 1;
    const bool done = result && (!*more || (mailer_ready(mailer) && mailer_handle(mailer, PQgetvalue(result, 0, 0))));
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

const struct job MAILER_JOB = {.name = "mailer", .wakes = "outbox", .exclusive = true, .pause = job_pause, .run = mailer_run};
