/* SPDX-License-Identifier: EUPL-1.2
 * Mails as MIME: headers nobody can break out of, bodies that come back as they went in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail.h"

#include <sodium.h>
#include <string.h>

#include "banned.h"

static const struct mail_content CONTENT = {
    .language = "de",
    .subject = "Willkommen",
    .text = "Zeile eins\nGrüße an alle, auch an مرحبا\n",
    .html = "<p>x</p>",
};

/* Returns the message as text in the arena, or NULL where it is refused. */
static const char *written(struct arena *arena, const char *from, const char *to, const struct mail_content *content)
{
    struct buffer out;
    buffer_init(&out);
    const struct mail_message message = {.from = from, .to = to, .id = "0192-abc", .date = 1763805600, .content = content};
    const char *text = mail_message_write(&out, &message) ? buffer_text(&out) : NULL;
    text = text ? arena_text(arena, text) : NULL;
    buffer_release(&out);
    return text;
}

static void assert_has(const char *text, const char *part)
{
    if (!text || !strstr(text, part))
        fail_msg("\"%s\" is not in: %s", part, text ? text : "no message");
}

static void test_headers(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena, 0);
    const char *text = written(&arena, "Welcome <welcome@example.org>", "lea@example.org", &CONTENT);
    assert_has(text, "From: \"Welcome\" <welcome@example.org>\r\n");
    assert_has(text, "\r\nTo: lea@example.org\r\n");
    assert_has(text, "\r\nSubject: Willkommen\r\n");
    assert_has(text, "\r\nDate: Sat, 22 Nov 2025 10:00:00 +0000\r\n");
    assert_has(text, "\r\nMessage-ID: <0192-abc@example.org>\r\n");
    assert_has(text, "\r\nContent-Language: de\r\n");
    assert_has(text, "\r\nAuto-Submitted: auto-generated\r\n");
    assert_has(text, "multipart/alternative; boundary=\"=_0192-abc\"\r\n\r\n--=_0192-abc\r\n");
    assert_has(text, "\r\n--=_0192-abc--\r\n");
    arena_release(&arena);
}

static void test_long_and_foreign_subjects_are_encoded_words_of_whole_characters(void **state)
{
    struct arena arena;
    struct mail_content content = CONTENT;
    (void)state;
    arena_init(&arena, 0);
    content.subject = "Ласкаво просимо до порталу для новоприбулих у Рурській області";
    const char *text = written(&arena, "a@example.org", "b@example.org", &content);
    const char *at = strstr(text, "Subject: ");
    int words = 0;
    for (at += 9; strncmp(at, "=?UTF-8?B?", 10) == 0; words++) {
        const size_t length = strcspn(at, "\r");
        assert_true(length <= 75);
        assert_memory_equal(at + length - 2, "?=", 2);
        unsigned char first[2];
        assert_int_equal(sodium_base642bin(first, sizeof first, at + 10, 4, NULL, NULL, NULL, sodium_base64_VARIANT_ORIGINAL), -1);
        assert_int_not_equal(first[0] & 0xc0, 0x80); /* a word starts with a letter, not inside one */
        at += length + 2;
        at += *at == ' ';
    }
    assert_int_equal(words, 3);
    assert_true(strncmp(at, "Date:", 5) == 0);
    char broken[100];
    memset(broken, '\x80', sizeof broken);
    broken[sizeof broken - 1] = '\0';
    content.subject = broken; /* what is no UTF-8 must end, too */
    assert_non_null(written(&arena, "a@example.org", "b@example.org", &content));
    content.subject = "=?UTF-8?Q?not_ours?=";
    assert_has(written(&arena, "a@example.org", "b@example.org", &content), "Subject: =?UTF-8?B?PT9VVEY");
    arena_release(&arena);
}

static void test_addresses_cannot_break_out(void **state)
{
    static const char *const bad[] = {"",          "a",    "@b",       "a@",           "a@b\r\nBcc: c@d", "a@b\n", "a b@c", "a@b,c@d",
                                      "<a@b>", "a@b>", "\"x\"@b", "a@b\x7f", "a;b@c"};
    struct arena arena;
    (void)state;
    arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (written(&arena, "a@example.org", bad[i], &CONTENT))
            fail_msg("accepted: %s", bad[i]);
    }
    assert_null(written(&arena, "Name <a@b", "a@example.org", &CONTENT));
    assert_null(written(&arena, "Name <a@b> x", "a@example.org", &CONTENT));
    arena_release(&arena);
}

