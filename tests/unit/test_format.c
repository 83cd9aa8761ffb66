/* SPDX-License-Identifier: EUPL-1.2
 * The built-in formats, each with texts that keep it and texts that do not. */
#include "format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "banned.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void expect(const char *name, bool kept, const char *const *texts, size_t count)
{
    const struct format *format = format_find(name);
    assert_non_null(format);
    for (size_t i = 0; i < count; i++)
        if (format->check(texts[i], strlen(texts[i]), format->context) != kept)
            fail_msg("%s should %sbe a %s", texts[i], kept ? "" : "not ", name);
}

static void test_uuid(void **state)
{
    (void)state;
    static const char *const good[] = {"00000000-0000-0000-0000-000000000000", "0190FE3a-1b2c-7def-8123-456789abcdef"};
    static const char *const bad[] = {"",
                                      "0190fe3a1b2c7def8123456789abcdef",
                                      "{0190fe3a-1b2c-7def-8123-456789abcdef}",
                                      "0190fe3a-1b2c-7def-8123-456789abcdeg",
                                      "0190fe3a-1b2c-7def-8123-456789abcdef ",
                                      "0190fe3a-1b2c-7def-8123_456789abcdef"};
    expect("uuid", true, good, COUNT(good));
    expect("uuid", false, bad, COUNT(bad));
}

