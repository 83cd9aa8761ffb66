/* SPDX-License-Identifier: EUPL-1.2
 * Snapshots that are refused, with the code and the place; and a certificate that notices whatever is wrong with a result. */
#include "matching_worlds.h"

#include "banned.h"

static struct matching_instance world;
static struct matching_fault fault;

static int world_open(void **state)
{
    (void)state;
    matching_instance_init(&world, 1, NOW);
    fault = (struct matching_fault){.pointer = ""};
    return 0;
}

static int world_release(void **state)
{
    (void)state;
    matching_instance_release(&world);
    return 0;
}

static void assert_fault(bool done, enum matching_fault_code code, const char *pointer)
{
    assert_false(done);
    assert_string_equal(matching_fault_name(fault.code), matching_fault_name(code));
    assert_string_equal(fault.pointer, pointer);
}

static void test_ids_have_1_to_64_bytes_and_stand_once(void **state)
{
    (void)state;
    static const char longest[] = "0123456789012345678901234567890123456789012345678901234567890123";
    static const char longer[] = "01234567890123456789012345678901234567890123456789012345678901234";
    assert_true(matching_add_guide(&world, longest, 1, 0, &fault));
    assert_fault(matching_add_guide(&world, "", 1, 0, &fault), MATCHING_ID_LENGTH, "/guides/1/id");
    assert_fault(matching_add_guide(&world, longer, 1, 0, &fault), MATCHING_ID_LENGTH, "/guides/1/id");
    assert_fault(matching_add_request(&world, longer, "", NOW, NULL, &fault), MATCHING_ID_LENGTH, "/requests/0/id");
    assert_fault(matching_add_request(&world, "x", longer, NOW, NULL, &fault), MATCHING_ID_LENGTH, "/requests/0/city");
    request(&world, "x", 1), request(&world, "a", 1), request(&world, "x", 2);
    assert_fault(matching_index(&world, &fault), MATCHING_DUPLICATE, "/requests/2/id");
    guide(&world, longest, 2);
    assert_fault(matching_index(&world, &fault), MATCHING_DUPLICATE, "/guides/1/id");
}

