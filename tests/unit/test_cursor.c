/* SPDX-License-Identifier: EUPL-1.2
 * Cursors: they open for the list and filter they were made for, and for nothing else. */
#include "cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "banned.h"

static const unsigned char KEY[CURSOR_KEY_BYTES] = "thirty-two bytes of secret, so?";
static const unsigned char OTHER_KEY[CURSOR_KEY_BYTES] = "thirty-two bytes of secret, no?";
static const struct cursor_scope SCOPE = {KEY, "list_guides", "city=essen&"};
static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void test_a_place_comes_back(void **state)
{
    (void)state;
    static const char *const places[] = {"[]", "[\"2026-11-22\",\"é\"]", "x"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *cursor = cursor_sign(&SCOPE, places[i], &arena);
        assert_int_equal(strspn(cursor, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), strlen(cursor));
        assert_string_equal(cursor_open(&SCOPE, cursor, &arena), places[i]);
    }
}

static void test_another_list_filter_or_key_does_not_open_it(void **state)
{
    (void)state;
    const char *cursor = cursor_sign(&SCOPE, "[1]", &arena);
    const struct cursor_scope others[] = {{KEY, "list_matches", "city=essen&"},
                                          {KEY, "list_guides", "city=bochum&"},
                                          {KEY, "list_guides", ""},
                                          {KEY, "list_guidescity", "=essen&"}, /* the same bytes, split elsewhere */
                                          {OTHER_KEY, "list_guides", "city=essen&"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_null(cursor_open(&others[i], cursor, &arena));
}

static void test_a_changed_cursor_does_not_open(void **state)
{
    (void)state;
    const char *cursor = cursor_sign(&SCOPE, "[1,2,3]", &arena);
    for (size_t i = 0; cursor[i]; i++) {
        char *changed = arena_text(&arena, cursor);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_null(cursor_open(&SCOPE, changed, &arena));
        assert_null(cursor_open(&SCOPE, arena_copy(&arena, cursor, i), &arena));
    }
    assert_null(cursor_open(&SCOPE, arena_printf(&arena, "%sA", cursor), &arena));
    assert_null(cursor_open(&SCOPE, arena_printf(&arena, "%s=", cursor), &arena));
}

static void test_junk_does_not_open(void **state)
{
    (void)state;
    static const char *const junk[] = {"", "=", "a", "%", "äöü", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++)
        assert_null(cursor_open(&SCOPE, junk[i], &arena));
    char *long_one = arena_alloc(&arena, 1 << 20);
    memset(long_one, 'A', (1 << 20) - 1);
    assert_null(cursor_open(&SCOPE, long_one, &arena));
}

static void test_the_longest_place_that_is_signed_also_opens(void **state)
{
    (void)state;
    char place[1026];
    memset(place, '1', sizeof place);
    place[1025] = '\0';
    assert_null(cursor_sign(&SCOPE, place, &arena));
    place[1024] = '\0';
    assert_string_equal(cursor_open(&SCOPE, cursor_sign(&SCOPE, place, &arena), &arena), place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_place_comes_back),
        cmocka_unit_test(test_another_list_filter_or_key_does_not_open_it),
        cmocka_unit_test(test_a_changed_cursor_does_not_open),
        cmocka_unit_test(test_junk_does_not_open),
        cmocka_unit_test(test_the_longest_place_that_is_signed_also_opens),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
