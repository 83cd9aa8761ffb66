/* SPDX-License-Identifier: EUPL-1.2
 * Mails in words: every template in every language, values escaped and isolated, paragraphs without values left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "embed.h"
#include "mail.h"

#include <string.h>

#include "banned.h"

struct fixture {
    struct mail_texts *texts;
    struct arena arena;
};

static int setup(void **state)
{
    static struct fixture fixture;
    arena_init(&fixture.arena, 0);
    fixture.texts = mail_texts_load();
    *state = &fixture;
    return fixture.texts ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    mail_texts_free(fixture->texts);
    arena_release(&fixture->arena);
    return 0;
}

static struct mail_content render(struct fixture *fixture, const char *template, const char *language, json_t *data, const char *link)
{
    struct mail_content content = {0};
    const struct mail_request request = {.template = template, .language = language, .region = "Ruhr", .data = data, .link = link};
    assert_true(mail_render(fixture->texts, &request, &fixture->arena, &content));
    json_decref(data);
    return content;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in: %s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" is in: %s", part, text);
}

static json_t *proposal_data(const char *other)
{
    return json_pack("{s:s, s:s, s:[s, s], s:[s, s, s], s:s, s:s}", "display_name", "Lea", "other_name", other, "cities", "Essen", "Bochum",
                     "languages", "ar", "en", "de", "message", "Hello\n<b>there</b>", "expires_at", "2026-11-22T10:00:00Z");
}

static void test_lists_names_and_times_are_told_in_the_language(void **state)
{
    const struct mail_content de = render(*state, "proposal", "de", proposal_data("Amara"), "https://p.example/proposals/1#token=abc");
    assert_has(de.text, "Essen und Bochum");
    assert_has(de.text, "Arabisch, Englisch und Deutsch");
    assert_has(de.text, "22. November 2026");
    assert_has(de.text, "11:00"); /* winter time in Berlin */
    assert_has(de.text, "\nhttps://p.example/proposals/1#token=abc\n");
    const struct mail_content en = render(*state, "proposal", "en", proposal_data("Amara"), NULL);
    assert_has(en.text, "Arabic, English and German");
    assert_has(en.text, "22 November 2026");
    assert_lacks(en.text, "#token=");
}

static void test_a_time_by_another_clock_stays_as_it_is(void **state)
{
    json_t *data = json_pack("{s:s, s:s, s:s}", "starts_at", "2027-03-28T03:30", "local_at", "2027-03-27T22:30", "time_zone", "America/Sao_Paulo");
    const struct mail_content de = render(*state, "appointment_booked", "de", data, NULL);
    assert_has(de.text, "Sonntag, 28. März 2027");
    assert_has(de.text, "03:30\n");
    assert_has(de.text, "Uhrzeit bei Ihnen (America/Sao_Paulo): Samstag, 27. März 2027");
    assert_has(de.text, "22:30\n");
    assert_has(render(*state, "appointment_booked", "en", json_pack("{s:s}", "starts_at", "soon"), NULL).text, "Time in Germany: soon");
}

static void test_data_are_escaped_in_html(void **state)
{
    const struct mail_content mail = render(*state, "proposal", "en", proposal_data("<script>alert('x')</script>"), "https://p/?a=1&b=\"#token=t");
    assert_lacks(mail.html, "<script");
    assert_has(mail.html, "<bdi>&lt;script&gt;");
    assert_has(mail.html, "Hello<br>\n&lt;b&gt;there&lt;/b&gt;");
    assert_has(mail.html, "href=\"https://p/?a=1&amp;b=&quot;#token=t\"");
}

static void test_arabic_runs_from_right_to_left(void **state)
{
    const struct mail_content mail = render(*state, "proposal", "ar", proposal_data("Amara"), "https://p/x#token=t");
    assert_string_equal(mail.language, "ar");
    assert_has(mail.html, "<html lang=\"ar\" dir=\"rtl\">");
    assert_has(mail.html, "<bdi dir=\"ltr\"");
    assert_has(mail.text, "\u2068Amara\u2069");
}

static void test_only_what_could_turn_the_text_is_isolated_elsewhere(void **state)
{
    const struct mail_content latin = render(*state, "proposal", "en", proposal_data("Amara"), NULL);
    assert_lacks(latin.text, "\u2068");
    const struct mail_content arabic = render(*state, "proposal", "en", proposal_data("سمير"), NULL);
    assert_has(arabic.text, "\u2068سمير\u2069");
    const struct mail_content tricky = render(*state, "proposal", "ar", proposal_data("a\u2069\u202e\u2026b"), NULL);
    assert_has(tricky.text, "\u2068a\u2026b\u2069");
}