static void test_a_guide_has_places_and_a_price_within_bounds(void **state)
{
    (void)state;
    static const int64_t places[] = {0, -1, INT64_MIN, MATCHING_PLACES_MAX + 1, INT64_MAX}, prices[] = {-1, INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        assert_fault(matching_add_guide(&world, "a", places[i], 0, &fault), MATCHING_PLACES_RANGE, "/guides/0/places");
    for (size_t i = 0; i < sizeof prices / sizeof *prices; i++)
        assert_fault(matching_add_guide(&world, "a", 1, prices[i], &fault), MATCHING_PRICE_RANGE, "/guides/0/price");
}

static void test_a_request_waits_since_before_and_its_reasons_fit(void **state)
{
    (void)state;
    const struct matching_request about = {.language = "ti", .speakers = 3, .reasons = {[MATCHING_FULL] = 2, [MATCHING_FAR] = 2}};
    const struct matching_request most = {.speakers = UINT32_MAX, .reasons = {UINT32_MAX, UINT32_MAX}};
    assert_fault(matching_add_request(&world, "x", "", NOW + 1, NULL, &fault), MATCHING_FUTURE, "/requests/0/waiting_since");
    assert_fault(matching_add_request(&world, "x", "", NOW, &about, &fault), MATCHING_REASONS_SUM, "/requests/0/reasons");
    assert_fault(matching_add_request(&world, "x", "", NOW, &most, &fault), MATCHING_REASONS_SUM, "/requests/0/reasons");
    assert_true(matching_add_request(&world, "x", "", INT64_MIN, NULL, &fault));
    assert_int_equal(world.requests[0].band, MATCHING_TWO_MONTHS);
}

static void test_without_guides_or_without_requests_there_is_nothing_to_match(void **state)
{
    (void)state;
    assert_fault(matching_index(&world, &fault), MATCHING_NO_GUIDES, "/guides");
    guide(&world, "ada", 1);
    assert_fault(matching_index(&world, &fault), MATCHING_NO_REQUESTS, "/requests");
}

static void test_a_snapshot_is_built_in_its_order(void **state)
{
    (void)state;
    struct matching_result result;
    guide(&world, "ada", 1), request(&world, "x", 0);
    assert_fault(matching_add_edge(&world, 0, 0, 1, MATCHING_FREE, NULL, &fault), MATCHING_STATE, "");
    assert_fault(matching_close(&world, &fault), MATCHING_STATE, "");
    indexed(&world);
    assert_fault(matching_index(&world, &fault), MATCHING_STATE, "");
    assert_fault(matching_add_guide(&world, "bea", 1, 0, &fault), MATCHING_STATE, "");
    assert_fault(matching_add_request(&world, "y", "", NOW, NULL, &fault), MATCHING_STATE, "");
    assert_false(matching_solve(&world, NULL, &result));
    assert_false(matching_greedy(&world, &result));
    closed(&world);
    assert_fault(matching_add_edge(&world, 0, 0, 1, MATCHING_FREE, NULL, &fault), MATCHING_STATE, "");
}

static void test_an_edge_names_its_ends_and_a_score_that_its_terms_explain(void **state)
{
    (void)state;
    const int64_t terms[MATCHING_CRITERIA] = {[MATCHING_LANGUAGE] = 660, [MATCHING_LOAD] = -50};
    const int64_t huge[MATCHING_CRITERIA] = {INT64_MAX, 1, INT64_MAX, 1, INT64_MAX};
    guide(&world, "ada", 1), request(&world, "x", 0);
    indexed(&world);
    assert_fault(matching_add_edge(&world, matching_find_request(&world, "y"), 0, 1, MATCHING_FREE, NULL, &fault), MATCHING_UNKNOWN,
                 "/edges/0/request");
    assert_fault(matching_add_edge(&world, 0, 1, 1, MATCHING_FREE, NULL, &fault), MATCHING_UNKNOWN, "/edges/0/guide");
    assert_fault(matching_add_edge(&world, 0, 0, MATCHING_SCORE_MAX + 1, MATCHING_FREE, NULL, &fault), MATCHING_SCORE_RANGE,
                 "/edges/0/score");
    assert_fault(matching_add_edge(&world, 0, 0, INT64_MIN, MATCHING_FREE, NULL, &fault), MATCHING_SCORE_RANGE, "/edges/0/score");
    assert_fault(matching_add_edge(&world, 0, 0, 611, MATCHING_FREE, terms, &fault), MATCHING_TERMS_SUM, "/edges/0/terms");
    assert_fault(matching_add_edge(&world, 0, 0, 1, MATCHING_FREE, huge, &fault), MATCHING_SCORE_RANGE, "/edges/0/terms");
    assert_true(matching_add_edge(&world, 0, 0, 610, MATCHING_FREE, terms, &fault));
    assert_true(matching_add_edge(&world, 0, 0, 610, MATCHING_FREE, terms, &fault));
    assert_fault(matching_close(&world, &fault), MATCHING_DUPLICATE, "/edges/1");
}

static void test_pins_contradict_neither_forbids_nor_each_other_nor_places(void **state)
{
    (void)state;
    guide(&world, "ada", 1), guide(&world, "bea", 5), request(&world, "x", 0), request(&world, "y", 0);
    indexed(&world);
    assert_fault(matching_add_edge(&world, 0, 0, 1, MATCHING_PINNED_AND_FORBIDDEN, NULL, &fault), MATCHING_PIN_FORBIDDEN, "/edges/0");
    hold(&world, "x", "ada", 1, MATCHING_PINNED), hold(&world, "y", "ada", 1, MATCHING_PINNED);
    assert_fault(matching_close(&world, &fault), MATCHING_PINS_OF_GUIDE, "/edges/1");
    hold(&world, "x", "bea", 1, MATCHING_PINNED);
    assert_fault(matching_close(&world, &fault), MATCHING_PINS_OF_REQUEST, "/edges/2");
}

/* A scarce world and its result. */
static void world_solve(struct matching_result *result, const struct matching_settings *settings)
{
    const struct shape shape = {10, 30, 2, 30, 40, 3};
    matching_instance_release(&world);
    world_draw(&world, 11, &shape);
    assert_true(matching_solve(&world, settings, result));
    assert_true(result->certificate.clean);
}

static bool is_clean(const struct matching_result *result)
{
    struct matching_certificate certificate;
    matching_certify(&world, result, &certificate);
    assert_true(certificate.clean == (certificate.fault[0] == '\0'));
    return certificate.clean;
}

static void test_a_certificate_notices_every_single_change(void **state)
{
    (void)state;
    static const struct matching_settings all[] = {{0}, {.whole_max = 5}};
    for (size_t s = 0; s < sizeof all / sizeof *all; s++) {
        struct matching_result result;
        world_solve(&result, &all[s]);
        for (uint32_t r = 0; r < world.request_count; r++) {
            const int32_t kept = result.guide_of[r];
            for (int32_t g = MATCHING_NONE; g < (int32_t)world.guide_count; g++) {
                result.guide_of[r] = g;
                if (g != kept)
                    assert_false(is_clean(&result));
            }
            result.guide_of[r] = kept;
            result.request_potential[r]++;
            assert_false(is_clean(&result));
            result.request_potential[r] -= 2;
            assert_false(is_clean(&result));
            result.request_potential[r]++;
        }
        for (uint32_t i = 0; i < result.parts * world.guide_count; i++) {
            if (result.guide_potential[i]-- == 0)
                assert_false(is_clean(&result)); /* negative */
            result.guide_potential[i]++;
        }
        assert_true(is_clean(&result));
        matching_result_release(&result);
    }
}

static void test_a_certificate_notices_pins_and_places_that_are_not_kept(void **state)
{
    (void)state;
    struct matching_result result;
    guide(&world, "ada", 2), guide(&world, "bea", 1), request(&world, "x", 0), request(&world, "y", 0), request(&world, "z", 0);
    indexed(&world);
    hold(&world, "x", "ada", 1, MATCHING_PINNED), edge(&world, "x", "bea", 1), edge(&world, "y", "ada", 1), edge(&world, "z", "bea", 1);
    closed(&world);
    assert_true(matching_solve(&world, NULL, &result));
    assert_true(is_clean(&result));
    world.guides[0].places = 1;
    assert_false(is_clean(&result));
    world.guides[0].places = 3; /* a price of zero would have to be paid for all places */
    assert_true(is_clean(&result));
    result.guide_of[0] = 1;
    assert_false(is_clean(&result));
    result.guide_of[0] = 0;
    world.edges[3].forbidden = 1;
    assert_false(is_clean(&result));
    matching_result_release(&result);
}

static void test_greedy_proves_nothing(void **state)
{
    (void)state;
    struct matching_result result, greedy;
    world_solve(&result, NULL);
    assert_true(matching_greedy(&world, &greedy));
    assert_false(is_clean(&greedy));
    assert_true(greedy.placed <= result.placed);
    matching_result_release(&greedy);
    matching_result_release(&result);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, world_open, world_release)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(test_ids_have_1_to_64_bytes_and_stand_once),
        IN_A_WORLD(test_a_guide_has_places_and_a_price_within_bounds),
        IN_A_WORLD(test_a_request_waits_since_before_and_its_reasons_fit),
        IN_A_WORLD(test_without_guides_or_without_requests_there_is_nothing_to_match),
        IN_A_WORLD(test_a_snapshot_is_built_in_its_order),
        IN_A_WORLD(test_an_edge_names_its_ends_and_a_score_that_its_terms_explain),
        IN_A_WORLD(test_pins_contradict_neither_forbids_nor_each_other_nor_places),
        IN_A_WORLD(test_a_certificate_notices_every_single_change),
        IN_A_WORLD(test_a_certificate_notices_pins_and_places_that_are_not_kept),
        IN_A_WORLD(test_greedy_proves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
