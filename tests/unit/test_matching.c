/* SPDX-License-Identifier: EUPL-1.2
 * The best matching: against all matchings there are, its order of aims, pins, forbids, parts, cut, order of input. */
#include "matching_worlds.h"

#include "banned.h"

/* What a matching is worth, most important first; the tie counts negative. */
enum { AIMS = 7 };
struct aims {
    int64_t value[AIMS];
};

static struct aims aims_of(const struct matching_instance *world, const int32_t *taken)
{
    struct aims aims = {{0}};
    for (uint32_t r = 0; r < world->request_count; r++) {
        if (taken[r] < 0)
            continue;
        const struct matching_edge *pair = &world->edges[taken[r]];
        aims.value[0]++;
        aims.value[1 + MATCHING_BANDS - 1 - world->requests[r].band]++;
        aims.value[5] += pair->score;
        aims.value[6] -= matching_tie(world, r, pair->guide);
    }
    return aims;
}

static int aims_compare(const struct aims *a, const struct aims *b)
{
    for (size_t i = 0; i < AIMS; i++)
        if (a->value[i] != b->value[i])
            return a->value[i] < b->value[i] ? -1 : 1;
    return 0;
}

/* All matchings, one after the other. */
static void brute_force(const struct matching_instance *world, uint32_t request, int32_t *left, int32_t *taken, struct aims *best)
{
    if (request == world->request_count) {
        const struct aims aims = aims_of(world, taken);
        if (aims_compare(&aims, best) > 0)
            *best = aims;
        return;
    }
    taken[request] = -1;
    brute_force(world, request + 1, left, taken, best);
    for (uint32_t i = world->requests[request].first_edge; i < matching_last_edge(world, request); i++) {
        if (left[world->edges[i].guide] == 0 || world->edges[i].forbidden)
            continue;
        left[world->edges[i].guide]--;
        taken[request] = (int32_t)i;
        brute_force(world, request + 1, left, taken, best);
        left[world->edges[i].guide]++;
    }
}

static void assert_clean(const struct matching_result *result)
{
    if (!result->certificate.clean)
        fail_msg("%s", result->certificate.fault);
    assert_true(result->certificate.primal && result->certificate.dual && result->certificate.slackness);
    assert_int_equal(result->certificate.parts, result->parts);
}

static void test_no_matching_of_a_small_world_is_better(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 1500; seed++) {
        const struct shape shape = {1 + (uint32_t)seed % 5, 1 + (uint32_t)(seed / 5) % 6, 1 + (uint32_t)seed % 3,
                                    20 + (uint32_t)(seed * 7) % 80, 1 + (uint32_t)(seed % 4 * seed % 7) * 20, 1};
        struct matching_instance world;
        struct matching_result result;
        int32_t left[8], taken[8], solved[8];
        struct aims best = {{-1}};
        world_draw(&world, seed, &shape);
        assert_true(matching_solve(&world, NULL, &result));
        assert_clean(&result);
        for (uint32_t g = 0; g < world.guide_count; g++)
            left[g] = world.guides[g].places;
        for (uint32_t r = 0; r < world.request_count; r++)
            solved[r] = (int32_t)result.edge_of[r];
        brute_force(&world, 0, left, taken, &best);
        const struct aims aims = aims_of(&world, solved);
        if (aims_compare(&aims, &best) != 0)
            fail_msg("seed %llu", (unsigned long long)seed);
        assert_int_equal(result.placed, aims.value[0]);
        assert_int_equal(result.score, aims.value[5]);
        matching_result_release(&result);
        matching_instance_release(&world);
    }
}

static void test_placing_more_comes_before_waiting_longer_before_score_before_tie(void **state)
{
    (void)state;
    struct matching_instance world;
    struct matching_result result;
    matching_instance_init(&world, 1, NOW);
    guide(&world, "ada", 1), guide(&world, "bea", 1);
    request(&world, "new", 0), request(&world, "old", 61), request(&world, "older", 70);
    indexed(&world);
    edge(&world, "new", "ada", 1000), edge(&world, "old", "ada", 1), edge(&world, "old", "bea", -50), edge(&world, "older", "bea", 900);
    closed(&world);
    assert_true(matching_solve(&world, NULL, &result));
    assert_clean(&result);
    assert_int_equal(result.placed, 2);
    assert_int_equal(guide_of(&world, &result, "old"), matching_find_guide(&world, "ada"));
    assert_int_equal(guide_of(&world, &result, "older"), matching_find_guide(&world, "bea"));
    assert_int_equal(guide_of(&world, &result, "new"), MATCHING_NONE);
    assert_int_equal(result.placed_of[MATCHING_TWO_MONTHS], 2);
    assert_int_equal(result.score, 901);
    matching_result_release(&result);
    matching_instance_release(&world);
}

