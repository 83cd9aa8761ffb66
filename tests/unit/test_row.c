/* SPDX-License-Identifier: EUPL-1.2
 * Rows as JSON: what the plan refuses, and how each type is written. */
#include "row.h"
#include "unit.h"

#include "sql_type.h"

#include <string.h>

#include "banned.h"

#define UNKNOWN_TYPE 99999 /* an enum's, say */

struct column {
    const char *name;
    Oid type;
    const char *value; /* NULL: SQL's NULL */
};

static size_t count_of(const struct column *columns)
{
    size_t count = 0;
    while (columns[count].name)
        count++;
    return count;
}

static const struct row_plan *plan_of(const char *yaml, const struct column *columns, const struct column_code *codes, char fault[256])
{
    const size_t count = count_of(columns);
    const char **names = arena_array(&arena, count + 1, sizeof *names);
    Oid *types = arena_array(&arena, count + 1, sizeof *types);
    for (size_t i = 0; i < count; i++) {
        names[i] = columns[i].name;
        types[i] = columns[i].type;
    }
    return row_plan_make(schema_of(yaml), (int)count, names, types, codes, &arena, fault);
}

static PGresult *result_of(const struct column *columns)
{
    const size_t count = count_of(columns);
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc *attributes = arena_array(&arena, count + 1, sizeof *attributes);
    for (size_t i = 0; i < count; i++)
        attributes[i] = (PGresAttDesc){.name = arena_text(&arena, columns[i].name), .typid = columns[i].type};
    assert_true(PQsetResultAttrs(result, (int)count, attributes));
    for (size_t i = 0; i < count; i++) {
        char *value = columns[i].value ? arena_text(&arena, columns[i].value) : NULL;
        assert_true(PQsetvalue(result, 0, (int)i, value, value ? (int)strlen(value) : -1));
    }
    return result;
}

static void expect_written(const char *yaml, const struct column *columns, const struct column_code *codes, const char *json)
{
    char fault[256];
    const struct row_plan *plan = plan_of(yaml, columns, codes, fault);
    if (!plan)
        fail_msg("%s", fault);
    struct buffer out;
    PGresult *result = result_of(columns);
    buffer_init(&out);
    assert_true(row_plan_fits(plan, result));
    row_write(plan, result, 0, "de", &out);
    assert_string_equal(buffer_text(&out), json);
    buffer_release(&out);
    PQclear(result);
}

static void expect_fault(const char *yaml, const struct column *columns, const char *sentence)
{
    char fault[256] = "";
    assert_null(plan_of(yaml, columns, NULL, fault));
    assert_string_equal(fault, sentence);
}

/* A schema of one property x. */
#define ONE(schema) "type: object\nproperties:\n  x: " schema "\n"
#define X(type, value) ((const struct column[]){{"x", type, value}, {0}})

static void test_values_are_written_by_their_type(void **state)
{
    (void)state;
    expect_written(ONE("{type: string}"), X(SQL_TEXT, "a\"ü\n"), NULL, "{\"x\":\"a\\\"ü\\n\"}");
    expect_written(ONE("{type: string}"), X(SQL_VARCHAR, ""), NULL, "{\"x\":\"\"}");
    expect_written(ONE("{type: string, format: uuid}"), X(SQL_UUID, "0190fe3a-1b2c-7def-8123-456789abcdef"), NULL,
                   "{\"x\":\"0190fe3a-1b2c-7def-8123-456789abcdef\"}");
    expect_written(ONE("{type: integer}"), X(SQL_INT8, "-9007199254740993"), NULL, "{\"x\":-9007199254740993}");
    expect_written(ONE("{type: boolean}"), X(SQL_BOOL, "t"), NULL, "{\"x\":true}");
    expect_written(ONE("{type: boolean}"), X(SQL_BOOL, "f"), NULL, "{\"x\":false}");
    expect_written(ONE("{type: string, format: date}"), X(SQL_DATE, "2026-11-22"), NULL, "{\"x\":\"2026-11-22\"}");
    expect_written(ONE("{type: object}"), X(SQL_JSONB, "{\"a\": [1]}"), NULL, "{\"x\":{\"a\": [1]}}");
    expect_written(ONE("{type: string}"), X(SQL_TEXT, NULL), NULL, "{\"x\":null}");
}

