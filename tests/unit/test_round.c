/* SPDX-License-Identifier: EUPL-1.2
 * A result that is not proved is written nowhere: these tests have no database, and would crash at the first statement. */
#include "matching_round.h"

#include "log.h"
#include "unit.h"

#include "banned.h"

/* Two requests, two guides with one place each; the first guide speaks to both, the second to one. */
static void round_make(struct round *round)
{
    struct matching_fault fault;
    struct matching_instance *world = &round->instance;
    *round = (struct round){.requests = 2, .guides = 2, .pairs = 3, .weights = "1", .started_at = "2026-11-28T00:00:00Z", .id = "r"};
    arena_init(&round->arena, 0);
    matching_instance_init(world, 7, 1000);
    assert_true(matching_add_guide(world, "a", 1, 0, &fault) && matching_add_guide(world, "b", 1, 0, &fault));
    assert_true(matching_add_request(world, "x", "", 0, NULL, &fault) && matching_add_request(world, "y", "", 0, NULL, &fault));
    assert_true(matching_index(world, &fault));
    assert_true(matching_add_edge(world, 0, 0, 900, MATCHING_FREE, NULL, &fault));
    assert_true(matching_add_edge(world, 0, 1, 100, MATCHING_FREE, NULL, &fault));
    assert_true(matching_add_edge(world, 1, 0, 500, MATCHING_FREE, NULL, &fault));
    assert_true(matching_close(world, &fault) && round_solve(round));
}

static void test_a_solution_is_proved(void **state)
{
    (void)state;
    struct round round;
    struct matching_certificate certificate;
    round_make(&round);
    assert_true(round_proved(&round, &certificate) && certificate.clean);
    assert_int_equal(round_placed(&round), 2);
    json_t *pairs = round_pairs(&round);
    assert_int_equal(json_array_size(pairs), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(pairs, 0), "guide")), "b");
    json_decref(pairs);
    round_release(&round);
}

/* The place given to whom greed would give it; nobody beside: each is found out. */
static void test_a_result_that_is_not_the_best_is_not_written(void **state)
{
    (void)state;
    for (int wrong = 0; wrong < 3; wrong++) {
        struct round round;
        int asked = 4711;
        round_make(&round);
        if (wrong == 0) {
            round.result.guide_of[0] = 0;
            round.result.edge_of[0] = 0;
        } else if (wrong == 1) {
            round.result.guide_of[1] = MATCHING_NONE;
            round.result.edge_of[1] = MATCHING_NONE;
            round.result.placed--;
        } else
            round.result.request_potential[0] += 1;
        assert_false(round_write(&round, NULL, NULL, &asked));
        assert_int_equal(asked, 4711);
        assert_non_null(strstr(round.error, "not proved"));
        round_release(&round);
    }
}

static void test_a_snapshot_without_guides_has_nothing_to_prove(void **state)
{
    (void)state;
    struct round round = {.requests = 1};
    struct matching_certificate certificate;
    arena_init(&round.arena, 0);
    matching_instance_init(&round.instance, 1, 1);
    assert_true(round_solve(&round) && round_proved(&round, &certificate));
    assert_int_equal(round_placed(&round), 0);
    assert_null(round_edge(&round, 0));
    round_release(&round);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_solution_is_proved),
        cmocka_unit_test(test_a_result_that_is_not_the_best_is_not_written),
        cmocka_unit_test(test_a_snapshot_without_guides_has_nothing_to_prove),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
