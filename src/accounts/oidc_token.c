/* SPDX-License-Identifier: EUPL-1.2
 * Whether an ID token is believed: OpenID Connect Core §3.1.3.7, rule by rule. */
#include "oidc.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "banned.h"

enum { TOKEN_MAX = 16 * 1024, LEEWAY = 60, AGE_MAX = 600, SUBJECT_MAX = 255 };

static void library_begin(void)
{
    r_global_init();
}

/* Signed by a key only the provider has: neither unsigned nor by a secret that we share. */
static bool algorithm_allowed(jwa_alg algorithm)
{
    switch (algorithm) {
    case R_JWA_ALG_RS256:
    case R_JWA_ALG_RS384:
    case R_JWA_ALG_RS512:
    case R_JWA_ALG_PS256:
    case R_JWA_ALG_PS384:
    case R_JWA_ALG_PS512:
    case R_JWA_ALG_ES256:
    case R_JWA_ALG_ES384:
    case R_JWA_ALG_ES512:
    case R_JWA_ALG_EDDSA:
        return true;
    default:
        return false;
    }
}

static bool text_is(const json_t *claims, const char *name, const char *wanted)
{
    const char *text = json_string_value(json_object_get(claims, name));
    return text && strlen(text) == json_string_length(json_object_get(claims, name)) && strlen(text) == strlen(wanted) &&
           sodium_memcmp(text, wanted, strlen(wanted)) == 0;
}

/* We are meant, and nobody else. */
static bool audience_fits(const json_t *claims, const char *client)
{
    const json_t *audience = json_object_get(claims, "aud");
    if (json_is_array(audience) && json_array_size(audience) == 1)
        audience = json_array_get(audience, 0);
    return json_is_string(audience) && strcmp(json_string_value(audience), client) == 0;
}

static const char *times_fault(const json_t *claims, time_t now)
{
    const json_t *expires = json_object_get(claims, "exp"), *issued = json_object_get(claims, "iat"), *begins = json_object_get(claims, "nbf");
    if (!json_is_number(expires) || json_number_value(expires) <= (double)(now - LEEWAY))
        return "exp";
    if (!json_is_number(issued) || json_number_value(issued) > (double)(now + LEEWAY) || json_number_value(issued) < (double)(now - AGE_MAX))
        return "iat";
    return begins && (!json_is_number(begins) || json_number_value(begins) > (double)(now + LEEWAY)) ? "nbf" : NULL;
}

/* The claim that does not fit, or NULL. */
static const char *claims_fault(const json_t *claims, const struct id_token_rules *rules)
{
    const char *subject = json_string_value(json_object_get(claims, "sub"));
    if (!text_is(claims, "iss", rules->issuer))
        return "iss";
    if (!audience_fits(claims, rules->client))
        return "aud";
    if (json_object_get(claims, "azp") && !text_is(claims, "azp", rules->client))
        return "azp";
    if (!subject || !*subject || strlen(subject) > SUBJECT_MAX)
        return "sub";
    if (!text_is(claims, "nonce", rules->nonce))
        return "nonce";
    return times_fault(claims, rules->now);
}

/* What is wrong with the signature, or NULL. Keys that the token brings along itself are not looked at. */
static const char *signature_fault(const struct config *config, jwt_t *jwt, const char *token)
{
    size_t dots = 0;
    for (const char *c = token; *c; c++)
        dots += *c == '.';
    if (dots != 2 || strlen(token) > TOKEN_MAX || r_jwt_advanced_parse(jwt, token, R_PARSE_NONE, R_FLAG_IGNORE_REMOTE) != RHN_OK)
        return "form";
    if (!algorithm_allowed(r_jwt_get_sign_alg(jwt)))
        return "alg";
    json_t *critical = r_jwt_get_header_json_t_value(jwt, "crit");
    json_decref(critical);
    if (critical)
        return "crit"; /* we know no extension */
    jwk_t *key = oidc_key(config, r_jwt_get_header_str_value(jwt, "kid"));
    if (!key)
        return "kid";
    const char *own = r_jwk_get_property_str(key, "alg");
    const bool meant = !own || r_str_to_jwa_alg(own) == r_jwt_get_sign_alg(jwt);
    const bool signed_by = meant && r_jwt_verify_signature(jwt, key, R_FLAG_IGNORE_REMOTE) == RHN_OK;
    r_jwk_free(key);
    return signed_by ? NULL : "signature";
}

const char *id_token_verify(const struct config *config, const char *token, const struct id_token_rules *rules, json_t **claims)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    jwt_t *jwt = NULL;
    *claims = NULL;
    pthread_once(&once, library_begin);
    if (r_jwt_init(&jwt) != RHN_OK)
        return "memory";
    const char *fault = signature_fault(config, jwt, token);
    if (!fault) {
        *claims = r_jwt_get_full_claims_json_t(jwt);
        fault = json_is_object(*claims) ? claims_fault(*claims, rules) : "form";
    }
    r_jwt_free(jwt);
    if (fault) {
        json_decref(*claims);
        *claims = NULL;
    }
    return fault;
}