static void test_numbers_json_cannot_write_become_null(void **state)
{
    (void)state;
    expect_written(ONE("{type: number}"), X(SQL_FLOAT8, "-1.5e-07"), NULL, "{\"x\":-1.5e-07}");
    expect_written(ONE("{type: number}"), X(SQL_FLOAT8, "NaN"), NULL, "{\"x\":null}");
    expect_written(ONE("{type: number}"), X(SQL_FLOAT8, "-Infinity"), NULL, "{\"x\":null}");
    expect_written(ONE("{type: number}"), X(SQL_NUMERIC, "NaN"), NULL, "{\"x\":null}");
}

static void test_times_are_rfc_3339_in_whole_seconds(void **state)
{
    (void)state;
    static const char time[] = ONE("{type: string, format: date-time}");
    expect_written(time, X(SQL_TIMESTAMPTZ, "2026-11-22 10:00:00+00"), NULL, "{\"x\":\"2026-11-22T10:00:00Z\"}");
    expect_written(time, X(SQL_TIMESTAMPTZ, "2026-11-22 10:00:00.999999+00"), NULL, "{\"x\":\"2026-11-22T10:00:00Z\"}");
    expect_written(time, X(SQL_TIMESTAMPTZ, "infinity"), NULL, "{\"x\":null}");
    expect_written(time, X(SQL_TIMESTAMPTZ, "0044-03-15 12:00:00+00 BC"), NULL, "{\"x\":null}");
    expect_written(time, X(SQL_TIMESTAMPTZ, "12026-11-22 10:00:00+00"), NULL, "{\"x\":null}");
    expect_written(time, X(SQL_TIMESTAMPTZ, "2026-11-22 10:00:00+01"), NULL, "{\"x\":null}");
}

static void test_arrays_are_written_element_by_element(void **state)
{
    (void)state;
    static const char texts[] = ONE("{type: array, items: {type: string}}");
    expect_written(texts, X(SQL_TEXT_ARRAY, "{}"), NULL, "{\"x\":[]}");
    expect_written(texts, X(SQL_TEXT_ARRAY, "{a,\"b c\",NULL,\"NULL\",\"\",\"q\\\"\\\\,{}\",ü}"), NULL,
                   "{\"x\":[\"a\",\"b c\",null,\"NULL\",\"\",\"q\\\"\\\\,{}\",\"ü\"]}");
    expect_written(ONE("{type: array, items: {type: integer}}"), X(SQL_INT4_ARRAY, "{1,-2,NULL}"), NULL, "{\"x\":[1,-2,null]}");
}

static void test_columns_nest_by_their_dots(void **state)
{
    (void)state;
    static const char nested[] = "type: object\n"
                                 "properties:\n"
                                 "  id: {type: integer}\n"
                                 "  match:\n"
                                 "    oneOf:\n"
                                 "      - type: object\n"
                                 "        properties: {id: {type: integer}, guide: {type: object, properties: {name: {type: string}}}}\n"
                                 "      - type: 'null'\n";
    struct column columns[] = {{"match.guide.name", SQL_TEXT, "Aylin"}, {"id", SQL_INT4, "1"}, {"match.id", SQL_INT4, "2"}, {0}};
    expect_written(nested, columns, NULL, "{\"id\":1,\"match\":{\"id\":2,\"guide\":{\"name\":\"Aylin\"}}}");
    columns[0].value = NULL;
    expect_written(nested, columns, NULL, "{\"id\":1,\"match\":{\"id\":2,\"guide\":{\"name\":null}}}");
    columns[2].value = NULL;
    expect_written(nested, columns, NULL, "{\"id\":1,\"match\":null}");
}

