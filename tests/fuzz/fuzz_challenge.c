/* SPDX-License-Identifier: EUPL-1.2
 * No solution is taken but that of a challenge we made, unchanged and in its time: the input as a solution, as the JSON in one, and in place
 * of each member of a right one. */
#include "challenge.h"
#include "fuzz.h"
#include "target.h"

#include <jansson.h>
#include <sodium.h>
#include <string.h>

#include "banned.h"

enum { NOW = 1800000000 };
static const unsigned char KEY[CHALLENGE_KEY_BYTES] = "a key of which nobody knows much";

static const char *verdict(const char *json, int64_t now, struct solved *solved)
{
    const size_t size = sodium_base64_ENCODED_LEN(strlen(json), sodium_base64_VARIANT_ORIGINAL);
    char *coded = malloc(size);
    require(coded != NULL);
    sodium_bin2base64(coded, size, (const unsigned char *)json, strlen(json), sodium_base64_VARIANT_ORIGINAL);
    const char *fault = challenge_check(coded, KEY, now, solved);
    free(coded);
    return fault;
}

/* The number is found by trying. */
static json_t *solve(void)
{
    struct challenge challenge;
    struct solved solved;
    challenge_make(&challenge, KEY, 1, NOW);
    for (int number = 0;; number++) {
        json_t *solution = json_pack("{ss ss si ss ss}", "algorithm", "SHA-256", "challenge", challenge.hash, "number", number, "salt",
                                     challenge.salt, "signature", challenge.signature);
        char *text = json_dumps(solution, JSON_COMPACT);
        const bool right = verdict(text, NOW, &solved) == NULL;
        require(number <= 1 && (!right || (solved.expires == NOW + CHALLENGE_SECONDS && strcmp(solved.hash, challenge.hash) == 0)));
        const char *late = right ? verdict(text, NOW + CHALLENGE_SECONDS, &solved) : NULL;
        require(!right || strcmp(late, "challenge_expired") == 0);
        free(text);
        if (right)
            return solution;
        json_decref(solution);
    }
}

static void refused(const char *fault)
{
    require(fault && strcmp(fault, "challenge_invalid") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static json_t *solution;
    struct arena arena;
    struct solved solved;
    const char *name;
    json_t *member;
    arena_init(&arena, 0);
    const char *text = arena_copy(&arena, (const char *)data, size);
    solution = solution ? solution : solve();
    refused(challenge_check(text, KEY, NOW, &solved));
    refused(verdict(text, NOW, &solved));
    json_t *given = json_loads(text, JSON_DECODE_ANY, NULL), *value = given ? given : json_string(text);
    json_object_foreach(solution, name, member) {
        json_t *changed = json_copy(solution);
        if (value && !json_equal(member, value)) {
            json_object_set(changed, name, value);
            char *forged = json_dumps(changed, JSON_COMPACT);
            refused(verdict(forged, NOW, &solved));
            free(forged);
        }
        json_decref(changed);
    }
    json_decref(value);
    arena_release(&arena);
    return 0;
}