static void test_a_cycle_of_preferences_is_solved(void **state)
{
    (void)state;
    struct matching_instance world;
    struct matching_result result;
    matching_instance_init(&world, 1, NOW);
    guide(&world, "a", 1), guide(&world, "b", 1), guide(&world, "c", 1);
    request(&world, "x", 0), request(&world, "y", 0), request(&world, "z", 0);
    indexed(&world);
    edge(&world, "x", "a", 10), edge(&world, "x", "b", 9), edge(&world, "y", "b", 10), edge(&world, "y", "c", 9);
    edge(&world, "z", "c", 10), edge(&world, "z", "a", 9);
    closed(&world);
    assert_true(matching_solve(&world, NULL, &result));
    assert_clean(&result);
    assert_int_equal(result.score, 30);
    for (int r = 0; r < 3; r++) {
        assert_int_equal(result.guide_of[r], r);
        assert_true(result.second_known[r]);
        assert_int_equal(result.second[r], 9);
    }
    matching_result_release(&result);
    matching_instance_release(&world);
}

static void test_bands_end_after_14_30_and_60_days(void **state)
{
    (void)state;
    static const struct {
        int days;
        enum matching_band band;
    } cases[] = {{0, MATCHING_NEW},    {13, MATCHING_NEW},   {14, MATCHING_TWO_WEEKS}, {29, MATCHING_TWO_WEEKS},
                 {30, MATCHING_MONTH}, {59, MATCHING_MONTH}, {60, MATCHING_TWO_MONTHS}, {9000, MATCHING_TWO_MONTHS}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct matching_instance world;
        matching_instance_init(&world, 1, NOW);
        request(&world, "x", cases[i].days);
        assert_int_equal(world.requests[0].band, cases[i].band);
        matching_instance_release(&world);
    }
}

static void test_pins_are_kept_and_as_many_as_possible_placed_around_them(void **state)
{
    (void)state;
    struct matching_instance world;
    struct matching_result result;
    matching_instance_init(&world, 1, NOW);
    guide(&world, "ada", 1), guide(&world, "bea", 1);
    request(&world, "x", 0), request(&world, "y", 0), request(&world, "z", 0);
    indexed(&world);
    hold(&world, "x", "ada", -100, MATCHING_PINNED), edge(&world, "x", "bea", 500);
    edge(&world, "y", "ada", 500);
    edge(&world, "z", "bea", 1);
    closed(&world);
    assert_true(matching_solve(&world, NULL, &result));
    assert_clean(&result);
    assert_int_equal(guide_of(&world, &result, "x"), matching_find_guide(&world, "ada"));
    assert_int_equal(guide_of(&world, &result, "y"), MATCHING_NONE);
    assert_int_equal(guide_of(&world, &result, "z"), matching_find_guide(&world, "bea"));
    assert_int_equal(result.pinned, 1);
    assert_int_equal(result.placed, 2);
    matching_result_release(&result);
    matching_instance_release(&world);
}

static void test_a_forbidden_pair_is_never_made_and_counted_among_the_reasons(void **state)
{
    (void)state;
    struct matching_instance world;
    struct matching_result result;
    struct matching_fault fault;
    const struct matching_request about = {.language = "ti", .speakers = 14,
                                           .reasons = {[MATCHING_FULL] = 9, [MATCHING_PAUSED] = 3, [MATCHING_DECLINED] = 2}};
    matching_instance_init(&world, 1, NOW);
    guide(&world, "ada", 1), guide(&world, "bea", 2);
    assert_true(matching_add_request(&world, "x", "", NOW, &about, &fault));
    request(&world, "y", 90);
    indexed(&world);
    edge(&world, "x", "ada", 10), hold(&world, "x", "bea", 500, MATCHING_FORBIDDEN), edge(&world, "y", "ada", 1);
    closed(&world);
    assert_true(matching_solve(&world, NULL, &result));
    assert_clean(&result);
    assert_int_equal(guide_of(&world, &result, "x"), MATCHING_NONE);
    const struct matching_why why = matching_why(&world, &result, (uint32_t)matching_find_request(&world, "x"));
    assert_string_equal(why.language, "ti");
    assert_int_equal(why.speakers, 14);
    assert_int_equal(why.reasons[MATCHING_FULL], 9);
    assert_int_equal(why.reasons[MATCHING_PAUSED], 3);
    assert_int_equal(why.reasons[MATCHING_DECLINED], 2);
    assert_int_equal(why.taken, 1);
    assert_int_equal(why.forbidden, 1);
    matching_result_release(&result);
    matching_instance_release(&world);
}