static void test_a_paragraph_without_its_value_is_left_out(void **state)
{
    json_t *reason = json_pack("{s:s, s:s}", "display_name", "Lea", "reason", "No references.");
    const struct mail_content with = render(*state, "guide_rejected", "en", reason, NULL);
    assert_has(with.text, "No references.");
    const struct mail_content without = render(*state, "guide_rejected", "en", json_pack("{s:s, s:n}", "display_name", "Lea", "reason"), NULL);
    assert_lacks(without.text, "{");
    assert_true(strlen(without.text) < strlen(with.text));
}

static void test_a_name_cannot_make_a_second_header_line(void **state)
{
    const char *name = "Eve\r\nBcc: all@example.org";
    const struct mail_content mail = render(*state, "proposal_reminder", "en", proposal_data(name), NULL);
    assert_lacks(mail.subject, "\n");
    assert_lacks(mail.subject, "\r");
}

static void test_moments_and_codes_are_told_in_words(void **state)
{
    json_t *late = json_pack("{s:s, s:s}", "reference", "WR-00000000*", "answer_due_at", "2026-12-31T16:00:00Z");
    const struct mail_content german = render(*state, "service_late", "de", late, NULL);
    assert_has(german.text, "Bis Donnerstag, 31. Dezember 2026");
    assert_has(german.text, "17:00 (Zeit in Deutschland)");
    assert_lacks(german.text, "Ergebnis");
    const struct mail_content helped = render(*state, "service_resolved", "en", json_pack("{s:s}", "outcome", "helped"), NULL);
    assert_has(helped.text, "Result: We could help.");
    const struct mail_content unknown = render(*state, "service_resolved", "en", json_pack("{s:s}", "outcome", "else"), NULL);
    assert_has(unknown.text, "Result: else");
}

static void test_the_nearest_language_is_served(void **state)
{
    assert_string_equal(render(*state, "sign_in", "de-simple", json_object(), NULL).language, "de");
    assert_string_equal(render(*state, "sign_in", "uk-Cyrl-UA", json_object(), NULL).language, "uk");
    assert_string_equal(render(*state, "sign_in", "fr", json_object(), NULL).language, "en");
    assert_string_equal(render(*state, "sign_in", "", json_object(), NULL).language, "en");
}

static void test_every_template_renders_in_every_language(void **state)
{
    static const char *const languages[] = {"de", "en", "tr", "ar", "uk"};
    json_t *english = json_loads(embedded_find("content/mail/en.json")->bytes, 0, NULL);
    const char *name;
    json_t *template;
    assert_non_null(english);
    json_object_foreach(json_object_get(english, "templates"), name, template)
    {
        for (size_t i = 0; i < sizeof languages / sizeof *languages; i++) {
            json_t *data = proposal_data("Amara");
            json_object_set_new(data, "other_email", json_string("amara@example.org"));
            json_object_set_new(data, "city", json_string("Essen"));
            json_object_set_new(data, "reason", json_string("moved"));
            const struct mail_content mail = render(*state, name, languages[i], data, "https://p/x#token=t");
            assert_string_equal(mail.language, languages[i]);
            assert_true(*mail.subject && *mail.text && *mail.html);
            assert_lacks(mail.text, "{");
            assert_lacks(mail.html, "{");
            assert_lacks(mail.subject, "{");
        }
    }
    json_decref(english);
}

static void test_an_unknown_template_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct mail_content content;
    const struct mail_request request = {.template = "nonsense", .language = "en", .region = "Ruhr"};
    assert_false(mail_render(fixture->texts, &request, &fixture->arena, &content));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_names_and_times_are_told_in_the_language),
        cmocka_unit_test(test_a_time_by_another_clock_stays_as_it_is),
        cmocka_unit_test(test_data_are_escaped_in_html),
        cmocka_unit_test(test_arabic_runs_from_right_to_left),
        cmocka_unit_test(test_only_what_could_turn_the_text_is_isolated_elsewhere),
        cmocka_unit_test(test_a_paragraph_without_its_value_is_left_out),
        cmocka_unit_test(test_a_name_cannot_make_a_second_header_line),
        cmocka_unit_test(test_moments_and_codes_are_told_in_words),
        cmocka_unit_test(test_the_nearest_language_is_served),
        cmocka_unit_test(test_every_template_renders_in_every_language),
        cmocka_unit_test(test_an_unknown_template_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
