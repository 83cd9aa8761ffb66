/* SPDX-License-Identifier: EUPL-1.2
 * Hands mails over: to an SMTP server, or as files to a Maildir. */
#include "mail.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "banned.h"

/* Together less than the transaction that holds the outbox row may idle. */
enum { CONNECT_SECONDS = 10, SEND_SECONDS = 30 };

struct mail_transport {
    const struct config *config;
    const atomic_bool *stopping;
    CURL *curl; /* keeps the connection for the next mail; NULL: Maildir */
    bool down;
};

/* What is left to upload. */
struct upload {
    const char *bytes;
    size_t left;
    const atomic_bool *stopping;
};

struct mail_transport *mail_transport_open(const struct config *config, const atomic_bool *stopping)
{
    struct mail_transport *transport = calloc(1, sizeof *transport);
    if (!transport)
        return NULL;
    transport->config = config;
    transport->stopping = stopping;
    if (config->smtp_url && !(transport->curl = curl_easy_init())) {
        free(transport);
        return NULL;
    }
    return transport;
}

void mail_transport_close(struct mail_transport *transport)
{
    if (transport)
        curl_easy_cleanup(transport->curl);
    free(transport);
}

bool mail_transport_down(const struct mail_transport *transport)
{
    return transport->down;
}

static size_t upload_read(char *to, size_t size, size_t count, void *context)
{
    struct upload *upload = context;
    const size_t length = size * count < upload->left ? size * count : upload->left;
    memcpy(to, upload->bytes, length);
    upload->bytes += length;
    upload->left -= length;
    return length;
}

/* Ends the transfer when the program wants to stop, but not between the last byte and the server's yes: the mail would go twice. */
static int upload_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
    const struct upload *upload = context;
    (void)down_total, (void)down, (void)up_total, (void)up;
    return upload->left > 0 && upload->stopping && atomic_load(upload->stopping);
}

static bool smtp_prepare(struct mail_transport *transport, const char *from, struct curl_slist *to, struct upload *upload, char *error)
{
    const struct config *config = transport->config;
    CURL *curl = transport->curl;
    curl_easy_reset(curl); /* keeps connections */
    return curl_easy_setopt(curl, CURLOPT_URL, config->smtp_url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)(config->smtp_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY)) == CURLE_OK &&
           (!config->smtp_ca || curl_easy_setopt(curl, CURLOPT_CAINFO, config->smtp_ca) == CURLE_OK) &&
           (!config->smtp_user || curl_easy_setopt(curl, CURLOPT_USERNAME, config->smtp_user) == CURLE_OK) &&
           (!config->smtp_password || curl_easy_setopt(curl, CURLOPT_PASSWORD, config->smtp_password) == CURLE_OK) &&
           curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from) == CURLE_OK && curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_READFUNCTION, upload_read) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_READDATA, upload) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, upload_progress) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, upload) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)SEND_SECONDS) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error) == CURLE_OK;
}

/* Whether the server refused this one message: it has answered, and not about us (421 closing, 530-538 authentication and TLS). */
static bool smtp_refused_message(CURL *curl)
{
    long code = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    return (code >= 450 && code < 454) || (code >= 550 && code < 560);
}

static bool smtp_send(struct mail_transport *transport, const char *from, const char *to, const struct buffer *message, char *error,
                      size_t size)
{
    char curl_error[CURL_ERROR_SIZE] = "";
    struct upload upload = {.bytes = message->bytes, .left = message->length, .stopping = transport->stopping};
    struct curl_slist *receivers = curl_slist_append(NULL, to);
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (receivers && smtp_prepare(transport, from, receivers, &upload, curl_error))
        code = curl_easy_perform(transport->curl);
    if (code != CURLE_OK) {
        snprintf(error, size, "SMTP: %s", *curl_error ? curl_error : curl_easy_strerror(code));
        transport->down = !smtp_refused_message(transport->curl);
    }
    curl_easy_setopt(transport->curl, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(transport->curl, CURLOPT_MAIL_RCPT, NULL);
    curl_slist_free_all(receivers);
    return code == CURLE_OK;
}

bool mail_transport_try(struct mail_transport *transport, char *error, size_t size)
{
    char curl_error[CURL_ERROR_SIZE] = "";
    struct upload nothing = {.left = 0};
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (transport->curl && smtp_prepare(transport, NULL, NULL, &nothing, curl_error) &&
        curl_easy_setopt(transport->curl, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK)
        code = curl_easy_perform(transport->curl);
    if (code != CURLE_OK)
        snprintf(error, size, "%s", *curl_error ? curl_error : curl_easy_strerror(code));
    if (transport->curl)
        curl_easy_setopt(transport->curl, CURLOPT_ERRORBUFFER, NULL);
    return code == CURLE_OK;
}

static bool folder_make(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static bool folder_sync(const char *path)
{
    const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = folder >= 0 && fsync(folder) == 0;
    if (folder >= 0)
        close(folder);
    return synced;
}

/* Writes with the line ends of files. */
static bool file_write(const char *path, const struct buffer *message)
{
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* tokens are in it */
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (!file) {
        if (descriptor >= 0)
            close(descriptor);
        return false;
    }
    for (size_t i = 0; i < message->length; i++)
        if (message->bytes[i] != '\r')
            putc(message->bytes[i], file);
    const bool written = fflush(file) == 0 && !ferror(file) && fsync(fileno(file)) == 0;
    return (fclose(file) == 0) & written;
}

/* https://cr.yp.to/proto/maildir.html: written in tmp, then renamed into new. Names sort by time. */
static bool maildir_write(const char *folder, const char *id, const struct buffer *message, struct arena *arena)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const char *name = arena_printf(arena, "%010lld.M%06ldP%ld.%s.eml", (long long)now.tv_sec, now.tv_nsec / 1000, (long)getpid(), id);
    const char *tmp = arena_printf(arena, "%s/tmp", folder), *new = arena_printf(arena, "%s/new", folder);
    const char *cur = arena_printf(arena, "%s/cur", folder);
    if (!name || !tmp || !new || !cur) {
        errno = ENOMEM;
        return false;
    }
    if (!folder_make(folder) || !folder_make(tmp) || !folder_make(new) || !folder_make(cur))
        return false;
    const char *from = arena_printf(arena, "%s/%s", tmp, name), *to = arena_printf(arena, "%s/%s", new, name);
    errno = ENOMEM;
    if (from && to && file_write(from, message) && rename(from, to) == 0 && folder_sync(new))
        return true;
    const int reason = errno;
    if (from)
        unlink(from);
    errno = reason;
    return false;
}

bool mail_transport_send(struct mail_transport *transport, const char *to, const char *id, const struct buffer *message, char *error,
                         size_t size)
{
    struct arena arena;
    const char *name, *from;
    bool sent;
    transport->down = false;
    arena_init(&arena, 0);
    if (!transport->curl) {
        sent = maildir_write(transport->config->mail_directory, id, message, &arena);
        transport->down = !sent;
        if (!sent)
            snprintf(error, size, "%s: %s", transport->config->mail_directory, strerror(errno));
    } else if (!mail_address_split(transport->config->mail_from, &arena, &name, &from)) {
        sent = false;
        transport->down = true;
        snprintf(error, size, "WELCOME_MAIL_FROM is no address");
    } else
        sent = smtp_send(transport, from, to, message, error, size);
    arena_release(&arena);
    return sent;
}
