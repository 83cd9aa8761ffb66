/* SPDX-License-Identifier: EUPL-1.2
 * Passages: what is marked, what is shown, and that nothing of the text is ever HTML. */
#include "passage.h"
#include "unit.h"

#include <string.h>

#include "banned.h"

static struct buffer out;

static const char *passage(const char *words, const char *text)
{
    buffer_clear(&out);
    passage_write(&out, words, text);
    return out.length ? buffer_text(&out) : "";
}

static void test_words_are_marked_however_they_are_written(void **state)
{
    (void)state;
    assert_string_equal(passage("wohnung", "Zwei WOHNUNGEN, eine Wohnung."), "Zwei <mark>WOHNUNGEN</mark>, eine <mark>Wohnung</mark>.");
    assert_string_equal(passage("strasse", "Die Straße"), "Die <mark>Straße</mark>");
    assert_string_equal(passage("auslanderbehorde", "Ausländerbehörde Auslaenderbehoerde"),
                        "<mark>Ausländerbehörde</mark> <mark>Auslaenderbehoerde</mark>");
    assert_string_equal(passage("istanbul isik", "İstanbul ışık"), "<mark>İstanbul</mark> <mark>ışık</mark>");
    assert_string_equal(passage("اقامه", "الإقامة إقامةٌ"), "الإقامة <mark>إقامةٌ</mark>");
    assert_string_equal(passage("ганок", "ґанок"), "<mark>ґанок</mark>");
    assert_string_equal(passage("12", "١٢ 123"), "<mark>١٢</mark> 123");
    assert_string_equal(passage("登 记", "住房登记"), "住房<mark>登</mark><mark>记</mark>");
}

static void test_short_words_are_whole_unless_they_end_with_a_star(void **state)
{
    (void)state;
    assert_string_equal(passage("in", "in Innen"), "<mark>in</mark> Innen");
    assert_string_equal(passage("in*", "in Innen"), "<mark>in</mark> <mark>Innen</mark>");
    assert_string_equal(passage("*", "in * Innen"), "in * Innen");
}

static void test_text_stays_text(void **state)
{
    (void)state;
    assert_string_equal(passage("b", "<b title=\"x\">&'\n\n</b>"),
                        "&lt;<mark>b</mark> title=&quot;x&quot;&gt;&amp;&#39; &lt;/<mark>b</mark>&gt;");
    assert_string_equal(passage("", "a < b"), "a &lt; b");
    assert_string_equal(passage("a b", ""), "");
    assert_string_equal(passage("x", "\xff\xfe x"), "\xff\xfe <mark>x</mark>");
}

static void test_the_place_with_most_of_the_words_is_shown(void **state)
{
    (void)state;
    char text[4000] = "one ";
    for (int i = 0; i < 150; i++)
        memcpy(text + 4 + 10 * i, "something ", 10);
    memcpy(text + 1504, "one two ", 8);
    for (int i = 0; i < 150; i++)
        memcpy(text + 1512 + 10 * i, "something ", 10);
    const char *shown = passage("one two", text);
    assert_non_null(strstr(shown, "<mark>one</mark> <mark>two</mark>"));
    assert_memory_equal(shown, "… something", strlen("… something"));
    assert_string_equal(shown + strlen(shown) - strlen("something …"), "something …");
    assert_true(strlen(shown) < 320);
}

static void test_many_words_and_long_ones_are_bounded(void **state)
{
    (void)state;
    char words[1000], text[4000];
    memset(words, 'a', sizeof words);
    words[999] = '\0';
    for (int i = 1; i < 999; i += 2)
        words[i] = ' ';
    memset(text, 'a', sizeof text);
    text[3999] = '\0';
    assert_null(strstr(passage(words, text), "<mark>"));
    for (int i = 1; i < 3999; i += 2)
        text[i] = ' ';
    assert_non_null(strstr(passage(words, text), "<mark>a</mark>"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_are_marked_however_they_are_written),
        cmocka_unit_test(test_short_words_are_whole_unless_they_end_with_a_star),
        cmocka_unit_test(test_text_stays_text),
        cmocka_unit_test(test_the_place_with_most_of_the_words_is_shown),
        cmocka_unit_test(test_many_words_and_long_ones_are_bounded),
    };
    const int failed = cmocka_run_group_tests(tests, arena_setup, arena_teardown);
    buffer_release(&out);
    return failed;
}
