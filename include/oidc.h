/* SPDX-License-Identifier: EUPL-1.2
 * Signing in through the organisation's own provider (OpenID Connect): what is asked of it, and whether what it says may be believed.
 * Everything here may wait for the network: only on the work thread. */
#ifndef WELCOME_OIDC_H
#define WELCOME_OIDC_H

#include "arena.h"
#include "buffer.h"
#include "config.h"

#include <jansson.h>
#include <rhonabwy.h>
#include <stdbool.h>
#include <time.h>

/* Whether a provider is configured at all; whether all that it needs is there (a sentence about what is not, else NULL). */
bool oidc_configured(const struct config *config);
const char *oidc_misconfigured(const struct config *config);

/* Whether secrets may go to this address: https, or http to this very machine where the issuer is there too. */
bool oidc_address_fits(const struct config *config, const char *url);

/* GET with a bearer token (NULL: none), POST of a form as the client. The status, or 0: not reached, or an answer too large. */
long oidc_get(const struct config *config, const char *url, const char *token, struct buffer *out);
long oidc_post(const struct config *config, const char *url, const char *form, struct buffer *out);

/* Percent-encodes into the arena; NULL when out of memory. */
const char *oidc_encode(const char *text, struct arena *arena);

/* A text of the provider's metadata, copied into the arena; NULL: it cannot be had (logged). Kept for an hour. */
const char *oidc_metadata(const struct config *config, const char *name, struct arena *arena);

/* The key that signed, a copy of the caller's (r_jwk_free()); kid NULL: the only one. NULL: there is none. Keys are asked for again when
 * one is not known, at most once a minute. */
jwk_t *oidc_key(const struct config *config, const char *kid);

struct id_token_rules {
    const char *issuer, *client, *nonce;
    time_t now;
};

/* OpenID Connect Core §3.1.3.7: NULL and the claims (json_decref()), or why the token is not believed. */
const char *id_token_verify(const struct config *config, const char *token, const struct id_token_rules *rules, json_t **claims);

#endif
