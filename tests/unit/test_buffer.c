/* SPDX-License-Identifier: EUPL-1.2
 * The buffer: growth, JSON and HTML escapes, sticky failure, and who owns the bytes. */
#include "buffer.h"

#include <jansson.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "banned.h"

static void test_it_grows_as_far_as_it_is_written(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer);
    for (int i = 0; i < 100000; i++)
        buffer_putc(&buffer, (char)('a' + i % 26));
    buffer_printf(&buffer, "%0*d", 5000, 7);
    assert_false(buffer_failed(&buffer));
    assert_int_equal(buffer.length, 105000);
    assert_int_equal(buffer.bytes[99999], 'a' + 99999 % 26);
    assert_int_equal(strlen(buffer_text(&buffer)), 105000);
    buffer_release(&buffer);
}

static void test_an_empty_buffer_is_an_empty_text(void **state)
{
    (void)state;
    struct buffer buffer;
    size_t length = 1;
    buffer_init(&buffer);
    buffer_append(&buffer, NULL, 0);
    assert_string_equal(buffer_text(&buffer), "");
    assert_null(buffer_take(&buffer, &length));
    assert_int_equal(length, 0);
    buffer_release(&buffer);
}

static void test_json_strings_read_back_as_they_were(void **state)
{
    (void)state;
    struct buffer buffer;
    char text[256];
    size_t length = 0;
    for (int byte = 1; byte < 0x80; byte++)
        text[length++] = (char)byte;
    memcpy(text + length, "grüße 🙂", sizeof "grüße 🙂");
    buffer_init(&buffer);
    buffer_json_text(&buffer, text);
    json_t *value = json_loadb(buffer.bytes, buffer.length, JSON_DECODE_ANY, NULL);
    assert_string_equal(json_string_value(value), text);
    json_decref(value);
    buffer_clear(&buffer);
    buffer_json(&buffer, "a\0\"\\\n\x1f", 6);
    assert_string_equal(buffer_text(&buffer), "\"a\\u0000\\\"\\\\\\n\\u001f\"");
    buffer_release(&buffer);
}

static void test_html_cannot_break_out_of_text_or_attributes(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer);
    buffer_html(&buffer, "<a href=\"x\" title='y'>&</a>");
    assert_string_equal(buffer_text(&buffer), "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;&lt;/a&gt;");
    buffer_release(&buffer);
}

static void test_html_leaves_out_what_xml_cannot_hold(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer);
    buffer_html(&buffer, "a\x01\x1f\t\n\r\x7f \xEF\xBF\xBE\xEF\xBF\xBF\xEF\xBF\xBDz");
    assert_string_equal(buffer_text(&buffer), "a\t\n\r\x7f \xEF\xBF\xBDz");
    buffer_release(&buffer);
}

static void test_failure_stays_until_the_buffer_is_cleared(void **state)
{
    (void)state;
    struct buffer buffer;
    size_t length;
    buffer_init(&buffer);
    buffer_puts(&buffer, "begun");
    buffer_append(&buffer, "x", SIZE_MAX / 2); /* more than there can be; nothing is read */
    buffer_puts(&buffer, "on");
    assert_true(buffer_failed(&buffer));
    assert_null(buffer_text(&buffer));
    assert_null(buffer_take(&buffer, &length));
    buffer_puts(&buffer, "anew");
    assert_string_equal(buffer_text(&buffer), "anew");
    buffer_release(&buffer);
}

static void test_taken_bytes_belong_to_the_taker(void **state)
{
    (void)state;
    struct buffer buffer;
    size_t length;
    buffer_init(&buffer);
    buffer_puts(&buffer, "answer");
    char *bytes = buffer_take(&buffer, &length);
    buffer_puts(&buffer, "next");
    assert_int_equal(length, 6);
    assert_memory_equal(bytes, "answer", 6);
    assert_string_equal(buffer_text(&buffer), "next");
    free(bytes);
    buffer_release(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_grows_as_far_as_it_is_written),
        cmocka_unit_test(test_an_empty_buffer_is_an_empty_text),
        cmocka_unit_test(test_json_strings_read_back_as_they_were),
        cmocka_unit_test(test_html_cannot_break_out_of_text_or_attributes),
        cmocka_unit_test(test_html_leaves_out_what_xml_cannot_hold),
        cmocka_unit_test(test_failure_stays_until_the_buffer_is_cleared),
        cmocka_unit_test(test_taken_bytes_belong_to_the_taker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
