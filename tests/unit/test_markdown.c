/* SPDX-License-Identifier: EUPL-1.2
 * Markdown: what becomes of it, what is refused and where, and what is never given to cmark. */
#include "buffer.h"
#include "markdown.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "banned.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct markdown result;
static struct markdown_faults faults;

/* Exactly the text's bytes, without an end, so that a sanitizer sees whoever reads on. */
static bool render(const char *text)
{
    const size_t length = strlen(text);
    char *bytes = malloc(length ? length : 1);
    assert_non_null(bytes);
    memcpy(bytes, text, length);
    const bool done = markdown_render(bytes, length, &arena, &result, &faults);
    free(bytes);
    return done;
}

static void expect(const char *text, const char *html, const char *plain)
{
    if (!render(text))
        fail_msg("%s: refused as %s", text, faults.count ? faults.items[0].code : "out of memory");
    assert_string_equal(result.html, html);
    assert_string_equal(result.text, plain);
}

static void expect_fault(const char *text, const char *code, unsigned line)
{
    if (render(text) || faults.count == 0 || strcmp(faults.items[0].code, code) != 0 || faults.items[0].line != line)
        fail_msg("%s: %s in line %u instead of %s", text, faults.count ? faults.items[0].code : "nothing", faults.items[0].line, code);
    assert_non_null(faults.items[0].message);
}

static void test_text_becomes_html_and_plain_text(void **state)
{
    (void)state;
    expect("", "", "");
    expect("## A & B\n\nc *d*  \ne\nf", "<h2>A &amp; B</h2>\n<p>c <em>d</em><br />\ne\nf</p>\n", "A & B\nc d\ne f\n");
    expect("- a\n- b\n", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n", "a\nb\n");
    expect("[a](https://b \"c\")", "<p><a href=\"https://b\">a</a></p>\n", "a\n");
    expect("```x\" y\nz\n```", "<pre><code>z\n</code></pre>\n", "z\n");
    expect("a\xEF\xBF\xBC" "b&#8;c", "<p>abc</p>\n", "abc\n");
}

static void test_what_a_text_shows_of_others_is_a_placeholder(void **state)
{
    (void)state;
    expect("[](place:a-1)\n\n[b](article:c) ![d\"](media:" HASH ")\n\n> [e](contact:f)\n\n[g](article:c)",
           "<div data-embed=\"place:a-1\"></div>\n<p><a href=\"article:c\">b</a> <img src=\"/v1/media/" HASH
           "\" alt=\"d&quot;\" loading=\"lazy\"></p>\n<blockquote>\n<div data-embed=\"contact:f\"></div>\n</blockquote>\n"
           "<p><a href=\"article:c\">g</a></p>\n",
           "\xEF\xBF\xBCplace:a-1\xEF\xBF\xBC\nb d\"\n\xEF\xBF\xBC" "contact:f\xEF\xBF\xBC\ng\n");
    assert_int_equal(result.embed_count, 4);
    assert_string_equal(result.embeds[0], "place:a-1");
    assert_string_equal(result.embeds[1], "article:c");
    assert_string_equal(result.embeds[2], "media:" HASH);
    assert_string_equal(result.embeds[3], "contact:f");
    expect("plain", "<p>plain</p>\n", "plain\n");
    assert_int_equal(result.embed_count, 0);
}

static void test_a_fault_names_its_line(void **state)
{
    (void)state;
    expect_fault("a\n\n<i>", "markdown_html", 3);
    expect_fault("\n# a", "markdown_heading", 2);
    expect_fault("[a](http://b)", "markdown_link", 1);
    expect_fault("[a](HTTPS:b)", "markdown_link", 1);
    expect_fault("[a](article:)", "markdown_link", 1);
    expect_fault("[a](article:-b)", "markdown_link", 1);
    expect_fault("[a](article:b-)", "markdown_link", 1);
    expect_fault("[](tel:1)", "markdown_link_words", 1);
    expect_fault("a [](place:b)", "markdown_embed", 1);
    expect_fault("![a](media:b)", "markdown_picture", 1);
    expect_fault("![a](media:" HASH "0)", "markdown_picture", 1);
    expect_fault("![ ](media:" HASH ")", "markdown_alternative", 1);
    expect_fault("![![a](media:" HASH ")](media:" HASH ")", "markdown_picture", 1);
}

static void test_faults_are_told_together_up_to_a_limit(void **state)
{
    (void)state;
    char text[2 * MARKDOWN_FAULTS_MAX * sizeof "# a\n"];
    assert_false(render("# a\n\n<i>\n\n[b](c)"));
    assert_int_equal(faults.count, 3);
    for (size_t i = 0; i < 2 * MARKDOWN_FAULTS_MAX; i++)
        memcpy(text + i * strlen("# a\n"), "# a\n", sizeof "# a\n");
    assert_false(render(text));
    assert_int_equal(faults.count, MARKDOWN_FAULTS_MAX);
}

/* The pattern, as often as said, and an end. */
static const char *many(const char *pattern, size_t times, const char *end)
{
    const size_t length = strlen(pattern);
    char *text = arena_alloc(&arena, times * length + strlen(end) + 1);
    assert_non_null(text);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * length, pattern, length);
    memcpy(text + times * length, end, strlen(end));
    return text;
}

static void test_what_would_take_long_is_not_begun(void **state)
{
    (void)state;
    expect_fault(many(">", 41, "a"), "markdown_too_complex", 1);
    expect_fault(many("- ", 21, "a"), "markdown_too_complex", 1);
    expect_fault(many("[", 1001, ""), "markdown_too_complex", 1);
    expect_fault(many("[a](article:b)\n", 1001, ""), "markdown_too_complex", 1001);
    assert_true(render(many(">", 40, "a")));
    assert_true(render(many("- ", 20, "a")));
    assert_true(render(many("[", 1000, "")));
    assert_true(render(many("- ", 5000, "")));
    assert_true(render(many("*", 5000, "")));
    assert_true(render(many("_", 5000, "")));
}

static void test_a_text_shows_a_hundred_things(void **state)
{
    (void)state;
    struct buffer text;
    char line[64];
    buffer_init(&text);
    for (int i = 0; i < 101; i++) {
        if (i == 100) {
            assert_true(render(buffer_text(&text)));
            assert_int_equal(result.embed_count, 100);
        }
        snprintf(line, sizeof line, "[](place:p%d)\n\n", i);
        buffer_puts(&text, line);
    }
    expect_fault(buffer_text(&text), "markdown_too_complex", 201);
    buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_becomes_html_and_plain_text),
        cmocka_unit_test(test_what_a_text_shows_of_others_is_a_placeholder),
        cmocka_unit_test(test_a_fault_names_its_line),
        cmocka_unit_test(test_faults_are_told_together_up_to_a_limit),
        cmocka_unit_test(test_what_would_take_long_is_not_begun),
        cmocka_unit_test(test_a_text_shows_a_hundred_things),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
