/* SPDX-License-Identifier: EUPL-1.2
 * Prices: never negative, nothing where places stay free, the same for the same night, high where somebody is missed. */
#include "matching_prices.h"
#include "matching_worlds.h"

#include "banned.h"

static void test_prices_are_never_negative_and_the_same_for_the_same_night(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        const struct shape shape = {20, 120, 2, 4 + (uint32_t)seed % 20, 600, 1};
        const struct matching_price_settings settings = {.seed = seed, .draw = 40, .worth = (int32_t)(seed % 3) * 200};
        struct matching_instance world;
        int32_t prices[20], again[20];
        world_draw(&world, seed, &shape);
        assert_true(matching_learn_prices(&world, &settings, prices));
        assert_true(matching_learn_prices(&world, &settings, again));
        assert_memory_equal(prices, again, sizeof prices);
        for (int g = 0; g < 20; g++)
            assert_true(prices[g] >= 0);
        matching_instance_release(&world);
    }
}

/* One rare guide whom some need, a hundred places of others whom nearly all may have. */
static void rare_world(struct matching_instance *world)
{
    char id[16];
    matching_instance_init(world, 1, NOW);
    guide(world, "rare", 1), guide(world, "many", 100), guide(world, "idle", 3);
    for (int r = 0; r < 100; r++) {
        snprintf(id, sizeof id, "r%d", r);
        request(world, id, 0);
    }
    indexed(world);
    for (int r = 0; r < 100; r++) {
        snprintf(id, sizeof id, "r%d", r);
        edge(world, id, "rare", 900);
        if (r % 4)
            edge(world, id, "many", 800);
    }
    closed(world);
}

static void test_who_is_missed_has_a_price_and_who_has_places_left_has_none(void **state)
{
    (void)state;
    const struct matching_price_settings settings = {.seed = 7, .draw = 30, .worth = 100};
    struct matching_instance world;
    int32_t prices[3];
    rare_world(&world);
    assert_true(matching_learn_prices(&world, &settings, prices));
    /* One more place would help a request that is left out: its score and the worth of a placement. */
    assert_int_equal(prices[matching_find_guide(&world, "rare")], 1000);
    assert_int_equal(prices[matching_find_guide(&world, "many")], 0);
    assert_int_equal(prices[matching_find_guide(&world, "idle")], 0);
    assert_int_equal(matching_price_term(1000), -500);
    assert_int_equal(matching_price_term(91), -45);
    matching_instance_release(&world);
}

static void test_settings_out_of_range_and_an_open_snapshot_are_refused(void **state)
{
    (void)state;
    static const struct matching_price_settings wrong[] = {
        {.draw = 0}, {.draw = MATCHING_REQUESTS_MAX + 1}, {.draw = 1, .worth = -1}, {.draw = 1, .worth = MATCHING_SCORE_MAX + 1}};
    const struct matching_price_settings right = {.draw = 1};
    struct matching_instance world;
    int32_t prices[3];
    rare_world(&world);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(matching_learn_prices(&world, &wrong[i], prices));
    assert_true(matching_learn_prices(&world, &right, prices));
    world.state = MATCHING_INDEXED;
    assert_false(matching_learn_prices(&world, &right, prices));
    matching_instance_release(&world);
}

static void test_scores_that_nobody_would_pay_for_cost_nothing(void **state)
{
    (void)state;
    const struct matching_price_settings settings = {.seed = 1, .draw = 10};
    struct matching_instance world;
    int32_t price;
    matching_instance_init(&world, 1, NOW);
    guide(&world, "ada", 1), request(&world, "x", 0);
    indexed(&world);
    edge(&world, "x", "ada", -50);
    closed(&world);
    assert_true(matching_learn_prices(&world, &settings, &price));
    assert_int_equal(price, 0);
    matching_instance_release(&world);
}

static void test_without_a_past_the_scarcest_language_spoken_counts(void **state)
{
    (void)state;
    static const int32_t places[] = {2, 1, 1};
    static const uint32_t demand[] = {70, 20, 10, 0};
    static const struct matching_speaker speakers[] = {{0, 0}, {1, 0}, {1, 1}, {2, 3}};
    struct matching_scarcity scarcity = {places, 3, demand, 4, speakers, 4, 10};
    int32_t prices[3];
    assert_true(matching_cold_prices(&scarcity, prices));
    assert_int_equal(prices[0], MATCHING_PRICE_COLD * 4 / 7); /* 7 expected, 3 places */
    assert_int_equal(prices[1], MATCHING_PRICE_COLD * 4 / 7); /* more than for the second: 2 expected, 1 place */
    assert_int_equal(prices[2], 0);
    scarcity.draw = 4; /* 2.8 and 0.8 expected */
    assert_true(matching_cold_prices(&scarcity, prices));
    assert_int_equal(prices[0] + prices[1] + prices[2], 0);
    scarcity.draw = MATCHING_REQUESTS_MAX + 1;
    assert_false(matching_cold_prices(&scarcity, prices));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prices_are_never_negative_and_the_same_for_the_same_night),
        cmocka_unit_test(test_who_is_missed_has_a_price_and_who_has_places_left_has_none),
        cmocka_unit_test(test_settings_out_of_range_and_an_open_snapshot_are_refused),
        cmocka_unit_test(test_scores_that_nobody_would_pay_for_cost_nothing),
        cmocka_unit_test(test_without_a_past_the_scarcest_language_spoken_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