/* The same world with everything added in an order drawn by seed. */
static void world_shuffle(const struct matching_instance *world, uint64_t seed, struct matching_instance *other)
{
    struct matching_fault fault;
    uint32_t *order = malloc((world->edge_count + world->guide_count + world->request_count) * sizeof *order);
    const uint32_t counts[] = {world->guide_count, world->request_count, world->edge_count};
    assert_non_null(order);
    matching_instance_init(other, world->seed, world->at);
    for (int list = 0; list < 3; list++) {
        for (uint32_t i = 0; i < counts[list]; i++)
            order[i] = i;
        for (uint32_t i = counts[list]; i > 1; i--) {
            const uint32_t k = draw(&seed, i), kept = order[i - 1];
            order[i - 1] = order[k];
            order[k] = kept;
        }
        for (uint32_t i = 0; i < counts[list]; i++)
            if (list == 0) {
                const struct matching_guide *g = &world->guides[order[i]];
                assert_true(matching_add_guide(other, g->id, g->places, g->price, &fault));
            } else if (list == 1) {
                const struct matching_request *r = &world->requests[order[i]];
                assert_true(matching_add_request(other, r->id, r->city, r->waiting_since, NULL, &fault));
            } else {
                const struct matching_edge *e = &world->edges[order[i]];
                assert_true(matching_add_edge(other, e->request, e->guide, e->score, MATCHING_FREE, NULL, &fault));
            }
        if (list == 1)
            indexed(other);
    }
    closed(other);
    free(order);
}

static void test_a_shuffled_snapshot_gives_the_same_matching(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        const struct shape shape = {30, 60, 2, 15, 1 + (uint32_t)seed % 5, 4};
        const struct matching_settings settings = {.whole_max = seed % 2 ? 0 : 20, .cut_above = 10, .cut_to = 3};
        struct matching_instance world, other;
        struct matching_result first, second;
        world_draw(&world, seed, &shape);
        world_shuffle(&world, seed, &other);
        assert_true(matching_solve(&world, &settings, &first));
        assert_true(matching_solve(&other, &settings, &second));
        assert_clean(&first);
        assert_memory_equal(first.guide_of, second.guide_of, world.request_count * sizeof *first.guide_of);
        assert_memory_equal(first.request_potential, second.request_potential, world.request_count * sizeof(int64_t));
        assert_int_equal(first.cut, second.cut);
        matching_result_release(&first);
        matching_result_release(&second);
        matching_instance_release(&world);
        matching_instance_release(&other);
    }
}

static void test_above_the_bound_each_city_is_solved_for_itself_and_the_result_says_so(void **state)
{
    (void)state;
    const struct shape shape = {12, 40, 2, 30, 50, 5};
    const struct matching_settings settings = {.whole_max = 39};
    struct matching_instance world;
    struct matching_result whole, parts;
    world_draw(&world, 5, &shape);
    assert_true(matching_solve(&world, NULL, &whole));
    assert_true(matching_solve(&world, &settings, &parts));
    assert_int_equal(whole.parts, 1);
    assert_int_equal(parts.parts, 5);
    assert_clean(&parts);
    assert_true(parts.placed <= whole.placed);
    for (uint32_t r = 0; r < world.request_count; r++)
        for (uint32_t o = 0; o < r; o++)
            assert_int_equal(parts.part_of[r] == parts.part_of[o], strcmp(world.requests[r].city, world.requests[o].city) == 0);
    matching_result_release(&whole);
    matching_result_release(&parts);
    matching_instance_release(&world);
}