static void test_sender_names(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena, 0);
    assert_has(written(&arena, "a@example.org", "b@example.org", &CONTENT), "From: a@example.org\r\n");
    assert_has(written(&arena, "Grüße <a@example.org>", "b@example.org", &CONTENT), "From: =?UTF-8?B?R3LDvMOfZQ==?= <a@example.org>\r\n");
    assert_has(written(&arena, "x\r\nBcc: y <a@example.org>", "b@example.org", &CONTENT), "From: =?UTF-8?B?");
    arena_release(&arena);
}

static void test_the_text_comes_back(void **state)
{
    struct arena arena;
    struct mail_content content = CONTENT;
    (void)state;
    arena_init(&arena, 0);
    const char *text = written(&arena, "a@example.org", "b@example.org", &content);
    assert_string_equal(mail_message_to(text, &arena), "b@example.org");
    assert_string_equal(mail_message_text(text, &arena), CONTENT.text);
    char *unix_ends = arena_text(&arena, text), *to = unix_ends;
    for (const char *from = unix_ends; *from; from++)
        if (*from != '\r')
            *to++ = *from;
    *to = '\0';
    assert_string_equal(mail_message_to(unix_ends, &arena), "b@example.org");
    assert_string_equal(mail_message_text(unix_ends, &arena), CONTENT.text);
    content.text = "";
    assert_non_null(written(&arena, "a@example.org", "b@example.org", &content));
    arena_release(&arena);
}

static void test_lines_stay_short(void **state)
{
    struct arena arena;
    struct mail_content content = CONTENT;
    char long_text[5000];
    (void)state;
    arena_init(&arena, 0);
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    content.text = content.html = content.subject = long_text;
    const char *text = written(&arena, "a@example.org", "b@example.org", &content);
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 86);
    assert_string_equal(mail_message_text(text, &arena), long_text);
    arena_release(&arena);
}

static void test_what_is_no_message_has_no_text(void **state)
{
    static const char *const bad[] = {"", "To: ", "To: a@b", "\r\n\r\nTo: a@b", "Content-Type: text/plain\n\n", "Content-Type: text/plain\n\n%%%\n--x"};
    struct arena arena;
    (void)state;
    arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(mail_message_text(bad[i], &arena));
    assert_null(mail_message_to(bad[3], &arena));
    arena_release(&arena);
}

static void test_an_invitation_stands_in_the_mail_and_hangs_on_it(void **state)
{
    struct arena arena;
    struct buffer out;
    (void)state;
    arena_init(&arena, 0);
    buffer_init(&out);
    const struct mail_message message = {.from = "a@example.org", .to = "b@example.org", .id = "0192-abc", .content = &CONTENT,
                                         .calendar = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", .calendar_method = "REQUEST"};
    assert_true(mail_message_write(&out, &message));
    const char *text = buffer_text(&out);
    assert_has(text, "\r\nContent-Type: multipart/mixed; boundary=\"=_mixed_0192-abc\"\r\n\r\n--=_mixed_0192-abc\r\n"
                     "Content-Type: multipart/alternative; boundary=\"=_0192-abc\"\r\n\r\n--=_0192-abc\r\nContent-Type: text/plain;");
    assert_has(text, "--=_0192-abc\r\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                     "QkVHSU46VkNBTEVOREFSDQpFTkQ6VkNBTEVOREFSDQo=\r\n--=_0192-abc--\r\n--=_mixed_0192-abc\r\n");
    assert_has(text, "Content-Type: application/ics; name=\"invite.ics\"; charset=utf-8\r\n"
                     "Content-Disposition: attachment; filename=\"invite.ics\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                     "QkVHSU46VkNBTEVOREFSDQpFTkQ6VkNBTEVOREFSDQo=\r\n--=_mixed_0192-abc--\r\n");
    assert_string_equal(mail_message_text(text, &arena), CONTENT.text);
    buffer_release(&out);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_long_and_foreign_subjects_are_encoded_words_of_whole_characters),
        cmocka_unit_test(test_addresses_cannot_break_out),
        cmocka_unit_test(test_sender_names),
        cmocka_unit_test(test_the_text_comes_back),
        cmocka_unit_test(test_an_invitation_stands_in_the_mail_and_hangs_on_it),
        cmocka_unit_test(test_lines_stay_short),
        cmocka_unit_test(test_what_is_no_message_has_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
