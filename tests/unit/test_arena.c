/* SPDX-License-Identifier: EUPL-1.2
 * The arena: pieces that do not touch, big ones, overflow, and cleanups in their order. */
#include "arena.h"

#include <stdalign.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "banned.h"

static void test_pieces_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct arena arena;
    unsigned char *pieces[200];
    arena_init(&arena, 64);
    for (size_t i = 0; i < 200; i++) {
        pieces[i] = arena_alloc(&arena, i);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        for (size_t k = 0; k < i; k++)
            assert_int_equal(pieces[i][k], 0);
        memset(pieces[i], (int)i, i);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_equal(pieces[i][k], i);
    arena_release(&arena);
}

static void test_a_large_piece_leaves_the_open_block_in_use(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    const char *before = arena_alloc(&arena, 16);
    assert_non_null(arena_alloc(&arena, 1 << 20));
    const char *after = arena_alloc(&arena, 16);
    assert_ptr_equal(after, before + 16);
    arena_release(&arena);
}

static void test_sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 32));
    assert_null(arena_array(&arena, SIZE_MAX / 2, 3));
    assert_null(arena_copy(&arena, "", SIZE_MAX));
    assert_non_null(arena_array(&arena, 3, 0));
    assert_non_null(arena_array(&arena, 0, 3));
    arena_release(&arena);
}

static void test_texts_are_copied_and_terminated(void **state)
{
    (void)state;
    struct arena arena;
    char source[] = "guide and newcomer";
    arena_init(&arena, 0);
    const char *copy = arena_copy(&arena, source, 5), *text = arena_text(&arena, source);
    const char *printed = arena_printf(&arena, "%s/%d", source, 7);
    source[0] = 'X';
    assert_string_equal(copy, "guide");
    assert_string_equal(text, "guide and newcomer");
    assert_string_equal(printed, "guide and newcomer/7");
    assert_string_equal(arena_copy(&arena, NULL, 0), "");
    arena_release(&arena);
}

static char order[8];

static void note(void *thing)
{
    const size_t length = strlen(order);
    order[length] = *(const char *)thing;
    order[length + 1] = '\0';
}

static void test_cleanups_run_once_newest_first_while_the_memory_still_lives(void **state)
{
    (void)state;
    struct arena arena;
    order[0] = '\0';
    arena_init(&arena, 0);
    for (const char *at = "abc"; *at; at++)
        assert_true(arena_defer(&arena, note, arena_copy(&arena, at, 1)));
    arena_release(&arena);
    assert_string_equal(order, "cba");
    arena_release(&arena);
    assert_string_equal(order, "cba");
}

static void test_a_released_arena_may_be_used_again(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    arena_text(&arena, "once");
    arena_release(&arena);
    assert_string_equal(arena_text(&arena, "again"), "again");
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(test_a_large_piece_leaves_the_open_block_in_use),
        cmocka_unit_test(test_sizes_that_overflow_are_refused),
        cmocka_unit_test(test_texts_are_copied_and_terminated),
        cmocka_unit_test(test_cleanups_run_once_newest_first_while_the_memory_still_lives),
        cmocka_unit_test(test_a_released_arena_may_be_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