static void test_dates_are_days_of_the_calendar(void **state)
{
    (void)state;
    static const char *const good[] = {"2026-11-22", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"};
    static const char *const bad[] = {"2026-02-29", "1900-02-29", "2026-04-31", "2026-13-01", "2026-00-01", "2026-01-00",
                                      "0000-01-01", "26-01-01",   "2026-1-1",   "2026-01-01 ", "20260101",  "२०२६-01-01"};
    expect("date", true, good, COUNT(good));
    expect("date", false, bad, COUNT(bad));
}

static void test_date_times_are_those_of_rfc_3339(void **state)
{
    (void)state;
    static const char *const good[] = {"2026-11-22T10:00:00Z",       "1963-06-19t08:30:06.283185z", "1937-01-01T12:00:27.87+00:20",
                                       "1990-12-31T23:59:60Z",       "1990-12-31T15:59:60-08:00",   "1991-01-01T00:59:60.5+01:00",
                                       "2026-11-22T10:00:00-15:59"};
    static const char *const bad[] = {"2026-11-22",
                                      "2026-11-22T10:00:00",
                                      "2026-11-22 10:00:00Z",
                                      "2026-11-22T10:00Z",
                                      "2026-11-22T24:00:00Z",
                                      "2026-11-22T10:60:00Z",
                                      "2026-11-22T10:00:60Z",
                                      "2026-02-30T10:00:00Z",
                                      "2026-11-22T10:00:00.Z",
                                      "2026-11-22T10:00:00+1:00",
                                      "2026-11-22T10:00:00+16:00",
                                      "2026-11-22T10:00:00+01:60",
                                      "2026-11-22T10:00:00+01:00x",
                                      "2026-11-22T10:00:00.0000000000000000000000000000000000000000000000Z",
                                      "1990-12-31T15:59:59-24:00"};
    expect("date-time", true, good, COUNT(good));
    expect("date-time", false, bad, COUNT(bad));
}

static void test_email_addresses_are_those_mail_can_reach(void **state)
{
    (void)state;
    static const char *const good[] = {"a@b.de", "first.last+tag@sub.example.org", "o'neil@example.org", "ömer@example.org",
                                       "قارئ@مثال.إختبار", "a@müller.de", "x@1.example", "a@b-c.de"};
    static const char *const bad[] = {"",           "2962",         "@b.de",        "a@",          "a@b",          "a@@b.de",
                                      "a@b@c.de",   "a b@c.de",     "a@b c.de",     ".a@b.de",     "a.@b.de",      "a..b@c.de",
                                      "a@.b.de",    "a@b.de.",      "a@b..de",      "a@-b.de",     "a@b-.de",      "a@b.123",
                                      "\"a\"@b.de", "<a@b.de>",     "a@b.de\n",     "a\r\nBcc:c@b.de", "a,b@c.de", "a@[127.0.0.1]",
                                      "a\x7f@b.de", "a\u00a0b@c.de", "a\u202eb@c.de", "a\u200bb@c.de", "a(x)@b.de", "a@b_c.de"};
    expect("email", true, good, COUNT(good));
    expect("email", false, bad, COUNT(bad));
}

static void test_the_length_of_email_addresses_is_bounded(void **state)
{
    (void)state;
    const struct format *format = format_find("email");
    char address[300] = "";
    memset(address, 'a', sizeof address - 1);
    memcpy(address + 64, "@", 1);
    for (size_t dot = 120; dot < sizeof address - 1; dot += 50)
        address[dot] = '.';
    assert_true(format->check(address, 254, NULL));
    assert_false(format->check(address, 255, NULL));
    memcpy(address + 64, "a@", 2);
    assert_false(format->check(address, 254, NULL)); /* 65 before the @ */
    assert_false(format->check("a\0b@c.de", 8, NULL));
}

static void test_uris_are_absolute_and_of_the_web(void **state)
{
    (void)state;
    static const char *const good[] = {"https://example.org", "http://example.org:8080/a?b=c#d", "HTTPS://example.org/%C3%B6",
                                       "https://xn--mller-kva.de/", "http://localhost:3000"};
    static const char *const bad[] = {"",
                                      "https://",
                                      "http:///path",
                                      "ftp://example.org",
                                      "javascript:alert(1)",
                                      "//example.org",
                                      "https://user:secret@example.org",
                                      "https://example.org@other.example",
                                      "https://example.org/ a",
                                      "https://example.org/%zz",
                                      "https://example.org/%2",
                                      "https://exämple.org",
                                      "https://example.org:80a/",
                                      "https://example.org:123456/",
                                      "https://example.org/\"onclick",
                                      "https://.org",
                                      "https://[::1]/"};
    expect("uri", true, good, COUNT(good));
    expect("uri", false, bad, COUNT(bad));
}

static void test_language_tags_have_the_shape_of_bcp_47(void **state)
{
    (void)state;
    static const char *const good[] = {"de",     "de-DE",      "zh-Hant-TW", "sl-rozaj-biske", "de-CH-1996", "zh-cmn-Hans-CN",
                                       "es-419", "en-u-co-phonebk", "de-x-a",    "kmr",        "ckb-Arab"};
    static const char *const bad[] = {"",      "d",      "de-",       "-de",     "de--DE",  "de_DE",       "x",
                                      "123",   "de-D",   "toolongtag", "de-x",   "de-u",    "de-u-c",      "de-DE-DE",
                                      "de DE", "dë",     "de-abcdefghi", "de-x-abcdefghi"};
    expect("language-tag", true, good, COUNT(good));
    expect("language-tag", false, bad, COUNT(bad));
}

static bool is_context(const char *text, size_t length, const void *context)
{
    return length == strlen(context) && strcmp(text, context) == 0;
}

static void test_formats_can_be_registered_until_the_table_is_full(void **state)
{
    (void)state;
    static const char *const names[] = {"r0",  "r1",  "r2",  "r3",  "r4",  "r5",  "r6",  "r7",  "r8",  "r9",
                                        "r10", "r11", "r12", "r13", "r14", "r15", "r16", "r17", "r18", "r19",
                                        "r20", "r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28", "r29"};
    assert_null(format_find("city"));
    assert_true(format_register("city", is_context, "essen", "unknown_city"));
    assert_false(format_register("city", is_context, "bochum", NULL));
    assert_false(format_register("uuid", is_context, "bochum", NULL));
    const struct format *city = format_find("city");
    assert_string_equal(city->code, "unknown_city");
    assert_true(city->check("essen", 5, city->context));
    assert_true(format_register("plain", is_context, "", NULL));
    assert_string_equal(format_find("plain")->code, "format");
    size_t added = 0;
    while (added < COUNT(names) && format_register(names[added], is_context, "", NULL))
        added++;
    assert_true(added >= 8 && added < COUNT(names));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuid),
        cmocka_unit_test(test_dates_are_days_of_the_calendar),
        cmocka_unit_test(test_date_times_are_those_of_rfc_3339),
        cmocka_unit_test(test_email_addresses_are_those_mail_can_reach),
        cmocka_unit_test(test_the_length_of_email_addresses_is_bounded),
        cmocka_unit_test(test_uris_are_absolute_and_of_the_web),
        cmocka_unit_test(test_language_tags_have_the_shape_of_bcp_47),
        cmocka_unit_test(test_formats_can_be_registered_until_the_table_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
