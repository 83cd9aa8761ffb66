/* SPDX-License-Identifier: EUPL-1.2
 * Languages and media types out of headers as browsers, libraries and mischief send them. */
#include "negotiate.h"

#include "../words.h"
#include "vocabulary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "banned.h"

static int setup(void **state)
{
    (void)state;
    return vocabulary_load(NULL) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    vocabulary_release();
    return 0;
}

/* What a reader gets, as "tr de | en": asked for | defaults. */
static void expect(const char *lang, const char *header, const char *expected)
{
    struct languages languages;
    char text[512] = "";
    size_t length = 0;
    languages_choose(&languages, lang, header, "en,de");
    for (size_t i = 0; i < languages.count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", i == 0 ? "" : i == languages.asked ? " | " : " ",
                                   languages.items[i]);
    if (strcmp(text, expected) != 0)
        fail_msg("%s, %s: %s instead of %s", lang ? lang : "-", header ? header : "-", text, expected);
}

static void test_without_a_wish_the_defaults_hold(void **state)
{
    (void)state;
    expect(NULL, NULL, "en de");
    expect(NULL, "", "en de");
    expect(NULL, "*", "en de");
    expect("", NULL, "en de");
    expect(NULL, "fr, xx", "en de");
}

static void test_the_parameter_goes_before_the_header(void **state)
{
    (void)state;
    expect("tr", "uk,ar;q=0.5", "tr uk ar | en de");
    expect("xx", "uk", "uk | en de");
    expect("TR", "tr", "tr | en de");
}

static void test_qualities_order_and_equals_keep_their_order(void **state)
{
    (void)state;
    expect(NULL, "de;q=0.5, tr;q=0.9, uk, ar", "uk ar tr de | en");
    expect(NULL, "ar;q=0.123,uk;q=0.124,tr;q=0.1239", "uk ar tr | en de");
    expect(NULL, "tr;q=1.000,uk;q=1.999,ar;q=2", "tr uk | en de");
    expect(NULL, "tr ; Q=0.2 , uk\t;\tq=0.3", "uk tr | en de");
}

static void test_quality_zero_means_not_this_one(void **state)
{
    (void)state;
    expect(NULL, "tr;q=0, uk;q=0.000, ar;q=0.001", "ar | en de");
}

static void test_longer_tags_are_cut_until_something_is_known(void **state)
{
    (void)state;
    expect(NULL, "de-AT", "de | en");
    expect(NULL, "de-simple-x-ruhr, tr", "de-simple de tr | en"); /* closer to the reader than what was asked for next */
    expect(NULL, "ZH-hant-TW", "zh-Hant | en de");
    expect(NULL, "zh-Hans", "en de");
    expect(NULL, "tr-a-bc", "tr | en de");
    expect(NULL, "de-AT, de, de-CH", "de | en");
}

static void test_junk_is_passed_over(void **state)
{
    (void)state;
    static const char *const junk[] = {",",      ";",           ";;q=,;,", "-",         "--",     "tr-",      "q=0.5",
                                       ";q=0.5", "tr;q",        "tr;q=",   "tr;q=.",    "tr;q=x", "tr;q=-1",  "tr;level=1",
                                       "\t, \t", "\xff\xfe,\x80", "tr;;;;",  "a-b-c-d-e", "*-*",    "tr;q=0..5"};
    struct languages languages;
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        languages_choose(&languages, junk[i], junk[i], "en,de");
        assert_true(languages.count >= 2);
    }
    expect(NULL, ",,, ;q=1, uk;q=0.5,,tr", "tr uk | en de");
}

static void test_long_headers_are_read_as_far_as_the_bound(void **state)
{
    (void)state;
    char header[40 * 3 + 8] = "";
    for (size_t i = 0; i < 40; i++)
        memcpy(header + 3 * i, "xx,", 4);
    memcpy(header + 3 * 40, "tr", 3);
    expect(NULL, header, "en de");
    expect(NULL, header + 3 * 10, "tr | en de");
    char range[8192];
    memset(range, 'a', sizeof range);
    for (size_t i = 2; i < sizeof range; i += 3)
        range[i] = '-';
    range[sizeof range - 1] = '\0';
    expect(range, range, "en de");
}

static void test_there_is_a_language_before_there_is_reference_data(void **state)
{
    (void)state;
    struct languages languages;
    vocabulary_release();
    languages_choose(&languages, "tr", "tr", "en,de");
    assert_int_equal(languages.count, 1);
    assert_string_equal(languages.items[0], "en");
    setup(state);
}

static void expect_admits(const char *accept, bool admits)
{
    if ((accept_quality(accept, "application/json; charset=utf-8") > 0) != admits)
        fail_msg("%s", accept ? accept : "no header");
}

static void test_accept_admits_by_the_closest_range(void **state)
{
    (void)state;
    static const char *const good[] = {"",       "*/*",   "application/json", "Application/*;q=0.1", "text/html, */*;q=0.1",
                                       "APPLICATION/JSON", "text/*;q=0,application/json"};
    static const char *const bad[] = {"text/html", "application/json;q=0", "application/xml, text/*", "*/*;q=0",
                                      "*/*, application/json;q=0", "application/*;q=0, */*", "application", "app/*"};
    expect_admits(NULL, true);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        expect_admits(good[i], true);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_admits(bad[i], false);
}

static void test_accept_weighs_by_the_closest_range(void **state)
{
    (void)state;
    static const char header[] = "text/*;q=0.3, text/html;q=0.7, */*;q=0.5";
    assert_int_equal(accept_quality(header, "text/html"), 700);
    assert_int_equal(accept_quality(header, "text/calendar"), 300);
    assert_int_equal(accept_quality(header, "application/json"), 500);
    assert_int_equal(accept_quality(NULL, "application/json"), 1000);
    assert_int_equal(accept_quality("image/png", "application/json"), 0);
}

static void expect_tag(const char *list, bool included)
{
    if (etags_include(list, "\"a\"") != included)
        fail_msg("%s", list ? list : "no header");
}

static void test_a_list_of_entity_tags_is_read_exactly(void **state)
{
    (void)state;
    static const char *const good[] = {"\"a\"", "*", " * ", "W/\"a\"", "\"b\",\"a\"", ",, \"b\" , W/\"a\"", "\"a\",", "\"b,c\", \"a\"",
                                       "\"a\" and more"};
    static const char *const bad[] = {"", ",", "a", "\"a", "a\"", "\"A\"", "\"aa\"", "w/\"a\"", "W/ \"a\"", "\"b\" \"a\"", "\"b\"\"a\"",
                                      "*, \"a\"", "\"b,\"a\"", "\"b \", \"a\"", "\"\"", "b, \"a\"", "\"b", "W/", "**"};
    expect_tag(NULL, false);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        expect_tag(good[i], true);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_tag(bad[i], false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_wish_the_defaults_hold),
        cmocka_unit_test(test_the_parameter_goes_before_the_header),
        cmocka_unit_test(test_qualities_order_and_equals_keep_their_order),
        cmocka_unit_test(test_quality_zero_means_not_this_one),
        cmocka_unit_test(test_longer_tags_are_cut_until_something_is_known),
        cmocka_unit_test(test_junk_is_passed_over),
        cmocka_unit_test(test_long_headers_are_read_as_far_as_the_bound),
        cmocka_unit_test(test_there_is_a_language_before_there_is_reference_data),
        cmocka_unit_test(test_accept_admits_by_the_closest_range),
        cmocka_unit_test(test_accept_weighs_by_the_closest_range),
        cmocka_unit_test(test_a_list_of_entity_tags_is_read_exactly),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
