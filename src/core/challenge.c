/* SPDX-License-Identifier: EUPL-1.2
 * Challenges carry what is needed to check them; only those that were solved have to be remembered. */
#include "challenge.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

enum { SALT_BYTES = 16, SOLUTION_MAX = 1024 };

static const char EXPIRES[] = "?expires=";

/* The separator at the salt's end keeps digits of the number from being read as digits of the time. */
static void hash_make(char hash[65], const char *salt, uint64_t number)
{
    char text[65 + 20];
    unsigned char bytes[crypto_hash_sha256_BYTES];
    const int length = snprintf(text, sizeof text, "%s%llu", salt, (unsigned long long)number);
    crypto_hash_sha256(bytes, (const unsigned char *)text, (unsigned long long)length);
    sodium_bin2hex(hash, 65, bytes, sizeof bytes);
}

static void hash_sign(char signature[65], const char *hash, const unsigned char *key)
{
    unsigned char bytes[crypto_auth_hmacsha256_BYTES];
    _Static_assert(CHALLENGE_KEY_BYTES == crypto_auth_hmacsha256_KEYBYTES, "keys are libsodium's");
    crypto_auth_hmacsha256(bytes, (const unsigned char *)hash, 64, key);
    sodium_bin2hex(signature, 65, bytes, sizeof bytes);
}

void challenge_make(struct challenge *challenge, const unsigned char *key, uint32_t most, int64_t now)
{
    unsigned char bytes[SALT_BYTES];
    char hex[2 * SALT_BYTES + 1];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
    snprintf(challenge->salt, sizeof challenge->salt, "%s%s%lld&", hex, EXPIRES, (long long)(now + CHALLENGE_SECONDS));
    challenge->most = most;
    hash_make(challenge->hash, challenge->salt, randombytes_uniform(most + 1));
    hash_sign(challenge->signature, challenge->hash, key);
}

void challenge_write(struct buffer *out, const struct challenge *challenge)
{
    buffer_printf(out, "{\"algorithm\":\"SHA-256\",\"challenge\":\"%s\",\"maxnumber\":%u,\"salt\":\"%s\",\"signature\":\"%s\"}",
                  challenge->hash, challenge->most, challenge->salt, challenge->signature);
}

/* When a salt of ours expires; 0: it is none. */
static int64_t salt_expires(const char *salt)
{
    char *end;
    if (strlen(salt) > 64 || strspn(salt, "0123456789abcdef") != 2 * SALT_BYTES ||
        strncmp(salt + 2 * SALT_BYTES, EXPIRES, sizeof EXPIRES - 1) != 0)
        return 0;
    const char *digits = salt + 2 * SALT_BYTES + sizeof EXPIRES - 1;
    const long long expires = *digits >= '1' && *digits <= '9' ? strtoll(digits, &end, 10) : 0;
    return expires > 0 && strcmp(end, "&") == 0 ? expires : 0;
}

static json_t *solution_read(const char *solution)
{
    unsigned char text[SOLUTION_MAX];
    size_t length = 0;
    if (sodium_base642bin(text, sizeof text, solution, strlen(solution), NULL, &length, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return NULL;
    return json_loadb((const char *)text, length, JSON_REJECT_DUPLICATES, NULL);
}

/* The member's text where it has the length of a hash. */
static const char *hash_member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text && strlen(text) == 64 ? text : NULL;
}

static const char *solution_fault(const json_t *solution, const unsigned char *key, int64_t now, struct solved *solved)
{
    const char *algorithm = json_string_value(json_object_get(solution, "algorithm"));
    const char *salt = json_string_value(json_object_get(solution, "salt"));
    const char *hash = hash_member(solution, "challenge"), *signature = hash_member(solution, "signature");
    const json_t *number = json_object_get(solution, "number");
    char expected[65];
    solved->expires = salt ? salt_expires(salt) : 0;
    if (!algorithm || strcmp(algorithm, "SHA-256") != 0 || !solved->expires || !hash || !signature || !json_is_integer(number) ||
        json_integer_value(number) < 0)
        return "challenge_invalid";
    hash_sign(expected, hash, key);
    if (sodium_memcmp(expected, signature, 64) != 0)
        return "challenge_invalid";
    hash_make(expected, salt, (uint64_t)json_integer_value(number));
    if (sodium_memcmp(expected, hash, 64) != 0)
        return "challenge_invalid";
    memcpy(solved->hash, expected, sizeof expected);
    return solved->expires <= now ? "challenge_expired" : NULL;
}

const char *challenge_check(const char *solution, const unsigned char *key, int64_t now, struct solved *solved)
{
    json_t *read = solution_read(solution);
    const char *fault = solution_fault(read, key, now, solved);
    json_decref(read);
    return fault;
}
