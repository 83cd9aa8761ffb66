/* SPDX-License-Identifier: EUPL-1.2
 * Signing in through the organisation's provider: authorization code flow with PKCE, state and nonce. The state is all that the client
 * keeps; verifier and nonce follow from it and our key, so that neither is stored. */
#include "codes.h"

#include "database.h"
#include "identity.h"
#include "log.h"
#include "oidc.h"
#include "secret_key.h"

#include <sodium.h>
#include <string.h>

#include "banned.h"

/* Base64url of 32 bytes that follow from the state; NULL: refused. */
static const char *derived_text(struct request *request, const char *purpose, const char *state)
{
    unsigned char bytes[32];
    char *text = arena_alloc(request_arena(request), TOKEN_LENGTH + 1);
    if (!text || !secret_derive(request_config(request), purpose, state, bytes)) {
        request_refuse(request, "unavailable");
        return NULL;
    }
    return sodium_bin2base64(text, TOKEN_LENGTH + 1, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static const char *challenge_of(const char *verifier, struct arena *arena)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char *text = arena_alloc(arena, TOKEN_LENGTH + 1);
    crypto_hash_sha256(hash, (const unsigned char *)verifier, strlen(verifier));
    return text ? sodium_bin2base64(text, TOKEN_LENGTH + 1, hash, sizeof hash, sodium_base64_VARIANT_URLSAFE_NO_PADDING) : NULL;
}

static void begin_work(struct request *request)
{
    const struct config *config = request_config(request);
    struct arena *arena = request_arena(request);
    char *state = arena_alloc(arena, TOKEN_LENGTH + 1);
    if (!oidc_configured(config)) {
        request_refuse(request, "not_found");
        return;
    }
    if (state)
        token_make(state);
    const char *nonce = state ? derived_text(request, "oidc nonce", state) : NULL;
    const char *verifier = nonce ? derived_text(request, "oidc verifier", state) : NULL;
    const char *endpoint = verifier ? oidc_metadata(config, "authorization_endpoint", arena) : NULL;
    if (!endpoint) {
        request_refuse(request, "unavailable");
        return;
    }
    const char *challenge = challenge_of(verifier, arena), *hash = token_hash_text(state, arena);
    const char *client = oidc_encode(config->oidc_client_id, arena), *redirect = oidc_encode(config->oidc_redirect, arena);
    const char *url = challenge && client && redirect
                          ? arena_printf(arena, "%s%cresponse_type=code&client_id=%s&redirect_uri=%s&scope=openid%%20email&state=%s&nonce=%s"
                                                "&code_challenge=%s&code_challenge_method=S256",
                                         endpoint, strchr(endpoint, '?') ? '&' : '?', client, redirect, state, nonce, challenge)
                          : NULL;
    if (!url || !hash)
        request_refuse(request, "overloaded");
    request_derive(request, "state", state);
    request_derive(request, "state_hash", hash);
    request_derive(request, "authorization_url", url);
}

/* Uses the state up, whatever comes of it; false: refused. */
static bool state_take(struct request *request, const char *state)
{
    const char *hash = token_hash_text(state, request_arena(request));
    PGconn *db = database_connect_daemon(request_config(request));
    PGresult *row = hash && db && PQstatus(db) == CONNECTION_OK ? database_query(db, "SELECT take_oidc_sign_in($1)", 1, &hash) : NULL;
    const char *alive = row ? database_value(row, 0, 0) : NULL;
    const bool taken = alive && *alive == 't';
    if (!taken)
        request_refuse(request, !row ? "unavailable" : alive ? "token_expired" : "token_unknown");
    PQclear(row);
    PQfinish(db);
    return taken;
}

/* The provider's answer to the code; NULL: refused. */
static json_t *tokens_get(struct request *request, const char *code, const char *verifier)
{
    const struct config *config = request_config(request);
    struct arena *arena = request_arena(request);
    struct buffer answer;
    const char *endpoint = oidc_metadata(config, "token_endpoint", arena);
    const char *encoded = oidc_encode(code, arena), *redirect = oidc_encode(config->oidc_redirect, arena);
    const char *form = encoded && redirect ? arena_printf(arena, "grant_type=authorization_code&code=%s&redirect_uri=%s&code_verifier=%s", encoded,
                                                          redirect, verifier)
                                           : NULL;
    buffer_init(&answer);
    const long status = endpoint && form ? oidc_post(config, endpoint, form, &answer) : 0;
    json_t *tokens = status == 200 || status == 400 ? json_loadb(answer.bytes, answer.length, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const char *error = json_string_value(json_object_get(tokens, "error"));
    buffer_release(&answer);
    if (status == 200 && json_is_object(tokens))
        return tokens;
    const bool code_wrong = status == 403 || (status == 400 && error && strcmp(error, "invalid_grant") == 0); /* not all keep to RFC 6749 §5.2 */
    if (!code_wrong)
        log_warning("oidc_no_tokens", log_integer("status", status));
    json_decref(tokens);
    request_refuse(request, code_wrong ? "token_unknown" : "unavailable");
    return NULL;
}

static void disbelieve(struct request *request, const char *why)
{
    log_warning("oidc_refused", log_text("what", why));
    request_refuse(request, "forbidden");
}

/* What the provider tells of the person beside the token, about the same person; NULL: nothing. */
static json_t *userinfo_get(struct request *request, const json_t *tokens, const json_t *claims)
{
    const struct config *config = request_config(request);
    const char *endpoint = oidc_metadata(config, "userinfo_endpoint", request_arena(request));
    const char *token = json_string_value(json_object_get(tokens, "access_token"));
    struct buffer answer;
    buffer_init(&answer);
    const long status = endpoint && token ? oidc_get(config, endpoint, token, &answer) : 0;
    json_t *info = status == 200 ? json_loadb(answer.bytes, answer.length, JSON_REJECT_DUPLICATES, NULL) : NULL;
    buffer_release(&answer);
    if (info && json_equal(json_object_get(info, "sub"), json_object_get(claims, "sub")))
        return info;
    json_decref(info);
    return NULL;
}

/* Whether one of the words of the list is among the methods (amr), or is the class (acr), of this sign-in. */
static bool counts_twice(const json_t *claims, const char *list)
{
    const json_t *methods = json_object_get(claims, "amr"), *class = json_object_get(claims, "acr");
    while (list && *list) {
        const size_t length = strcspn(list, ",");
        size_t i;
        json_t *method;
        json_array_foreach(methods, i, method)
            if (json_string_length(method) == length && strncmp(json_string_value(method), list, length) == 0)
                return true;
        if (json_string_length(class) == length && length > 0 && strncmp(json_string_value(class), list, length) == 0)
            return true;
        list += length + (list[length] == ',');
    }
    return false;
}

static void session_derive(struct request *request, const json_t *claims, const json_t *person)
{
    struct arena *arena = request_arena(request);
    const char *email = json_string_value(json_object_get(person, "email"));
    char *token = arena_alloc(arena, TOKEN_LENGTH + 1);
    if (!email || !json_is_true(json_object_get(person, "email_verified"))) {
        disbelieve(request, "email");
        return;
    }
    if (token)
        token_make(token);
    const char *hash = token ? token_hash_text(token, arena) : NULL, *kept = arena_text(arena, email);
    if (!hash || !kept)
        request_refuse(request, "overloaded");
    request_derive(request, "email", kept);
    request_derive(request, "access_token", token);
    request_derive(request, "access_token_hash", hash);
    request_derive(request, "verified", counts_twice(claims, request_config(request)->oidc_second_factor) ? "t" : "f");
}

static void tokens_believe(struct request *request, const json_t *tokens, const char *nonce)
{
    const struct config *config = request_config(request);
    const struct id_token_rules rules = {config->oidc_issuer, config->oidc_client_id, nonce, time(NULL)};
    const char *token = json_string_value(json_object_get(tokens, "id_token"));
    json_t *claims = NULL;
    const char *fault = token ? id_token_verify(config, token, &rules, &claims) : "id_token";
    if (fault) {
        disbelieve(request, fault);
        return;
    }
    json_t *info = json_object_get(claims, "email") ? NULL : userinfo_get(request, tokens, claims);
    session_derive(request, claims, info ? info : claims);
    json_decref(info);
    json_decref(claims);
}

static void session_work(struct request *request)
{
    const char *state = json_string_value(json_object_get(request_body(request), "state"));
    const char *code = json_string_value(json_object_get(request_body(request), "code"));
    if (!oidc_configured(request_config(request))) {
        request_refuse(request, "not_found");
        return;
    }
    if (!state_take(request, state))
        return;
    const char *nonce = derived_text(request, "oidc nonce", state);
    const char *verifier = nonce ? derived_text(request, "oidc verifier", state) : NULL;
    json_t *tokens = verifier ? tokens_get(request, code, verifier) : NULL;
    if (tokens)
        tokens_believe(request, tokens, nonce);
    json_decref(tokens);
}

const struct operation_code OIDC_CODES[] = {
    {.operation = "create_oidc_sign_in",
     .derived = {{"state", SQL_TEXT}, {"state_hash", SQL_BYTEA}, {"authorization_url", SQL_TEXT}},
     .work = begin_work},
    {.operation = "create_oidc_session",
     .derived = {{"email", SQL_TEXT}, {"access_token", SQL_TEXT}, {"access_token_hash", SQL_BYTEA}, {"verified", SQL_BOOL}},
     .work = session_work},
    {0},
};
