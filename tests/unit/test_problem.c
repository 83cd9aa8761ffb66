/* SPDX-License-Identifier: EUPL-1.2
 * Problems: their form, their languages, and what PostgreSQL's errors become. */
#include "problem.h"

#include "text.h"

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "banned.h"

static struct arena arena;
static struct faults faults;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 0);
    faults_init(&faults, &arena);
    return texts_load() ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    texts_release();
    return 0;
}

static json_t *problem_json(const char *code, const char *detail, const char *language)
{
    struct buffer out;
    json_error_t error;
    buffer_init(&out);
    problem_write(&out, code, detail, &faults, language, "id\"1");
    buffer_putc(&out, '}');
    json_t *problem = json_loads(buffer_text(&out), JSON_REJECT_DUPLICATES, &error);
    if (!problem)
        fail_msg("%s in %s", error.text, out.bytes);
    buffer_release(&out);
    return problem;
}

static const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void test_a_problem_has_the_members_of_rfc_9457(void **state)
{
    (void)state;
    json_t *problem = problem_json("not_found", NULL, "de");
    assert_string_equal(member(problem, "type"), "/problems/not_found");
    assert_string_equal(member(problem, "code"), "not_found");
    assert_string_equal(member(problem, "request_id"), "id\"1");
    assert_int_equal(json_integer_value(json_object_get(problem, "status")), 404);
    assert_string_equal(member(problem, "title"), text_find("problems", "not_found", "title", "de"));
    assert_string_equal(member(problem, "detail"), text_find("problems", "not_found", "detail", "de"));
    assert_null(json_object_get(problem, "errors"));
    json_decref(problem);
}

static void test_languages_without_texts_get_english(void **state)
{
    (void)state;
    static const char *const languages[][2] = {{"de-simple", "de"}, {"de", "de"}, {"tr", "en"}, {"en", "en"}};
    for (size_t i = 0; i < sizeof languages / sizeof *languages; i++) {
        json_t *problem = problem_json("overloaded", NULL, languages[i][0]);
        assert_string_equal(member(problem, "title"), text_find("problems", "overloaded", "title", languages[i][1]));
        json_decref(problem);
    }
}

static void test_faults_go_along_with_place_and_limit(void **state)
{
    (void)state;
    faults_add(&faults, (struct fault){.pointer = "/na\"me", .code = "too_long", .limit = "200"});
    faults_add(&faults, (struct fault){.parameter = "limit", .code = "too_large", .limit = "100"});
    faults_add(&faults, (struct fault){.code = "percent_encoding"});
    faults_add(&faults, (struct fault){.pointer = "", .code = "no_such_text"});
    json_t *problem = problem_json("validation_failed", "own words", "en");
    const json_t *errors = json_object_get(problem, "errors");
    assert_string_equal(member(problem, "detail"), "own words");
    assert_int_equal(json_array_size(errors), 4);
    assert_string_equal(member(json_array_get(errors, 0), "pointer"), "/na\"me");
    assert_non_null(strstr(member(json_array_get(errors, 0), "detail"), "200"));
    assert_null(strstr(member(json_array_get(errors, 0), "detail"), "{limit}"));
    assert_string_equal(member(json_array_get(errors, 1), "parameter"), "limit");
    assert_null(json_object_get(json_array_get(errors, 1), "pointer"));
    assert_null(json_object_get(json_array_get(errors, 2), "pointer"));
    assert_string_equal(member(json_array_get(errors, 3), "detail"), "no_such_text");
    json_decref(problem);
}

/* What a test can make of libpq's result: an error without fields, as libpq's own are. */
static void test_an_error_of_libpq_itself_means_the_connection(void **state)
{
    (void)state;
    PGresult *error = PQmakeEmptyPGresult(NULL, PGRES_FATAL_ERROR);
    assert_string_equal(problem_of_error(error, &faults), "unavailable");
    PQclear(error);
}

static void test_pages_explain_every_code_and_only_those(void **state)
{
    (void)state;
    struct buffer page;
    buffer_init(&page);
    assert_true(problem_page_write(&page, "forbidden", "de-simple"));
    assert_non_null(strstr(buffer_text(&page), "<html lang=\"de\">"));
    assert_non_null(strstr(page.bytes, "HTTP 403"));
    buffer_clear(&page);
    assert_false(problem_page_write(&page, "<script>", "en"));
    assert_int_equal(page.length, 0);
    buffer_release(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_problem_has_the_members_of_rfc_9457, setup, teardown),
        cmocka_unit_test_setup_teardown(test_languages_without_texts_get_english, setup, teardown),
        cmocka_unit_test_setup_teardown(test_faults_go_along_with_place_and_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_error_of_libpq_itself_means_the_connection, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pages_explain_every_code_and_only_those, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
