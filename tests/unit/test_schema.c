/* SPDX-License-Identifier: EUPL-1.2
 * Schemas: what is refused at compiling, which faults a value gets, what readers see, how parameters are read. */
#include "buffer.h"
#include "schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "banned.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct fixture {
    struct arena arena;
    struct tree_error error;
    struct buffer faults; /* "pointer code limit" of each, a line each */
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture)
        return -1;
    arena_init(&fixture->arena, 0);
    buffer_init(&fixture->faults);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    buffer_release(&fixture->faults);
    arena_release(&fixture->arena);
    free(fixture);
    return 0;
}

static const struct schema *compile(void **state, const char *yaml)
{
    struct fixture *fixture = *state;
    const struct node *document = tree_parse(yaml, strlen(yaml), &fixture->arena, &fixture->error);
    struct schema_set *set = document ? schema_set_new(document, &fixture->arena) : NULL;
    return set ? schema_compile(set, document, &fixture->error) : NULL;
}

static const struct schema *compiled(void **state, const char *yaml)
{
    const struct schema *schema = compile(state, yaml);
    if (!schema)
        fail_msg("%s: refused: %s", yaml, ((struct fixture *)*state)->error.message);
    return schema;
}

static void expect_refused(void **state, const char *yaml, unsigned line, const char *words)
{
    const struct fixture *fixture = *state;
    if (compile(state, yaml))
        fail_msg("not refused: %s", yaml);
    if (!strstr(fixture->error.message, words) || fixture->error.line != line)
        fail_msg("%s: line %u: %s", yaml, fixture->error.line, fixture->error.message);
}

static const char *list(void **state, const struct faults *faults)
{
    struct buffer *text = &((struct fixture *)*state)->faults;
    buffer_clear(text);
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->items[i];
        buffer_puts(text, i ? "\n" : "");
        buffer_puts(text, fault->parameter ? fault->parameter : fault->pointer);
        buffer_printf(text, " %s", fault->code);
        if (fault->limit)
            buffer_printf(text, " %s", fault->limit);
    }
    return buffer_text(text);
}

/* Checks the JSON text and compares the list of faults, "" when there are none. */
static void expect(void **state, const struct schema *schema, const char *json, const char *faults_expected)
{
    struct faults faults;
    faults_init(&faults, &((struct fixture *)*state)->arena);
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    const bool valid = schema_check(schema, value, "", NULL, &faults);
    json_decref(value);
    assert_string_equal(list(state, &faults), faults_expected);
    assert_true(valid == (faults.count == 0));
}

static void test_unknown_keywords_are_refused_with_their_line(void **state)
{
    expect_refused(state, "type: string\nmaxlength: 3", 2, "unknown keyword: maxlength");
    expect_refused(state, "properties:\n  a:\n    nullable: true", 3, "unknown keyword: nullable");
    expect_refused(state, "oneOf:\n- type: string\n- not: {}", 3, "unknown keyword: not");
    compiled(state, "{x-anything: 1, title: t, description: d, examples: [1], example: 1}");
    compiled(state, "{deprecated: true, readOnly: true, writeOnly: true, default: 1}");
}

