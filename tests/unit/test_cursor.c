/* SPDX-License-Identifier: EUPL-1.2
 * Cursors: they open for the list and filter they were made for, and for nothing else. */
#include "cursor.h"
#include "unit.h"

#include <string.h>

#include "banned.h"

static const unsigned char KEY[CURSOR_KEY_BYTES] = "thirty-two bytes of secret, so?";
static const unsigned char OTHER_KEY[CURSOR_KEY_BYTES] = "thirty-two bytes of secret, no?";
static const struct cursor_scope SCOPE = {KEY, "list_guides", "city=essen&"};

/* The place, or NULL. */
static const char *opened(const struct cursor_scope *scope, const char *cursor)
{
    static char place[CURSOR_PLACE_MAX + 1];
    return cursor_open(scope, cursor, place) ? place : NULL;
}

static void test_a_place_comes_back(void **state)
{
    (void)state;
    static const char *const places[] = {"[]", "[\"2026-11-22\",\"é\"]", "x"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *cursor = cursor_sign(&SCOPE, places[i], &arena);
        assert_int_equal(strspn(cursor, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), strlen(cursor));
        assert_string_equal(opened(&SCOPE, cursor), places[i]);
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
        assert_null(opened(&others[i], cursor));
}

static void test_a_changed_cursor_does_not_open(void **state)
{
    (void)state;
    const char *cursor = cursor_sign(&SCOPE, "[1,2,3]", &arena);
    for (size_t i = 0; cursor[i]; i++) {
        char *changed = arena_text(&arena, cursor);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_null(opened(&SCOPE, changed));
        assert_null(opened(&SCOPE, arena_copy(&arena, cursor, i)));
    }
    assert_null(opened(&SCOPE, arena_printf(&arena, "%sA", cursor)));
    assert_null(opened(&SCOPE, arena_printf(&arena, "%s=", cursor)));
}

static void test_junk_does_not_open(void **state)
{
    (void)state;
    static const char *const junk[] = {"", "=", "a", "%", "äöü", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++)
        assert_null(opened(&SCOPE, junk[i]));
    char *long_one = arena_alloc(&arena, 1 << 20);
    memset(long_one, 'A', (1 << 20) - 1);
    assert_null(opened(&SCOPE, long_one));
}

static void test_the_longest_place_that_is_signed_also_opens(void **state)
{
    (void)state;
    char place[CURSOR_PLACE_MAX + 2];
    memset(place, '1', sizeof place);
    place[CURSOR_PLACE_MAX + 1] = '\0';
    assert_null(cursor_sign(&SCOPE, place, &arena));
    place[CURSOR_PLACE_MAX] = '\0';
    assert_string_equal(opened(&SCOPE, cursor_sign(&SCOPE, place, &arena)), place);
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
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