static void test_the_cut_keeps_the_best_and_spreads_the_others(void **state)
{
    (void)state;
    const struct shape shape = {100, 20, 1, 100, 1000, 1};
    const struct matching_settings settings = {.cut_above = 19, .cut_to = 10};
    struct matching_instance world;
    struct matching_result result;
    world_draw(&world, 3, &shape);
    assert_true(matching_solve(&world, &settings, &result));
    assert_clean(&result);
    assert_int_equal(result.cut, 20 * 90);
    for (uint32_t r = 0; r < world.request_count; r++) {
        int better[10] = {0}, kept = 0;
        for (uint32_t i = world.requests[r].first_edge; i < matching_last_edge(&world, r); i++)
            if (!world.edges[i].cut) {
                for (uint32_t k = world.requests[r].first_edge; k < matching_last_edge(&world, r); k++)
                    better[kept] += world.edges[k].score > world.edges[i].score;
                kept++;
            }
        int best = 0;
        for (int i = 0; i < 10; i++)
            best += better[i] < 5;
        assert_int_equal(kept, 10);
        assert_true(best >= 5);
    }
    matching_result_release(&result);
    assert_true(matching_solve(&world, NULL, &result)); /* a cut does not outlive its round */
    assert_int_equal(result.cut, 0);
    assert_int_equal(result.placed, 20);
    matching_result_release(&result);
    matching_instance_release(&world);
}

static void test_figures_at_their_bounds_do_not_overflow(void **state)
{
    (void)state;
    struct matching_instance world;
    struct matching_result result;
    struct matching_fault fault;
    char id[16];
    matching_instance_init(&world, UINT64_MAX, NOW);
    guide(&world, "low", 1), guide(&world, "high", 1);
    for (int i = 0; i < MATCHING_REQUESTS_MAX; i++) {
        snprintf(id, sizeof id, "%d", i);
        request(&world, id, 100000);
    }
    assert_false(matching_add_request(&world, "one more", "", NOW, NULL, &fault));
    assert_int_equal(fault.code, MATCHING_TOO_MANY);
    matching_instance_release(&world);
    matching_instance_init(&world, UINT64_MAX, NOW);
    guide(&world, "low", 1), guide(&world, "high", 1);
    for (int i = 0; i < MATCHING_REQUESTS_MAX; i++) {
        snprintf(id, sizeof id, "%d", i);
        request(&world, id, 100000);
    }
    indexed(&world);
    for (int i = 0; i < MATCHING_REQUESTS_MAX; i++) {
        assert_true(matching_add_edge(&world, i, 0, i % 2 ? MATCHING_SCORE_MAX : -MATCHING_SCORE_MAX, MATCHING_FREE, NULL, &fault));
        assert_true(matching_add_edge(&world, i, 1, i % 2 ? -MATCHING_SCORE_MAX : MATCHING_SCORE_MAX, MATCHING_FREE, NULL, &fault));
    }
    closed(&world);
    const struct matching_settings settings = {.whole_max = MATCHING_REQUESTS_MAX};
    const struct matching_scale scale = matching_scale(&world);
    assert_true(matching_drop_cost(&scale, &world.requests[0]) < INT64_C(1) << 60);
    assert_true(matching_solve(&world, &settings, &result));
    assert_clean(&result);
    assert_int_equal(result.placed, 2);
    assert_int_equal(result.score, 2 * MATCHING_SCORE_MAX);
    matching_result_release(&result);
    matching_instance_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_matching_of_a_small_world_is_better),
        cmocka_unit_test(test_placing_more_comes_before_waiting_longer_before_score_before_tie),
        cmocka_unit_test(test_a_cycle_of_preferences_is_solved),
        cmocka_unit_test(test_bands_end_after_14_30_and_60_days),
        cmocka_unit_test(test_pins_are_kept_and_as_many_as_possible_placed_around_them),
        cmocka_unit_test(test_a_forbidden_pair_is_never_made_and_counted_among_the_reasons),
        cmocka_unit_test(test_a_shuffled_snapshot_gives_the_same_matching),
        cmocka_unit_test(test_above_the_bound_each_city_is_solved_for_itself_and_the_result_says_so),
        cmocka_unit_test(test_the_cut_keeps_the_best_and_spreads_the_others),
        cmocka_unit_test(test_figures_at_their_bounds_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
