/* SPDX-License-Identifier: EUPL-1.2
 * Proof of work as the ALTCHA widget asks for and gives it (version 1 of its protocol, SHA-256). */
#ifndef WELCOME_CHALLENGE_H
#define WELCOME_CHALLENGE_H

#include "arena.h"
#include "buffer.h"

#include <stdbool.h>
#include <stdint.h>

#define CHALLENGE_SECONDS 600      /* how long one may be solved */
#define CHALLENGE_KEY_BYTES 32
#define CHALLENGE_SOLUTION "X-Challenge-Solution" /* as openapi.yaml names the header */

/* A number from 0 to most that a client has to find again by trying. */
struct challenge {
    char salt[65];      /* 32 hexadecimal digits, "?expires=", a time of Unix, "&" */
    char hash[65];      /* of salt and number, SHA-256 in hexadecimal: `challenge` in the protocol */
    char signature[65]; /* HMAC-SHA-256 of that text */
    uint32_t most;
};

/* now: seconds of Unix, here and below. */
void challenge_make(struct challenge *challenge, const unsigned char *key, uint32_t most, int64_t now);
void challenge_write(struct buffer *out, const struct challenge *challenge);

/* A challenge that was solved: what stands for it once it is used up. */
struct solved {
    char hash[65];
    int64_t expires;
};

/* Reads a solution, base64 of {"algorithm","challenge","number","salt","signature"} as the widget makes it. NULL: it solves a challenge
 * made with this key that has not expired; else the fault's code: challenge_invalid or challenge_expired. */
const char *challenge_check(const char *solution, const unsigned char *key, int64_t now, struct solved *solved);

#endif
