/* SPDX-License-Identifier: EUPL-1.2
 * Types and values on their way to PostgreSQL. */
#include "sql_type.h"
#include "unit.h"

#include <stdint.h>
#include <string.h>

#include "banned.h"

static void test_parameters_are_bound_as_the_contract_says(void **state)
{
    (void)state;
    static const struct {
        const char *schema;
        enum sql_type type;
    } cases[] = {
        {"{type: string}", SQL_TEXT},
        {"{type: string, enum: [a]}", SQL_TEXT},
        {"{type: string, format: uuid}", SQL_UUID},
        {"{type: string, format: date}", SQL_DATE},
        {"{type: string, format: date-time}", SQL_TIMESTAMPTZ},
        {"{type: string, format: email}", SQL_TEXT},
        {"{type: integer}", SQL_INT4},
        {"{type: integer, format: int64}", SQL_INT8},
        {"{type: number}", SQL_FLOAT8},
        {"{type: boolean}", SQL_BOOL},
        {"{type: array, items: {type: string}}", SQL_TEXT_ARRAY},
        {"{type: array, items: {type: string, format: uuid}}", SQL_UUID_ARRAY},
        {"{type: array, items: {type: integer}}", SQL_JSONB},
        {"{type: object}", SQL_JSONB},
        {"{type: [string, 'null'], format: uuid}", SQL_UUID},
        {"{oneOf: [{type: integer}, {type: 'null'}]}", SQL_INT4},
        {"{type: [string, integer]}", SQL_JSONB},
        {"{}", SQL_JSONB},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (sql_type_of(schema_of(cases[i].schema)) != (Oid)cases[i].type)
            fail_msg("%s is bound as %s", cases[i].schema, sql_type_name(sql_type_of(schema_of(cases[i].schema))));
}

static void expect_text(const char *json, enum sql_type type, const char *expected)
{
    bool failed = false;
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    const char *text = sql_text(value, type, &arena, &failed);
    if (expected)
        assert_string_equal(text, expected);
    else
        assert_null(text);
    assert_false(failed);
    json_decref(value);
}

static void test_values_take_the_text_form_postgresql_reads(void **state)
{
    (void)state;
    expect_text("null", SQL_TEXT, NULL);
    expect_text("null", SQL_JSONB, NULL);
    expect_text("\"a\\u00fc'\"", SQL_TEXT, "aü'");
    expect_text("true", SQL_BOOL, "true");
    expect_text("false", SQL_BOOL, "false");
    expect_text("-7", SQL_INT4, "-7");
    expect_text("9223372036854775807", SQL_INT8, "9223372036854775807");
    expect_text("2.0", SQL_INT4, "2");
    expect_text("1e3", SQL_INT8, "1000");
    expect_text("0.5", SQL_FLOAT8, "0.5");
    expect_text("{\"a\": [1, \"b\"]}", SQL_JSONB, "{\"a\":[1,\"b\"]}");
    expect_text("\"text\"", SQL_JSONB, "\"text\"");
    assert_null(sql_text(NULL, SQL_TEXT, &arena, &(bool){false}));
}

static void test_array_elements_cannot_break_out(void **state)
{
    (void)state;
    expect_text("[]", SQL_TEXT_ARRAY, "{}");
    expect_text("[\"a\", \"\", \"NULL\", \"b,c\", \"{\\\"\\\\}\"]", SQL_TEXT_ARRAY, "{\"a\",\"\",\"NULL\",\"b,c\",\"{\\\"\\\\}\"}");
    assert_string_equal(sql_text_array((const char *const[]){"de", "a\"b"}, 2, &arena), "{\"de\",\"a\\\"b\"}");
    assert_string_equal(sql_text_array(NULL, 0, &arena), "{}");
}

static void test_bytes_take_their_hex_form(void **state)
{
    (void)state;
    assert_string_equal(sql_bytes_text("\0\xFF" "A", 3, &arena), "\\x00ff41");
    assert_string_equal(sql_bytes_text("", 0, &arena), "\\x");
    assert_null(sql_bytes_text("", SIZE_MAX / 4, &arena));
}

static void test_every_type_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(sql_type_name(SQL_TIMESTAMPTZ), "timestamptz");
    assert_string_equal(sql_type_name(SQL_TEXT_ARRAY), "text[]");
    assert_string_equal(sql_type_name(99999), "another type");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters_are_bound_as_the_contract_says),
        cmocka_unit_test(test_values_take_the_text_form_postgresql_reads),
        cmocka_unit_test(test_array_elements_cannot_break_out),
        cmocka_unit_test(test_bytes_take_their_hex_form),
        cmocka_unit_test(test_every_type_has_a_name),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