static void test_reserved_columns_are_found_and_not_written(void **state)
{
    (void)state;
    char fault[256];
    const struct column columns[] = {{"_status", SQL_INT4, "201"},    {"x", SQL_INT4, "1"},        {"_location", SQL_TEXT, "/x"},
                                     {"_revision", SQL_TEXT, "\"a\""}, {"_cursor", SQL_TEXT, "[]"}, {0}};
    const struct row_plan *plan = plan_of(ONE("{type: integer}"), columns, NULL, fault);
    assert_non_null(plan);
    assert_int_equal(plan->status, 0);
    assert_int_equal(plan->location, 2);
    assert_int_equal(plan->revision, 3);
    assert_int_equal(plan->cursor, 4);
    assert_int_equal(plan->served, -1);
    expect_written(ONE("{type: integer}"), columns, NULL, "{\"x\":1}");
}

static bool write_shouting(struct buffer *out, const char *value, const char *language)
{
    buffer_printf(out, "\"%s! (%s)\"", value, language);
    return true;
}

static bool write_nothing(struct buffer *out, const char *value, const char *language)
{
    (void)out, (void)value, (void)language;
    return false;
}

static void test_code_writes_its_column_whatever_its_type(void **state)
{
    (void)state;
    const struct column_code codes[] = {{"x", write_shouting}, {0}};
    expect_written(ONE("{type: array}"), X(UNKNOWN_TYPE, "tr"), codes, "{\"x\":\"tr! (de)\"}");
    expect_written(ONE("{type: array}"), X(UNKNOWN_TYPE, NULL), codes, "{\"x\":null}");
}

static void test_code_that_cannot_write_fails_the_answer(void **state)
{
    (void)state;
    char fault[256];
    const struct column_code codes[] = {{"x", write_nothing}, {0}};
    PGresult *result = result_of(X(SQL_TEXT, "a"));
    struct buffer out;
    buffer_init(&out);
    row_write(plan_of(ONE("{type: string}"), X(SQL_TEXT, "a"), codes, fault), result, 0, "de", &out);
    assert_true(buffer_failed(&out));
    buffer_release(&out);
    PQclear(result);
}

static void test_columns_and_properties_must_be_the_same(void **state)
{
    (void)state;
    const struct column two[] = {{"x", SQL_INT4, NULL}, {"y", SQL_INT4, NULL}, {0}};
    expect_fault(ONE("{type: integer}"), two, "column y is no property of the answer");
    expect_fault(ONE("{type: integer}"), (const struct column[]){{"X", SQL_INT4, NULL}, {0}}, "no column for property x");
    expect_fault(ONE("{type: object, properties: {z: {type: integer}}}"), (const struct column[]){{"x.a", SQL_INT4, NULL}, {0}},
                 "no column for property x.z");
}

static void test_a_column_only_c_reads_is_no_property(void **state)
{
    (void)state;
    const struct column columns[] = {{"x", SQL_INT4, "1"}, {"y", UNKNOWN_TYPE, "2"}, {0}};
    const struct column_code codes[] = {{"y", NULL}, {"x", NULL}, {0}};
    expect_written(ONE("{type: integer}"), columns, codes, "{\"x\":1}");
}

static void test_values_are_read_by_their_columns_name(void **state)
{
    (void)state;
    PGresult *rows = result_of((const struct column[]){{"a.b", SQL_TEXT, "1"}, {"y", SQL_TEXT, NULL}, {0}});
    assert_string_equal(row_text(rows, 0, "a.b"), "1");
    assert_null(row_text(rows, 0, "y"));
    assert_null(row_text(rows, 0, "z"));
    assert_null(row_text(rows, 1, "a.b"));
    assert_null(row_text(rows, -1, "a.b"));
    PQclear(rows);
}

