/* SPDX-License-Identifier: EUPL-1.2
 * Calls to the provider: bounded in time and size, without redirects, never in the clear to another machine. */
#include "oidc.h"

#include "http_call.h"
#include "log.h"

#include <string.h>

#include "banned.h"

enum { ANSWER_MAX = 256 * 1024, CALL_SECONDS = 10 };

static bool is_local(const char *url)
{
    static const char *const hosts[] = {"http://localhost", "http://127.0.0.1", "http://[::1]"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        const size_t length = strlen(hosts[i]);
        if (strncmp(url, hosts[i], length) == 0 && strchr(":/", url[length])) /* or its end */
            return !strchr(url, '@'); /* what looks like the host may be a user's name */
    }
    return false;
}

bool oidc_address_fits(const struct config *config, const char *url)
{
    return strncmp(url, "https://", 8) == 0 || (is_local(config->oidc_issuer) && is_local(url));
}

bool oidc_configured(const struct config *config)
{
    return config->oidc_issuer != NULL;
}

const char *oidc_misconfigured(const struct config *config)
{
    if (!config->oidc_issuer)
        return NULL;
    if (!config->oidc_client_id || !config->oidc_client_secret || !config->oidc_redirect)
        return "WELCOME_OIDC_ISSUER needs WELCOME_OIDC_CLIENT_ID, WELCOME_OIDC_CLIENT_SECRET and WELCOME_OIDC_REDIRECT";
    if (!config->secret_key && !config->secret_key_file)
        return "WELCOME_OIDC_ISSUER needs WELCOME_SECRET_KEY or WELCOME_SECRET_KEY_FILE";
    return oidc_address_fits(config, config->oidc_issuer) ? NULL : "WELCOME_OIDC_ISSUER must begin with https://";
}

static bool call_begin(struct http_call *call, const struct config *config, const char *url, struct buffer *out)
{
    return http_call_begin(call, url, is_local(config->oidc_issuer) ? "http,https" : "https", CALL_SECONDS, ANSWER_MAX, out) &&
           oidc_address_fits(config, url) && (!config->oidc_ca || curl_easy_setopt(call->curl, CURLOPT_CAINFO, config->oidc_ca) == CURLE_OK);
}

static long call_end(struct http_call *call, bool prepared, const char *url)
{
    const long status = http_call_end(call, prepared);
    if (*call->error)
        log_warning("oidc_unreachable", log_text("url", url), log_text("error", call->error));
    return status;
}

long oidc_get(const struct config *config, const char *url, const char *token, struct buffer *out)
{
    struct http_call call;
    bool prepared = call_begin(&call, config, url, out);
    if (prepared && token)
        prepared = curl_easy_setopt(call.curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER) == CURLE_OK &&
                   curl_easy_setopt(call.curl, CURLOPT_XOAUTH2_BEARER, token) == CURLE_OK;
    return call_end(&call, prepared, url);
}

/* The client shows its secret as RFC 6749 §2.3.1 has it: both parts encoded as in forms, then Basic. */
long oidc_post(const struct config *config, const char *url, const char *form, struct buffer *out)
{
    struct http_call call;
    struct arena arena;
    arena_init(&arena, 0);
    const char *user = oidc_encode(config->oidc_client_id, &arena), *password = oidc_encode(config->oidc_client_secret, &arena);
    const bool prepared = call_begin(&call, config, url, out) && user && password &&
                          curl_easy_setopt(call.curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC) == CURLE_OK &&
                          curl_easy_setopt(call.curl, CURLOPT_USERNAME, user) == CURLE_OK &&
                          curl_easy_setopt(call.curl, CURLOPT_PASSWORD, password) == CURLE_OK &&
                          curl_easy_setopt(call.curl, CURLOPT_POSTFIELDS, form) == CURLE_OK;
    const long status = call_end(&call, prepared, url);
    arena_release(&arena);
    return status;
}

const char *oidc_encode(const char *text, struct arena *arena)
{
    char *encoded = curl_easy_escape(NULL, text, 0);
    const char *kept = encoded ? arena_text(arena, encoded) : NULL;
    curl_free(encoded);
    return kept;
}
