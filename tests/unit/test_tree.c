/* SPDX-License-Identifier: EUPL-1.2
 * YAML as a tree: what is typed, what is text, what is refused and in which line. */
#include "tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "banned.h"

struct parsed {
    struct arena arena;
    struct tree_error error;
    struct node *root;
};

static int set_up(void **state)
{
    struct parsed *parsed = calloc(1, sizeof *parsed);
    if (!parsed)
        return -1;
    arena_init(&parsed->arena, 0);
    *state = parsed;
    return 0;
}

static int tear_down(void **state)
{
    struct parsed *parsed = *state;
    arena_release(&parsed->arena);
    free(parsed);
    return 0;
}

static const struct node *parse(void **state, const char *yaml)
{
    struct parsed *parsed = *state;
    parsed->root = tree_parse(yaml, strlen(yaml), &parsed->arena, &parsed->error);
    return parsed->root;
}

static void expect_json(void **state, const char *yaml, const char *json)
{
    const struct node *root = parse(state, yaml);
    if (!root)
        fail_msg("%s: refused: %s", yaml, ((struct parsed *)*state)->error.message);
    json_t *value = node_json(root);
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    assert_string_equal(text, json);
    free(text);
    json_decref(value);
}

static void expect_refused(void **state, const char *yaml, unsigned line, const char *words)
{
    const struct parsed *parsed = *state;
    if (parse(state, yaml))
        fail_msg("not refused: %s", yaml);
    if (!strstr(parsed->error.message, words) || parsed->error.line != line)
        fail_msg("%s: line %u: %s", yaml, parsed->error.line, parsed->error.message);
}

static void test_json_words_and_numbers_are_typed(void **state)
{
    expect_json(state, "[null, true, false, 0, -7, 1.5, 1e3, -0.5E-1]", "[null,true,false,0,-7,1.5,1000.0,-0.050000000000000003]");
}

static void test_other_plain_words_are_text(void **state)
{
    expect_json(state, "[3.1.0, 10.0.0.1, yesterday, nulls, -a, a b, 12 Uhr, ö, v1, 1a]",
                "[\"3.1.0\",\"10.0.0.1\",\"yesterday\",\"nulls\",\"-a\",\"a b\",\"12 Uhr\",\"ö\",\"v1\",\"1a\"]");
}

static void test_quoted_and_block_values_are_text(void **state)
{
    expect_json(state, "['yes', \"12\", '', \"a\\tb\"]", "[\"yes\",\"12\",\"\",\"a\\tb\"]");
    expect_json(state, "a: |\n  one\n  two\nb: >-\n  three\n  four\n", "{\"a\":\"one\\ntwo\\n\",\"b\":\"three four\"}");
}