static void test_bytes_are_read_from_their_text(void **state)
{
    (void)state;
    char text[2 + 2 * 3000 + 1] = "\\x";
    memset(text + 2, 'f', sizeof text - 3);
    PGresult *rows = result_of((const struct column[]){{"few", SQL_BYTEA, "\\x00fF41"}, {"none", SQL_BYTEA, "\\x"}, {"many", SQL_BYTEA, text},
                                                       {"odd", SQL_BYTEA, "\\x4"}, {"bad", SQL_BYTEA, "\\x41zz"}, {"plain", SQL_TEXT, "41"},
                                                       {"null", SQL_BYTEA, NULL}, {0}});
    struct buffer out;
    buffer_init(&out);
    assert_true(row_bytes(rows, 0, "few", &out));
    assert_int_equal(out.length, 3);
    assert_memory_equal(out.bytes, "\0\xFF" "A", 3);
    assert_true(row_bytes(rows, 0, "none", &out));
    assert_int_equal(out.length, 3);
    assert_true(row_bytes(rows, 0, "many", &out));
    assert_int_equal(out.length, 3003);
    for (size_t i = 3; i < out.length; i++)
        assert_int_equal((unsigned char)out.bytes[i], 0xFF);
    static const char *const bad[] = {"odd", "bad", "plain", "null", "nothing"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(row_bytes(rows, 0, bad[i], &out));
    buffer_release(&out);
    PQclear(rows);
}

static void test_types_must_fit(void **state)
{
    (void)state;
    expect_fault(ONE("{type: integer}"), X(SQL_TEXT, NULL), "column x of type text does not fit its property");
    expect_fault(ONE("{type: string}"), X(SQL_UUID, NULL), "column x of type uuid does not fit its property");
    expect_fault(ONE("{type: string}"), X(SQL_TIMESTAMPTZ, NULL), "column x of type timestamptz does not fit its property");
    expect_fault(ONE("{type: string, format: date}"), X(SQL_TEXT, NULL), "column x of type text does not fit its property");
    expect_fault(ONE("{type: integer}"), X(SQL_NUMERIC, NULL), "column x of type numeric does not fit its property");
    expect_fault(ONE("{type: string, enum: [open]}"), X(UNKNOWN_TYPE, NULL), "column x of type another type does not fit its property");
    expect_fault(ONE("{type: string}"), X(SQL_BYTEA, NULL), "column x of type bytea does not fit its property");
}

static void test_one_column_for_two_properties_is_refused(void **state)
{
    (void)state;
    const struct column twice[] = {{"x", SQL_INT4, NULL}, {"x", SQL_INT4, NULL}, {0}};
    expect_fault(ONE("{type: integer}"), twice, "column x is no property of the answer");
}

static void test_a_result_with_other_columns_does_not_fit_the_plan(void **state)
{
    (void)state;
    char fault[256];
    const struct row_plan *plan = plan_of(ONE("{type: integer}"), X(SQL_INT4, NULL), NULL, fault);
    const struct column *const others[] = {X(SQL_INT8, NULL), (const struct column[]){{"y", SQL_INT4, NULL}, {0}},
                                           (const struct column[]){{"x", SQL_INT4, NULL}, {"y", SQL_INT4, NULL}, {0}},
                                           (const struct column[]){{0}}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        PGresult *result = result_of(others[i]);
        assert_false(row_plan_fits(plan, result));
        PQclear(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_written_by_their_type),
        cmocka_unit_test(test_numbers_json_cannot_write_become_null),
        cmocka_unit_test(test_times_are_rfc_3339_in_whole_seconds),
        cmocka_unit_test(test_arrays_are_written_element_by_element),
        cmocka_unit_test(test_columns_nest_by_their_dots),
        cmocka_unit_test(test_reserved_columns_are_found_and_not_written),
        cmocka_unit_test(test_code_writes_its_column_whatever_its_type),
        cmocka_unit_test(test_code_that_cannot_write_fails_the_answer),
        cmocka_unit_test(test_columns_and_properties_must_be_the_same),
        cmocka_unit_test(test_a_column_only_c_reads_is_no_property),
        cmocka_unit_test(test_values_are_read_by_their_columns_name),
        cmocka_unit_test(test_bytes_are_read_from_their_text),
        cmocka_unit_test(test_types_must_fit),
        cmocka_unit_test(test_one_column_for_two_properties_is_refused),
        cmocka_unit_test(test_a_result_with_other_columns_does_not_fit_the_plan),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
