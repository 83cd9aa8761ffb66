/* SPDX-License-Identifier: EUPL-1.2
 * What the provider publishes about itself, its addresses and its keys, kept for a while by all loops together. */
#include "oidc.h"

#include "log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

enum { METADATA_SECONDS = 3600, KEYS_SECONDS = 3600, KEYS_PAUSE = 60, RSA_BITS = 2048 };

/* One at a time, the calls to the provider included: they are few, and a new key is asked for once. */
static struct {
    pthread_mutex_t lock;
    json_t *metadata; /* NULL: none yet */
    time_t metadata_at;
    jwks_t *keys;     /* NULL: none yet */
    time_t keys_at;
} provider = {.lock = PTHREAD_MUTEX_INITIALIZER};

static time_t seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static json_t *document_get(const struct config *config, const char *url)
{
    struct buffer answer;
    buffer_init(&answer);
    const long status = oidc_get(config, url, NULL, &answer);
    json_t *document = status == 200 ? json_loadb(answer.bytes, answer.length, JSON_REJECT_DUPLICATES, NULL) : NULL;
    buffer_release(&answer);
    if (!json_is_object(document)) {
        json_decref(document);
        log_warning("oidc_document_missing", log_text("url", url), log_integer("status", status));
        return NULL;
    }
    return document;
}

/* Whether it is this issuer's, with all addresses that we need, none of them in the clear. */
static bool metadata_fits(const struct config *config, const json_t *metadata)
{
    static const char *const names[] = {"authorization_endpoint", "token_endpoint", "jwks_uri"};
    const char *issuer = json_string_value(json_object_get(metadata, "issuer"));
    bool fits = issuer && strcmp(issuer, config->oidc_issuer) == 0;
    for (size_t i = 0; fits && i < sizeof names / sizeof *names; i++) {
        const char *url = json_string_value(json_object_get(metadata, names[i]));
        fits = url && oidc_address_fits(config, url);
    }
    if (!fits)
        log_warning("oidc_metadata_unfit", log_text("issuer", issuer ? issuer : ""));
    return fits;
}

/* Under the lock. */
static bool metadata_load(const struct config *config)
{
    struct arena arena;
    if (provider.metadata && seconds_now() - provider.metadata_at < METADATA_SECONDS)
        return true;
    arena_init(&arena, 0);
    const size_t length = strlen(config->oidc_issuer);
    const char *url = arena_printf(&arena, "%.*s/.well-known/openid-configuration",
                                   (int)(length - (length > 0 && config->oidc_issuer[length - 1] == '/')), config->oidc_issuer);
    json_t *metadata = url ? document_get(config, url) : NULL;
    arena_release(&arena);
    if (!metadata || !metadata_fits(config, metadata)) {
        json_decref(metadata);
        return provider.metadata != NULL; /* rather what it was an hour ago */
    }
    json_decref(provider.metadata);
    provider.metadata = metadata;
    provider.metadata_at = seconds_now();
    return true;
}

const char *oidc_metadata(const struct config *config, const char *name, struct arena *arena)
{
    const char *kept = NULL;
    pthread_mutex_lock(&provider.lock);
    if (metadata_load(config)) {
        const char *text = json_string_value(json_object_get(provider.metadata, name));
        kept = text ? arena_text(arena, text) : NULL;
    }
    pthread_mutex_unlock(&provider.lock);
    return kept;
}

/* Under the lock: what it was stays when the provider cannot be reached. */
static void keys_load(const struct config *config)
{
    jwks_t *keys = NULL;
    provider.keys_at = seconds_now(); /* also when it fails */
    if (!metadata_load(config))
        return;
    json_t *document = document_get(config, json_string_value(json_object_get(provider.metadata, "jwks_uri")));
    char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
    json_decref(document);
    if (text && r_jwks_init(&keys) == RHN_OK && r_jwks_import_from_json_str(keys, text) == RHN_OK) {
        r_jwks_free(provider.keys);
        provider.keys = keys;
    } else {
        r_jwks_free(keys);
    }
    free(text);
}

/* A public key that may sign, long enough. */
static bool key_usable(jwk_t *key)
{
    unsigned bits = 0;
    const unsigned type = (unsigned)r_jwk_key_type(key, &bits, R_FLAG_IGNORE_REMOTE);
    const char *use = r_jwk_get_property_str(key, "use");
    return (type & R_KEY_TYPE_PUBLIC) && (type & (R_KEY_TYPE_RSA | R_KEY_TYPE_EC | R_KEY_TYPE_EDDSA)) && (!use || strcmp(use, "sig") == 0) &&
           (!(type & R_KEY_TYPE_RSA) || bits >= RSA_BITS);
}

/* Under the lock. Without a kid the only key is meant, if there is only one. */
static jwk_t *key_find(const char *kid)
{
    jwk_t *found = NULL;
    for (size_t i = 0; provider.keys && i < r_jwks_size(provider.keys); i++) {
        jwk_t *key = r_jwks_get_at(provider.keys, i);
        const char *own = r_jwk_get_property_str(key, "kid");
        const bool meant = key_usable(key) && (!kid || (own && strcmp(own, kid) == 0));
        if (meant && found) { /* two that could be meant are none */
            r_jwk_free(key);
            r_jwk_free(found);
            return NULL;
        }
        if (meant)
            found = key;
        else
            r_jwk_free(key);
    }
    return found;
}

jwk_t *oidc_key(const struct config *config, const char *kid)
{
    pthread_mutex_lock(&provider.lock);
    if (!provider.keys || seconds_now() - provider.keys_at >= KEYS_SECONDS)
        keys_load(config);
    jwk_t *key = key_find(kid);
    if (!key && seconds_now() - provider.keys_at >= KEYS_PAUSE) {
        keys_load(config);
        key = key_find(kid);
    }
    pthread_mutex_unlock(&provider.lock);
    return key;
}
