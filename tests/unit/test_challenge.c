/* SPDX-License-Identifier: EUPL-1.2
 * Challenges: what solves them is taken, and nothing that only looks like it. */
#include "challenge.h"
#include "unit.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

#define NOW 1800000000

static const unsigned char KEY[CHALLENGE_KEY_BYTES] = "thirty-two bytes of secret, so?";
static const unsigned char OTHER[CHALLENGE_KEY_BYTES] = "thirty-two bytes of secret, no?";

static long long number_of(const struct challenge *challenge)
{
    for (long long number = 0; number <= challenge->most; number++) {
        unsigned char bytes[32];
        char text[128], hash[65];
        snprintf(text, sizeof text, "%s%lld", challenge->salt, number);
        crypto_hash_sha256(bytes, (const unsigned char *)text, strlen(text));
        sodium_bin2hex(hash, sizeof hash, bytes, sizeof bytes);
        if (strcmp(hash, challenge->hash) == 0)
            return number;
    }
    fail_msg("no number solves it");
    return -1;
}

static const char *base64_of(const char *text)
{
    const size_t size = sodium_base64_encoded_len(strlen(text), sodium_base64_VARIANT_ORIGINAL);
    return sodium_bin2base64(arena_alloc(&arena, size), size, (const unsigned char *)text, strlen(text), sodium_base64_VARIANT_ORIGINAL);
}

static const char *solution_of(const struct challenge *challenge, const char *salt, long long number)
{
    return base64_of(arena_printf(&arena, "{\"algorithm\":\"SHA-256\",\"challenge\":\"%s\",\"number\":%lld,\"salt\":\"%s\",\"signature\":\"%s\",\"took\":12}",
                                  challenge->hash, number, salt, challenge->signature));
}

static void expect(const char *solution, const unsigned char *key, int64_t now, const char *fault)
{
    struct solved solved;
    const char *found = challenge_check(solution, key, now, &solved);
    if (fault ? !found || strcmp(found, fault) != 0 : found != NULL)
        fail_msg("%s: %s", solution, found ? found : "taken");
}

static void test_a_solution_is_taken_until_it_expires(void **state)
{
    (void)state;
    struct challenge challenge;
    struct solved solved;
    challenge_make(&challenge, KEY, 1000, NOW);
    const char *solution = solution_of(&challenge, challenge.salt, number_of(&challenge));
    assert_null(challenge_check(solution, KEY, NOW, &solved));
    assert_string_equal(solved.hash, challenge.hash);
    assert_int_equal(solved.expires, NOW + CHALLENGE_SECONDS);
    expect(solution, KEY, NOW + CHALLENGE_SECONDS - 1, NULL);
    expect(solution, KEY, NOW + CHALLENGE_SECONDS, "challenge_expired");
    expect(solution, OTHER, NOW, "challenge_invalid");
}

static void test_another_number_does_not_solve_it(void **state)
{
    (void)state;
    struct challenge challenge;
    challenge_make(&challenge, KEY, 1000, NOW);
    const long long number = number_of(&challenge);
    expect(solution_of(&challenge, challenge.salt, number + 1), KEY, NOW, "challenge_invalid");
    expect(solution_of(&challenge, challenge.salt, -1), KEY, NOW, "challenge_invalid");
    challenge.hash[0] = challenge.hash[0] == 'a' ? 'b' : 'a';
    expect(solution_of(&challenge, challenge.salt, number), KEY, NOW, "challenge_invalid");
}

/* "...?expires=18" + "42" and "...?expires=184" + "2" are the same bytes: no time may be stretched by the digits of the number. */
static void test_the_time_cannot_be_stretched(void **state)
{
    (void)state;
    struct challenge challenge;
    do
        challenge_make(&challenge, KEY, 1000, NOW);
    while (number_of(&challenge) < 100);
    const long long number = number_of(&challenge);
    char digits[24], *salt = arena_text(&arena, challenge.salt);
    snprintf(digits, sizeof digits, "%lld", number);
    salt[strlen(salt) - 1] = '\0'; /* without the separator */
    const char *stretched[] = {arena_printf(&arena, "%s%c", salt, digits[0]), arena_printf(&arena, "%s%c&", salt, digits[0]),
                               arena_printf(&arena, "%s&%c", salt, digits[0]), arena_printf(&arena, "%s&%c&", salt, digits[0]), salt};
    for (size_t i = 0; i < sizeof stretched / sizeof *stretched; i++) {
        expect(solution_of(&challenge, stretched[i], strtoll(digits + 1, NULL, 10)), KEY, NOW, "challenge_invalid");
        expect(solution_of(&challenge, stretched[i], number), KEY, NOW + 2 * CHALLENGE_SECONDS, "challenge_invalid");
    }
}

static void test_junk_is_refused(void **state)
{
    (void)state;
    char *endless = arena_alloc(&arena, 8001);
    memset(endless, 'A', 8000);
    endless[8000] = '\0';
    const char *junk[] = {"", "=", "e30=", "AAAA", "äöü", endless, base64_of("[]"), base64_of("{\"algorithm\":\"SHA-256\"}"),
                          base64_of("{\"algorithm\":1,\"challenge\":2,\"number\":\"3\",\"salt\":4,\"signature\":5}"),
                          base64_of("{\"algorithm\":\"SHA-256\",\"challenge\":\"\",\"number\":3,\"salt\":\"\",\"signature\":\"\"}")};
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++)
        expect(junk[i], KEY, NOW, "challenge_invalid");
}

static void test_it_is_written_as_the_protocol_says(void **state)
{
    (void)state;
    struct challenge challenge;
    struct buffer out;
    challenge_make(&challenge, KEY, 50000, NOW);
    buffer_init(&out);
    challenge_write(&out, &challenge);
    json_t *read = json_loads(buffer_text(&out), JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(json_object_size(read), 5);
    assert_string_equal(json_string_value(json_object_get(read, "algorithm")), "SHA-256");
    assert_string_equal(json_string_value(json_object_get(read, "challenge")), challenge.hash);
    assert_int_equal(json_integer_value(json_object_get(read, "maxnumber")), 50000);
    assert_string_equal(json_string_value(json_object_get(read, "salt")), challenge.salt);
    assert_non_null(strstr(challenge.salt, "?expires=1800000600&"));
    json_decref(read);
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_solution_is_taken_until_it_expires), cmocka_unit_test(test_another_number_does_not_solve_it),
        cmocka_unit_test(test_the_time_cannot_be_stretched),         cmocka_unit_test(test_junk_is_refused),
        cmocka_unit_test(test_it_is_written_as_the_protocol_says),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