static void test_words_read_differently_are_refused(void **state)
{
    static const char *const words[] = {
        "yes", "Yes", "NO", "on", "Off", "y", "N", "True", "FALSE", "Null", "~", "=", "0777", "00", "0o17", "0b101", "0x1F", "+1",
        "1_000", "1.", ".5", "1_0.5", "12:30", "1:2:3", "12:30:45.5", ".inf", "-.INF", "+.Inf", ".nan", ".NaN", "2026-01-01",
        "2026-1-1", "2026-01-01T10:00:00Z", "2026-01-01 10:00:00 +01:00",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        expect_refused(state, words[i], 1, "quote it");
    expect_refused(state, "99999999999999999999", 1, "too large");
    expect_refused(state, "1e999", 1, "too large");
}

static void test_an_empty_value_is_refused(void **state)
{
    expect_refused(state, "a: 1\nb:\n", 2, "nothing stands here");
    expect_refused(state, "- 1\n-\n", 2, "nothing stands here");
    expect_refused(state, "{a}", 1, "nothing stands here");
    expect_refused(state, "", 1, "empty");
    expect_refused(state, "# only a comment\n", 2, "empty");
}

static void test_keys_are_text_and_unique(void **state)
{
    expect_json(state, "'200': a\nyesno: b", "{\"200\":\"a\",\"yesno\":\"b\"}");
    expect_refused(state, "a: 1\n200: b", 2, "a key must be text");
    expect_refused(state, "on: push", 1, "quote it");
    expect_refused(state, "a: 1\nb: 2\n'a': 3", 3, "given twice, first in line 1: a");
    expect_refused(state, "x:\n  ? [a]\n  : b", 2, "a key must be text");
}

static void test_what_needs_a_full_yaml_reader_is_refused(void **state)
{
    expect_refused(state, "a: &x 1", 1, "anchors");
    expect_refused(state, "a: &x [1]", 1, "anchors");
    expect_refused(state, "\na: *x", 2, "anchors");
    expect_refused(state, "a: 1\nb: !!str 2", 2, "tags");
    expect_refused(state, "! 12", 1, "tags");
    expect_refused(state, "! 'a'", 1, "tags");
    expect_refused(state, "!x {a: 1}", 1, "tags");
    expect_refused(state, "<<: {a: 1}", 1, "quote it");
    expect_refused(state, "%YAML 1.1\n---\na: 1", 1, "directives");
    expect_refused(state, "--- a\n--- b", 2, "only one document");
    expect_refused(state, "a: \"x\\0y\"", 1, "U+0000");
}

static void test_faulty_yaml_is_refused_with_its_line(void **state)
{
    expect_refused(state, "a: 1\n b: 2\n", 2, "mapping values are not allowed");
    expect_refused(state, "a: 1\nb: \xff\n", 2, "UTF-8");
    expect_refused(state, "a: [1, 2\n", 2, "expected");
    expect_refused(state, "a: \"open", 1, "unexpected end");
}

static void test_nesting_ends_at_sixty_four(void **state)
{
    char yaml[2 * 65 + 2] = "";
    memset(yaml, '[', 64);
    memset(yaml + 64, ']', 64);
    assert_non_null(parse(state, yaml));
    memset(yaml, '[', 65);
    memset(yaml + 65, ']', 65);
    expect_refused(state, yaml, 1, "nested deeper than 64");
}

static void test_lines_are_remembered(void **state)
{
    const struct node *root = parse(state, "# first\na: 1\nb:\n  - x\n  - c: d\n");
    assert_int_equal(root->line, 2);
    assert_int_equal(root->key_lines[1], 3);
    assert_int_equal(node_get(root, "b")->items[1]->line, 5);
}

static void test_many_members_keep_their_order(void **state)
{
    char yaml[4096] = "";
    for (int i = 0; i < 100; i++)
        snprintf(yaml + strlen(yaml), sizeof yaml - strlen(yaml), "k%d: %d\n", 99 - i, i);
    const struct node *root = parse(state, yaml);
    assert_int_equal(root->count, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(root->items[i]->integer, i);
    assert_string_equal(root->keys[17], "k82");
}

static void test_references_are_resolved(void **state)
{
    const struct node *root = parse(state, "a: {b/c: 1, d~e: 2, 'f g': 3, '': 4}\nlist: [x, [z]]\n");
    assert_ptr_equal(tree_resolve(root, "#"), root);
    assert_int_equal(tree_resolve(root, "#/a/b~1c")->integer, 1);
    assert_int_equal(tree_resolve(root, "#/a/d~0e")->integer, 2);
    assert_int_equal(tree_resolve(root, "#/a/f%20g")->integer, 3);
    assert_int_equal(tree_resolve(root, "#/a/")->integer, 4);
    assert_string_equal(tree_resolve(root, "#/list/1/0")->text, "z");
    static const char *const wrong[] = {"",         "a",        "#a",        "#/x",        "#/a/d~2e",   "#/a/d~",
                                        "#/list/2", "#/list/01", "#/list/-", "#/a/f%2",    "#/a/f%zz",   "#/a/%00",
                                        "#/list/x", "#/list/",  "#/a/b~1c/d", "other.yaml#/a"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_null(tree_resolve(root, wrong[i]));
    char longer[600] = "#/";
    memset(longer + 2, 'a', sizeof longer - 3);
    assert_null(tree_resolve(root, longer));
}

static void test_members_are_found(void **state)
{
    const struct node *root = parse(state, "a: text\nb: 1\n");
    assert_string_equal(node_text(root, "a"), "text");
    assert_null(node_text(root, "b"));
    assert_null(node_get(root, "c"));
    assert_null(node_get(NULL, "a"));
    assert_null(node_get(node_get(root, "a"), "a"));
}

static void test_a_long_message_is_cut_between_characters(void **state)
{
    struct tree_error *error = &((struct parsed *)*state)->error;
    char text[600] = "";
    for (int i = 0; i < 299; i++)
        memcpy(text + 2 * i, "ö", 2);
    for (int shift = 0; shift < 2; shift++) {
        assert_null(tree_refuse(error, 7, "%.*s%s", shift, "x", text));
        const size_t length = strlen(error->message);
        assert_true(length >= sizeof error->message - 3);
        json_t *valid = json_string(error->message);
        assert_non_null(valid);
        json_decref(valid);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_json_words_and_numbers_are_typed),
        TEST(test_other_plain_words_are_text),
        TEST(test_quoted_and_block_values_are_text),
        TEST(test_words_read_differently_are_refused),
        TEST(test_an_empty_value_is_refused),
        TEST(test_keys_are_text_and_unique),
        TEST(test_what_needs_a_full_yaml_reader_is_refused),
        TEST(test_faulty_yaml_is_refused_with_its_line),
        TEST(test_nesting_ends_at_sixty_four),
        TEST(test_lines_are_remembered),
        TEST(test_many_members_keep_their_order),
        TEST(test_references_are_resolved),
        TEST(test_members_are_found),
        TEST(test_a_long_message_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
