/* SPDX-License-Identifier: EUPL-1.2
 * The request target: decoded strictly, split before it is decoded. */
#include "target.h"
#include "unit.h"

#include <string.h>

#include "banned.h"

static struct target target;

static void expect_fault(const char *raw, const char *code)
{
    const char *fault = target_parse(&target, raw, &arena);
    if (!fault || strcmp(fault, code) != 0)
        fail_msg("%s: %s instead of %s", raw, fault ? fault : "no fault", code);
}

static void test_segments_and_pairs_are_decoded(void **state)
{
    (void)state;
    assert_null(target_parse(&target, "/v1/art%C3%bccles/a%20b?city=essen&q=a+b%2B%26c&flag&empty=", &arena));
    assert_int_equal(target.segment_count, 3);
    assert_string_equal(target.segments[1], "artücles");
    assert_string_equal(target.segments[2], "a b");
    assert_int_equal(target.query_count, 4);
    assert_string_equal(target.query[1].value, "a b+&c");
    assert_string_equal(target.query[2].name, "flag");
    assert_string_equal(target.query[2].value, "");
    assert_string_equal(target.query[3].value, "");
}

static void test_an_encoded_slash_stays_inside_its_segment(void **state)
{
    (void)state;
    assert_null(target_parse(&target, "/v1/a%2Fb/%2e%2e/c+d", &arena));
    assert_int_equal(target.segment_count, 4);
    assert_string_equal(target.segments[1], "a/b");
    assert_string_equal(target.segments[2], "..");
    assert_string_equal(target.segments[3], "c+d"); /* a plus is a space in queries only */
}

static void test_empty_segments_are_kept(void **state)
{
    (void)state;
    assert_null(target_parse(&target, "/", &arena));
    assert_int_equal(target.segment_count, 1);
    assert_string_equal(target.segments[0], "");
    assert_null(target_parse(&target, "//v1/", &arena));
    assert_int_equal(target.segment_count, 3);
    assert_string_equal(target.segments[1], "v1");
}

static void test_equals_signs_and_ampersands_in_excess_are_harmless(void **state)
{
    (void)state;
    assert_null(target_parse(&target, "/x?&&a=b=c&=d&", &arena));
    assert_int_equal(target.query_count, 2);
    assert_string_equal(target.query[0].value, "b=c");
    assert_string_equal(target.query[1].name, "");
    assert_null(target_parse(&target, "/x?a=b?c/d", &arena));
    assert_string_equal(target.query[0].value, "b?c/d");
}

static void test_broken_percent_encoding_is_refused(void **state)
{
    (void)state;
    static const char *const broken[] = {"/%", "/%2", "/%2/x", "/%g0", "/%0g", "/x?a=%", "/x?%4=b", "/x?a=%zz"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        expect_fault(broken[i], "percent_encoding");
}

static void test_control_characters_are_refused(void **state)
{
    (void)state;
    expect_fault("/%00", "control_character");
    expect_fault("/x?a=%0d%0aSet-Cookie:b", "control_character");
    expect_fault("/%7F", "control_character");
}

static void test_broken_utf8_is_refused(void **state)
{
    (void)state;
    static const char *const broken[] = {"/%FF",       "/%C0%80",       "/%C3",          "/%E2%82",          "/x?a=%ED%A0%80",
                                         "/%E0%80%80", "/%F4%90%80%80", "/%F0%80%80%80", "/x?%80=b", "/\xC3(" };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        expect_fault(broken[i], "not_utf8");
    assert_null(target_parse(&target, "/%F0%9F%99%82?a=%EF%BF%BD&b=%F4%8F%BF%BF", &arena));
}

static void test_other_forms_of_target_are_refused(void **state)
{
    (void)state;
    expect_fault("*", "request_target");
    expect_fault("", "request_target");
    expect_fault("http://example.org/", "request_target");
    expect_fault("example.org:443", "request_target");
}

static void test_bounds_are_kept(void **state)
{
    (void)state;
    char raw[TARGET_MAX + 2] = "/";
    memset(raw + 1, 'a', TARGET_MAX - 1);
    assert_null(target_parse(&target, raw, &arena));
    raw[TARGET_MAX] = 'a';
    expect_fault(raw, "url_too_long");
    memset(raw, '/', TARGET_MAX);
    raw[TARGET_MAX] = '\0';
    assert_null(target_parse(&target, raw, &arena));
    assert_int_equal(target.segment_count, ROUTE_SEGMENTS_MAX + 1);
    char query[3 * QUERY_MAX + 8] = "/?a";
    for (size_t i = 1; i < QUERY_MAX; i++)
        memcpy(query + 2 * i + 1, "&a", 3);
    assert_null(target_parse(&target, query, &arena));
    assert_int_equal(target.query_count, QUERY_MAX);
    memcpy(query + 2 * QUERY_MAX + 1, "&a", 3);
    expect_fault(query, "too_many_parameters");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments_and_pairs_are_decoded),
        cmocka_unit_test(test_an_encoded_slash_stays_inside_its_segment),
        cmocka_unit_test(test_empty_segments_are_kept),
        cmocka_unit_test(test_equals_signs_and_ampersands_in_excess_are_harmless),
        cmocka_unit_test(test_broken_percent_encoding_is_refused),
        cmocka_unit_test(test_control_characters_are_refused),
        cmocka_unit_test(test_broken_utf8_is_refused),
        cmocka_unit_test(test_other_forms_of_target_are_refused),
        cmocka_unit_test(test_bounds_are_kept),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
