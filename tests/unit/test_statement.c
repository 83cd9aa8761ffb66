/* SPDX-License-Identifier: EUPL-1.2
 * Operation files: what starts a parameter and what does not, where a statement ends, what is refused. */
#include "statement.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "banned.h"

static struct tree_error error;

static struct statement_file parse(const char *text)
{
    struct statement_file file;
    if (!statement_file_parse(&file, "src/guides/get_guide.sql", text, strlen(text), &arena, &error))
        fail_msg("line %u: %s", error.line, error.message);
    return file;
}

static void expect_sql(const char *text, const char *sql)
{
    const struct statement_file file = parse(text);
    assert_int_equal(file.count, 1);
    assert_string_equal(file.statements[0].sql, sql);
}

static void expect_fault(const char *text, unsigned line, const char *message)
{
    struct statement_file file;
    assert_false(statement_file_parse(&file, "src/guides/get_guide.sql", text, strlen(text), &arena, &error));
    assert_string_equal(error.message, message);
    assert_int_equal(error.line, line);
}

static void test_a_name_gets_one_number_in_each_statement(void **state)
{
    (void)state;
    const struct statement_file file = parse("SELECT :id, :city, :id;\nUPDATE x SET c = :city, i = :id, _ = :_new1;\n");
    assert_string_equal(file.name, "get_guide");
    assert_int_equal(file.count, 2);
    assert_string_equal(file.statements[0].sql, "SELECT $1, $2, $1");
    assert_string_equal(file.statements[1].sql, "UPDATE x SET c = $1, i = $2, _ = $3");
    assert_string_equal(file.statements[1].name, "get_guide.2");
    assert_int_equal(file.statements[1].line, 2);
    assert_int_equal(file.name_count, 3);
    assert_string_equal(file.names[0], "id");
    assert_string_equal(file.names[1], "city");
    assert_string_equal(file.names[2], "_new1");
    assert_int_equal(file.statements[1].parameters[0], 1);
    assert_int_equal(file.statements[1].parameters[1], 0);
    assert_int_equal(file.statements[1].parameters[2], 2);
}

static void test_casts_slices_and_operators_are_no_parameters(void **state)
{
    (void)state;
    expect_sql("SELECT a::text, :id::uuid, (b)::int4", "SELECT a::text, $1::uuid, (b)::int4");
    expect_sql("SELECT a[1:n], a[i:n], a[(i):n], a[b[1]:n], \"a\":n", "SELECT a[1:n], a[i:n], a[(i):n], a[b[1]:n], \"a\":n");
    expect_sql("SELECT f(a := 1, b =>:id), ':x':y", "SELECT f(a := 1, b =>$1), ':x':y");
    expect_sql("SELECT :A, :1, : a, :", "SELECT :A, :1, : a, :");
    expect_sql("SELECT (:a),-:b,[:c", "SELECT ($1),-$2,[$3");
}

static void test_strings_and_identifiers_are_left_alone(void **state)
{
    (void)state;
    expect_sql("SELECT ':a; --x', 'it''s :b', \":c;\"\"/*\" FROM t", "SELECT ':a; --x', 'it''s :b', \":c;\"\"/*\" FROM t");
    expect_sql("SELECT E'\\':a;', e'\\\\', :b", "SELECT E'\\':a;', e'\\\\', $1");
    expect_sql("SELECT '\\', :b", "SELECT '\\', $1");
    expect_sql("SELECT date'\\', :b", "SELECT date'\\', $1");
}

static void test_dollar_quotes_end_at_their_own_tag(void **state)
{
    (void)state;
    expect_sql("SELECT $$ :a; ' $$, :b", "SELECT $$ :a; ' $$, $1");
    expect_sql("SELECT $q1$ $$ :a $q$ ; $q1$, :b", "SELECT $q1$ $$ :a $q$ ; $q1$, $1");
    expect_sql("SELECT a$b$, :c", "SELECT a$b$, $1"); /* a dollar inside a name opens nothing */
}

static void test_comments_are_removed_and_may_nest(void **state)
{
    (void)state;
    expect_sql("-- :a; 'x\nSELECT :b -- ;\n, 1", "SELECT $1 \n, 1");
    expect_sql("SELECT/* /* :a */ ; ' */:b", "SELECT $1");
    const struct statement_file file = parse("-- one\n/* two\n*/\n\n  SELECT 1;\n;;\n-- end\n");
    assert_int_equal(file.count, 1);
    assert_int_equal(file.statements[0].line, 5);
}

static void test_the_bare_text_shows_no_strings(void **state)
{
    (void)state;
    const struct statement_file file = parse("SELECT 'Delete From', $$ INSERT $$,\n\tE'\\'update', Name /* SET */ FROM T");
    const char *bare = file.statements[0].bare;
    assert_null(strstr(bare, "delete"));
    assert_null(strstr(bare, "insert"));
    assert_null(strstr(bare, "update"));
    assert_null(strstr(bare, "set"));
    assert_null(strchr(bare, '\n'));
    assert_non_null(strstr(bare, "name   from t"));
}

static void test_what_is_not_closed_is_refused_with_its_line(void **state)
{
    (void)state;
    expect_fault("SELECT 'a", 1, "a quote is not closed");
    expect_fault("SELECT\n\"a", 2, "a quote is not closed");
    expect_fault("SELECT E'a\\'", 1, "a quote is not closed");
    expect_fault("SELECT\n\n$x$ $$", 3, "a dollar quote is not closed");
    expect_fault("SELECT /* /* */", 1, "a comment is not closed");
}

static void test_a_file_without_a_statement_is_refused(void **state)
{
    (void)state;
    expect_fault("", 1, "there is no statement in this file");
    expect_fault("-- nothing\n;\n", 3, "there is no statement in this file");
}

static void test_numbered_parameters_are_refused(void **state)
{
    (void)state;
    expect_fault("SELECT :id,\n $1", 2, "parameters have names here, not numbers");
    expect_sql("SELECT a$1, :b", "SELECT a$1, $1");
}

static void test_more_names_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    char text[4096] = "SELECT 1";
    for (size_t i = 0, at = strlen(text); i <= STATEMENT_PARAMETERS_MAX; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, ", :p%zu", i);
    expect_fault(text, 1, "too many parameters");
}

static void test_every_cut_of_a_file_ends(void **state)
{
    (void)state;
    static const char text[] = "SELECT E'a\\'b', \"c\"\"d\", $x$y$x$, :e::text -- f\n/* g /* h */ */; UPDATE i SET j = :k;";
    for (size_t length = 0; length < sizeof text; length++) {
        struct statement_file file;
        char *cut = arena_alloc(&arena, length ? length : 1); /* so that sanitizers see a read behind its end */
        memcpy(cut, text, length);
        statement_file_parse(&file, "x.sql", cut, length, &arena, &error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_gets_one_number_in_each_statement),
        cmocka_unit_test(test_casts_slices_and_operators_are_no_parameters),
        cmocka_unit_test(test_strings_and_identifiers_are_left_alone),
        cmocka_unit_test(test_dollar_quotes_end_at_their_own_tag),
        cmocka_unit_test(test_comments_are_removed_and_may_nest),
        cmocka_unit_test(test_the_bare_text_shows_no_strings),
        cmocka_unit_test(test_what_is_not_closed_is_refused_with_its_line),
        cmocka_unit_test(test_a_file_without_a_statement_is_refused),
        cmocka_unit_test(test_numbered_parameters_are_refused),
        cmocka_unit_test(test_more_names_than_there_is_room_for_are_refused),
        cmocka_unit_test(test_every_cut_of_a_file_ends),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