static void test_faulty_keywords_are_refused(void **state)
{
    static const struct {
        const char *yaml, *words;
    } cases[] = {
        {"text", "must be a mapping"},
        {"type: text", "type must"},
        {"type: null", "type must"},
        {"type: []", "type must"},
        {"type: [string, string]", "type must"},
        {"minLength: -1", "minLength must"},
        {"maxItems: 1.5", "maxItems must"},
        {"maxItems: '2'", "maxItems must"},
        {"minimum: x", "minimum must"},
        {"multipleOf: 0", "multipleOf must"},
        {"multipleOf: 0.5", "multipleOf must"},
        {"uniqueItems: 1", "uniqueItems must"},
        {"required: a", "required must"},
        {"required: [a, a]", "required must"},
        {"required: [1]", "required must"},
        {"properties: [a]", "properties must"},
        {"properties: {a: 1}", "must be a mapping"},
        {"additionalProperties: 1", "must be a mapping"},
        {"enum: []", "enum must"},
        {"enum: a", "enum must"},
        {"oneOf: []", "oneOf must"},
        {"allOf: {}", "allOf must"},
        {"format: hostname", "unknown format: hostname"},
        {"format: 1", "format must"},
        {"pattern: 1", "must be text"},
        {"pattern: '('", "faulty pattern"},
        {"$ref: '#/x'", "points at nothing"},
        {"$ref: 'other.yaml#/x'", "points at nothing"},
        {"$ref: 1", "points at nothing"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        expect_refused(state, cases[i].yaml, 1, cases[i].words);
}

static void test_patterns_dialects_read_differently_are_refused(void **state)
{
    static const char *const bad[] = {"\\d",  "\\D",      "\\w",   "\\W",    "\\s",         "\\S",       "\\b",    "\\B",
                                      "\\A",  "\\z",      "\\Qa",  "\\v",    "\\1",         "\\x41",     "\\u0041", "a\\",
                                      "(?i)a", "(?<n>a)", "(?>a)", "(*UTF)", "[[:alpha:]]", "[a[:d:]]", "a++",     "a{2}+"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        char yaml[64];
        snprintf(yaml, sizeof yaml, "pattern: '%s'", bad[i]);
        expect_refused(state, yaml, 1, "read alike");
    }
    compiled(state, "pattern: '^(?:[a-z+*(]|\\p{L}\\.|(?=a)|(?!b))[]*\\++\\\\$'");
}

static void test_patterns_are_searched_in_utf_8_and_end_at_the_end(void **state)
{
    expect(state, compiled(state, "pattern: ö.$"), "\"aöß\"", "");
    expect(state, compiled(state, "pattern: '^a$'"), "\"a\\n\"", " pattern ^a$");
}

static void test_a_pattern_that_takes_for_ever_is_not_found(void **state)
{
    expect(state, compiled(state, "pattern: '^(?:a|aa|a?a)+$'"), "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"",
           " pattern ^(?:a|aa|a?a)+$");
}

static void test_all_faults_are_told_with_their_pointers(void **state)
{
    const struct schema *schema = compiled(state, "type: object\n"
                                                  "required: [name, age, terms]\n"
                                                  "additionalProperties: false\n"
                                                  "minProperties: 2\n"
                                                  "properties:\n"
                                                  "  name: {type: string, minLength: 2, maxLength: 4}\n"
                                                  "  age: {type: integer, minimum: 18, exclusiveMaximum: 120, multipleOf: 2}\n"
                                                  "  terms: {const: true}\n"
                                                  "  state: {enum: [open, 7, null]}\n"
                                                  "  tags: {minItems: 1, maxItems: 2, uniqueItems: true, items: {type: string}}\n"
                                                  "  a/b~c: {type: string}\n"
                                                  "  mail: {type: string, format: email}\n");
    expect(state, schema, "{\"name\":\"Ömür\",\"age\":18.0,\"terms\":true,\"state\":null,\"tags\":[\"x\"]}", "");
    expect(state, schema, "{\"x\":1}", " too_few_members 2\n/name required\n/age required\n/terms required\n/x unknown_member");
    expect(state, schema,
           "{\"name\":\"Ömürü\",\"age\":17,\"terms\":false,\"state\":\"shut\",\"tags\":[],\"a/b~c\":1,\"q/~\":1,"
           "\"mail\":\"a@b\"}",
           "/name too_long 4\n/age too_small 18\n/age multiple_of 2\n/terms const true\n/state enum open, 7, null\n"
           "/tags too_few_items 1\n/a~1b~0c type string\n/mail format email\n/q~1~0 unknown_member");
    expect(state, schema, "{\"name\":\"ü\",\"age\":120,\"terms\":true,\"tags\":[\"x\",\"y\",3]}",
           "/name too_short 2\n/age too_large < 120\n/tags too_many_items 2\n/tags/2 type string");
    expect(state, schema, "{\"name\":\"xx\",\"age\":20.5,\"terms\":true,\"tags\":[\"x\",\"x\"]}",
           "/age type integer\n/tags/1 not_unique");
    expect(state, schema, "[]", " type object");
}

static void test_pointers_start_where_the_caller_says(void **state)
{
    struct faults faults;
    faults_init(&faults, &((struct fixture *)*state)->arena);
    const struct schema *schema = compiled(state, "items: {type: string}");
    json_t *value = json_pack("[i]", 1);
    assert_false(schema_check(schema, value, "/x", NULL, &faults));
    assert_false(schema_check(schema, value, "", "limit", &faults));
    json_decref(value);
    assert_string_equal(list(state, &faults), "/x/0 type string\nlimit type string");
    assert_null(faults.items[1].pointer);
}

static void test_nullable_values_get_the_faults_of_what_they_may_be(void **state)
{
    static const char *const documents[] = {
        "x-a: {type: object, required: [b], properties: {b: {type: string}}}\noneOf: [{$ref: '#/x-a'}, {type: 'null'}]",
        "x-a: {type: object, required: [b], properties: {b: {type: string}}}\nanyOf: [{type: 'null'}, {$ref: '#/x-a'}]",
    };
    for (size_t i = 0; i < COUNT(documents); i++) {
        const struct schema *schema = compiled(state, documents[i]);
        assert_true(schema->nullable && schema->types == SCHEMA_OBJECT && schema->property_count == 1);
        expect(state, schema, "null", "");
        expect(state, schema, "{\"b\":\"\"}", "");
        expect(state, schema, "{\"b\":1}", "/b type string");
        expect(state, schema, "{}", "/b required");
        expect(state, schema, "5", " type object");
    }
    const struct schema *twice = compiled(state, "oneOf: [{type: [string, 'null']}, {type: 'null'}]");
    expect(state, twice, "null", " one_of"); /* both fit */
    expect(state, compiled(state, "anyOf: [{type: [string, 'null']}, {type: 'null'}]"), "null", "");
}

static void test_branches_fail_as_the_one_that_was_meant(void **state)
{
    const struct schema *kinds = compiled(state, "oneOf: [{type: string, maxLength: 2}, {type: array, items: {type: integer}}]");
    expect(state, kinds, "\"abc\"", " too_long 2");
    expect(state, kinds, "[1, \"x\"]", "/1 type integer");
    expect(state, kinds, "1", " one_of");
    const struct schema *alike = compiled(state, "anyOf: [{type: integer, minimum: 5}, {type: number, maximum: 0}]");
    expect(state, alike, "3", " any_of");
    expect(state, alike, "3.5", " too_large 0");
    expect(state, alike, "-1", "");
    expect(state, compiled(state, "oneOf: [{type: integer}, {minimum: 0}]"), "1", " one_of");
}

static void test_references_stand_beside_other_keywords_and_recur(void **state)
{
    const struct schema *schema = compiled(state, "x-text: {type: string, maxLength: 3}\n"
                                                  "type: object\n"
                                                  "properties:\n"
                                                  "  name: {$ref: '#/x-text', minLength: 2, default: ab}\n"
                                                  "  children: {type: array, items: {$ref: '#'}}\n");
    const struct schema *name = schema->properties[0].schema;
    assert_int_equal(name->types, SCHEMA_STRING);
    assert_string_equal(name->default_value->text, "ab");
    assert_ptr_equal(schema->properties[1].schema->items->properties[0].schema, name);
    expect(state, schema, "{\"children\":[{},{\"name\":\"x\",\"children\":[{\"name\":\"long\"}]}]}",
           "/children/1/name too_short 2\n/children/1/children/0/name too_long 3");
}

static void test_schemas_that_apply_to_themselves_are_refused(void **state)
{
    expect_refused(state, "$ref: '#'", 1, "applies to itself");
    expect_refused(state, "allOf: [{$ref: '#/x-a'}]\nx-a: {anyOf: [{type: string}, {$ref: '#'}]}", 1, "applies to itself");
}

static void test_a_set_refuses_on_after_its_first_error(void **state)
{
    struct fixture *fixture = *state;
    static const char yaml[] = "a: {type: string}\nb: {what: 1}\n";
    const struct node *document = tree_parse(yaml, strlen(yaml), &fixture->arena, &fixture->error);
    struct schema_set *set = schema_set_new(document, &fixture->arena);
    const struct schema *first = schema_compile(set, document->items[0], &fixture->error);
    assert_non_null(first);
    assert_ptr_equal(schema_compile(set, document->items[0], &fixture->error), first);
    for (int i = 1; i >= 0; i--) {
        fixture->error.line = 0;
        assert_null(schema_compile(set, document->items[i], &fixture->error));
        assert_int_equal(fixture->error.line, 2);
    }
}

static void test_readers_see_what_all_parts_say_together(void **state)
{
    const struct schema *schema = compiled(state, "x-base:\n"
                                                  "  type: object\n"
                                                  "  required: [id, b]\n"
                                                  "  properties: {id: {format: uuid}, a: {type: integer}}\n"
                                                  "allOf: [{$ref: '#/x-base'}, {properties: {b: {type: string}, a: {}}}]\n"
                                                  "required: [a]\n");
    static const char *const names[] = {"a", "id", "b"};
    assert_int_equal(schema->types, SCHEMA_OBJECT);
    assert_int_equal(schema->property_count, COUNT(names));
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_string_equal(schema->properties[i].name, names[i]);
        assert_true(schema->properties[i].required);
    }
    assert_int_equal(schema->properties[0].schema->types, SCHEMA_INTEGER);
    assert_string_equal(schema->properties[1].schema->format, "uuid");
    assert_int_equal(schema->properties[2].schema->types, SCHEMA_STRING);
    const struct schema *text = compiled(state, "type: [string, 'null']");
    assert_true(text->nullable && text->types == SCHEMA_STRING);
    const struct schema *null = compiled(state, "type: 'null'");
    assert_true(!null->nullable && null->types == SCHEMA_NULL);
}

static void test_integers_keep_to_their_format(void **state)
{
    const struct schema *schema = compiled(state, "{type: integer, format: int32}");
    expect(state, schema, "2147483647", "");
    expect(state, schema, "2147483648", " too_large 2147483647");
    expect(state, compiled(state, "{type: integer, format: int64}"), "-1e300", " too_small -9223372036854775808");
    expect(state, compiled(state, "{type: integer, format: int64}"), "9223372036854775807", "");
}

static void test_numbers_are_compared_exactly(void **state)
{
    expect(state, compiled(state, "const: 9007199254740993"), "9007199254740992.0", " const 9007199254740993");
    expect(state, compiled(state, "enum: [[1, {a: 2}]]"), "[1.0, {\"a\":2.0}]", "");
    expect(state, compiled(state, "maximum: 9007199254740992"), "9007199254740993", " too_large 9007199254740992");
    expect(state, compiled(state, "multipleOf: 3"), "9223372036854775807", " multiple_of 3");
    expect(state, compiled(state, "multipleOf: 3"), "-9.0", "");
}

/* Runs out of effort: a body that was made to keep us busy is answered soon, and with one fault. */
static void test_effort_is_bounded(void **state)
{
    struct faults faults;
    json_t *array = json_array();
    for (int i = 0; i < 20000; i++)
        json_array_append_new(array, json_integer(i));
    faults_init(&faults, &((struct fixture *)*state)->arena);
    assert_false(schema_check(compiled(state, "{uniqueItems: true, items: {type: string}}"), array, "", NULL, &faults));
    assert_string_equal(list(state, &faults), " too_complex");
    faults_init(&faults, &((struct fixture *)*state)->arena);
    assert_false(schema_check(compiled(state, "{items: {type: string}}"), array, "", NULL, &faults));
    assert_int_equal(faults.count, FAULTS_MAX);
    json_decref(array);
}

static void test_depth_is_bounded(void **state)
{
    const struct schema *wide = compiled(state, "anyOf: [{items: {$ref: '#'}, maxItems: 1}, {items: {$ref: '#'}, minItems: 1}]");
    struct faults faults;
    faults_init(&faults, &((struct fixture *)*state)->arena);
    json_t *value = json_integer(1);
    for (int i = 0; i < 2000; i++)
        value = json_pack("[o]", value);
    assert_false(schema_check(compiled(state, "items: {$ref: '#'}"), value, "", NULL, &faults));
    assert_false(schema_check(wide, value, "", NULL, &faults));
    assert_string_equal(list(state, &faults), " too_complex\n too_complex");
    json_decref(value);
}

static void expect_read(void **state, const char *yaml, const char *text, const char *expected)
{
    struct faults faults;
    faults_init(&faults, &((struct fixture *)*state)->arena);
    json_t *value = schema_read(compiled(state, yaml), text, "p", &faults);
    char *json = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    assert_string_equal(json ? json : list(state, &faults), expected);
    free(json);
    json_decref(value);
}

static void test_parameters_are_read_as_their_type(void **state)
{
    expect_read(state, "type: string", "12", "\"12\"");
    expect_read(state, "{}", "", "\"\"");
    expect_read(state, "type: integer", "-12", "-12");
    expect_read(state, "type: number", "1.5e1", "15.0");
    expect_read(state, "type: boolean", "true", "true");
    expect_read(state, "{type: array, items: {type: string}}", "a,b,,c", "[\"a\",\"b\",\"\",\"c\"]");
    expect_read(state, "{type: array, items: {type: integer}}", "1,2", "[1,2]");
    expect_read(state, "type: array", "", "[]");
    static const char *const no_integers[] = {"", "+1", "1.0", "01", " 1", "1 ", "1e2", "0x1", "-", "one", "1,2", "null"};
    for (size_t i = 0; i < COUNT(no_integers); i++)
        expect_read(state, "type: integer", no_integers[i], "p type integer");
    expect_read(state, "type: integer", "9223372036854775808", "p too_large 9223372036854775807");
    expect_read(state, "type: integer", "-9223372036854775809", "p too_small -9223372036854775808");
    expect_read(state, "type: number", "[1]", "p type number");
    expect_read(state, "type: boolean", "True", "p type boolean");
    expect_read(state, "{type: array, items: {type: integer}}", "1,x", "p type integer");
    expect_read(state, "type: object", "{}", "p type none");
    expect(state, compiled(state, "properties: {a: false}"), "{\"a\":1}", "/a type none");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_unknown_keywords_are_refused_with_their_line),
        TEST(test_faulty_keywords_are_refused),
        TEST(test_patterns_dialects_read_differently_are_refused),
        TEST(test_patterns_are_searched_in_utf_8_and_end_at_the_end),
        TEST(test_a_pattern_that_takes_for_ever_is_not_found),
        TEST(test_all_faults_are_told_with_their_pointers),
        TEST(test_pointers_start_where_the_caller_says),
        TEST(test_nullable_values_get_the_faults_of_what_they_may_be),
        TEST(test_branches_fail_as_the_one_that_was_meant),
        TEST(test_references_stand_beside_other_keywords_and_recur),
        TEST(test_schemas_that_apply_to_themselves_are_refused),
        TEST(test_a_set_refuses_on_after_its_first_error),
        TEST(test_readers_see_what_all_parts_say_together),
        TEST(test_integers_keep_to_their_format),
        TEST(test_numbers_are_compared_exactly),
        TEST(test_effort_is_bounded),
        TEST(test_depth_is_bounded),
        TEST(test_parameters_are_read_as_their_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
