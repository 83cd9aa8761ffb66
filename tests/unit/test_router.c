/* SPDX-License-Identifier: EUPL-1.2
 * The router: literals before parameters, captured segments, methods a path answers to, paths that lead nowhere. */
#include "router.h"

#include "contract.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "banned.h"

static struct arena arena;
static struct router *router;
static struct operation list = {.id = "list"}, get = {.id = "get"}, me = {.id = "me"}, act = {.id = "act"}, deep = {.id = "deep"};

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    router = router_new(&arena);
    return router && router_add(router, METHOD_GET, "/v1/guides", &list) && router_add(router, METHOD_GET, "/v1/guides/{id}", &get) &&
                   router_add(router, METHOD_GET, "/v1/guides/me", &me) && router_add(router, METHOD_POST, "/v1/guides/{id}/pause", &act) &&
                   router_add(router, METHOD_DELETE, "/v1/guides/{id}/cities/{city}", &deep)
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static struct route find(enum method method, const char *const *segments)
{
    size_t count = 0;
    while (segments[count])
        count++;
    return router_find(router, method, segments, count);
}

static void test_a_literal_is_preferred_to_a_parameter(void **state)
{
    (void)state;
    assert_ptr_equal(find(METHOD_GET, (const char *[]){"v1", "guides", "me", NULL}).operation, &me);
    assert_ptr_equal(find(METHOD_GET, (const char *[]){"v1", "guides", "men", NULL}).operation, &get);
    assert_ptr_equal(find(METHOD_GET, (const char *[]){"v1", "guides", "m", NULL}).operation, &get);
}

static void test_a_literal_that_leads_nowhere_gives_way_to_the_parameter(void **state)
{
    (void)state;
    const struct route route = find(METHOD_POST, (const char *[]){"v1", "guides", "me", "pause", NULL});
    assert_ptr_equal(route.operation, &act);
    assert_int_equal(route.count, 1);
    assert_int_equal(route.captured[0], 2);
}

static void test_captured_segments_come_in_order(void **state)
{
    (void)state;
    const struct route route = find(METHOD_DELETE, (const char *[]){"v1", "guides", "7", "cities", "bochum", NULL});
    assert_ptr_equal(route.operation, &deep);
    assert_int_equal(route.count, 2);
    assert_int_equal(route.captured[0], 2);
    assert_int_equal(route.captured[1], 4);
}

static void test_head_is_answered_by_get(void **state)
{
    (void)state;
    const struct route route = find(METHOD_HEAD, (const char *[]){"v1", "guides", NULL});
    assert_ptr_equal(route.operation, &list);
    assert_int_equal(route.methods, 1u << METHOD_GET | 1u << METHOD_HEAD);
    assert_null(find(METHOD_HEAD, (const char *[]){"v1", "guides", "7", "pause", NULL}).operation);
}

static void test_a_wrong_method_tells_the_right_ones(void **state)
{
    (void)state;
    const struct route route = find(METHOD_COUNT, (const char *[]){"v1", "guides", "7", "pause", NULL});
    assert_null(route.operation);
    assert_int_equal(route.methods, 1u << METHOD_POST);
}

static void test_other_paths_lead_nowhere(void **state)
{
    (void)state;
    const char *const paths[][6] = {{"v1"}, {"v1", ""}, {"v1", "guides", ""}, {"V1", "guides"}, {"v1", "guides", "7", "pause", ""},
                                    {"v1", "guides", "7", "cities"}, {"v1", "guide"}, {"", "v1", "guides"}};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_int_equal(find(METHOD_GET, paths[i]).methods, 0);
    assert_int_equal(router_find(router, METHOD_GET, NULL, 0).methods, 0);
    const char *many[ROUTE_SEGMENTS_MAX + 1];
    for (size_t i = 0; i <= ROUTE_SEGMENTS_MAX; i++)
        many[i] = "v1";
    assert_int_equal(router_find(router, METHOD_GET, many, ROUTE_SEGMENTS_MAX + 1).methods, 0);
}

static void test_templates_that_are_taken_or_malformed_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "/", "v1", "/v1/", "//v1", "/v1//x", "/a/b/c/d/e/f/g/h/i/j/k/l/m"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (router_add(router, METHOD_PUT, bad[i], &get))
            fail_msg("\"%s\" was taken", bad[i]);
    assert_false(router_add(router, METHOD_GET, "/v1/guides/{guide}", &list));
    assert_true(router_add(router, METHOD_PUT, "/a/b/c/d/e/f/g/h/i/j/k/l", &get));
}

static void test_methods_have_their_names(void **state)
{
    (void)state;
    for (enum method method = 0; method < METHOD_COUNT; method++)
        assert_int_equal(method_parse(method_name(method)), method);
    assert_int_equal(method_parse("get"), METHOD_COUNT);
    assert_int_equal(method_parse(""), METHOD_COUNT);
    assert_int_equal(method_parse("TRACE"), METHOD_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_literal_is_preferred_to_a_parameter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_literal_that_leads_nowhere_gives_way_to_the_parameter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_captured_segments_come_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_head_is_answered_by_get, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_wrong_method_tells_the_right_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_paths_lead_nowhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_templates_that_are_taken_or_malformed_are_refused, setup, teardown),
        cmocka_unit_test(test_methods_have_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
