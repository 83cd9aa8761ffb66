/* SPDX-License-Identifier: EUPL-1.2
 * What a provider answers, a line each: its metadata, its keys, an ID token. Nothing is believed that its keys have not signed. A third line of
 * JSON is claims instead, which a key of ours signs: believed are those that are for us, new, and for this sign-in. */
#define _GNU_SOURCE /* strsep() */
#include "fuzz.h"
#include "log.h"
#include "oidc.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "banned.h"

#define ISSUER "https://id.example.org"
#define METADATA "{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"" ISSUER "/a\",\"token_endpoint\":\"" ISSUER "/t\",\"jwks_uri\":\"" ISSUER "/keys\"}"

enum { NOW = 1800000000 };

static const struct config CONFIG = {.oidc_issuer = ISSUER, .oidc_client_id = "portal"};
static const char *metadata, *keys; /* what is answered */
static time_t hours;

/* The program asks for keys again when time has gone by. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    const int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_MONOTONIC)
        now->tv_sec += 3600 * hours;
    return result;
}

/* libcurl's side: one call at a time, always answered. */

static struct {
    const char *url;
    size_t (*take)(char *, size_t, size_t, void *);
    void *context;
} call;

#undef curl_easy_setopt
#undef curl_easy_getinfo

CURL *curl_easy_init(void)
{
    return &call;
}

CURLcode curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
    va_list arguments;
    (void)curl;
    va_start(arguments, option);
    if (option == CURLOPT_URL)
        call.url = va_arg(arguments, const char *);
    else if (option == CURLOPT_WRITEFUNCTION)
        call.take = va_arg(arguments, size_t (*)(char *, size_t, size_t, void *));
    else if (option == CURLOPT_WRITEDATA)
        call.context = va_arg(arguments, void *);
    va_end(arguments);
    return CURLE_OK;
}

CURLcode curl_easy_perform(CURL *curl)
{
    const bool first = strcmp(call.url, ISSUER "/.well-known/openid-configuration") == 0;
    const char *answer = first ? metadata : keys;
    (void)curl;
    require(strncmp(call.url, "https://", 8) == 0);
    return call.take((char *)answer, 1, strlen(answer), call.context) == strlen(answer) ? CURLE_OK : CURLE_WRITE_ERROR;
}

CURLcode curl_easy_getinfo(CURL *curl, CURLINFO info, ...)
{
    va_list arguments;
    (void)curl;
    va_start(arguments, info);
    *va_arg(arguments, long *) = 200;
    va_end(arguments);
    return CURLE_OK;
}

void curl_easy_cleanup(CURL *curl)
{
    (void)curl;
}

/* Ours. */

static bool number_near(const json_t *claims, const char *name, double least, double most)
{
    const json_t *number = json_object_get(claims, name);
    return json_is_number(number) && json_number_value(number) >= least && json_number_value(number) <= most;
}

static void believed(const json_t *claims)
{
    const json_t *audience = json_object_get(claims, "aud");
    audience = json_is_array(audience) ? json_array_get(audience, 0) : audience;
    require(strcmp(json_string_value(json_object_get(claims, "iss")), ISSUER) == 0);
    require(strcmp(json_string_value(audience), "portal") == 0);
    require(strcmp(json_string_value(json_object_get(claims, "nonce")), "nonce") == 0);
    require(*json_string_value(json_object_get(claims, "sub")));
    require(number_near(claims, "exp", NOW - 60, 1e308) && number_near(claims, "iat", NOW - 600, NOW + 60));
}

static void verify(const char *token)
{
    const struct id_token_rules rules = {.issuer = ISSUER, .client = "portal", .nonce = "nonce", .now = NOW};
    json_t *claims;
    const char *fault = id_token_verify(&CONFIG, token, &rules, &claims);
    require(!fault == (claims != NULL) && (!fault || *fault));
    if (claims)
        believed(claims);
    json_decref(claims);
}

/* The claims signed with a key that is made once, which the provider then tells of. */
static void sign_and_verify(json_t *claims)
{
    static jwk_t *private, *public;
    static char *told;
    jwt_t *jwt;
    if (!told) {
        require(r_global_init() == RHN_OK && r_jwk_init(&private) == RHN_OK && r_jwk_init(&public) == RHN_OK);
        require(r_jwk_generate_key_pair(private, public, R_KEY_TYPE_EC, 256, "1") == RHN_OK);
        json_t *set = json_pack("{s:[o]}", "keys", r_jwk_export_to_json_t(public));
        told = json_dumps(set, JSON_COMPACT);
        json_decref(set);
    }
    metadata = METADATA;
    keys = told;
    require(r_jwt_init(&jwt) == RHN_OK && r_jwt_set_full_claims_json_t(jwt, claims) == RHN_OK);
    require(r_jwt_set_header_str_value(jwt, "kid", "1") == RHN_OK && r_jwt_set_sign_alg(jwt, R_JWA_ALG_ES256) == RHN_OK);
    char *token = r_jwt_serialize_signed(jwt, private, 0);
    require(token != NULL);
    verify(token);
    r_free(token);
    r_jwt_free(jwt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena, 0);
    log_set_level("error");
    char *rest = arena_copy(&arena, (const char *)data, size);
    metadata = strsep(&rest, "\n");
    keys = rest ? strsep(&rest, "\n") : "";
    hours += 2;
    json_t *claims = rest ? json_loads(rest, 0, NULL) : NULL;
    if (json_is_object(claims))
        sign_and_verify(claims);
    else if (rest)
        verify(rest);
    json_decref(claims);
    arena_release(&arena);
    return 0;
}
