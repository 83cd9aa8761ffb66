/* SPDX-License-Identifier: EUPL-1.2
 * The configuration table: sound itself, and read as it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "banned.h"

static int clean_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
        unsetenv(CONFIG_KEYS[i].name);
    setenv("LOCAL", "/nonexistent", 1);
    return setenv("WELCOME_CONFIG", "/dev/null", 1); /* no file of this machine */
}

/* Loads; returns what was said, which the caller frees. */
static char *complaints(struct config *config, bool *loaded)
{
    char *said = NULL;
    size_t length;
    FILE *errors = open_memstream(&said, &length);
    assert_non_null(errors);
    *loaded = config_load(config, errors);
    fclose(errors);
    return said;
}

static void test_defaults_fit_their_own_keys(void **state)
{
    struct config config;
    bool loaded;
    (void)state;
    char *said = complaints(&config, &loaded);
    assert_string_equal(said, "");
    assert_true(loaded);
    assert_int_equal(config.port, 8080);
    assert_string_equal(config.mail_directory, "/nonexistent/mail");
    assert_null(config.smtp_url);
    assert_true(config.smtp_tls);
    assert_true(config.matching);
    assert_false(config.check_answers);
    free(said);
    config_release(&config);
}

static void test_keys_are_unique_and_described(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        assert_true(strncmp(CONFIG_KEYS[i].name, "WELCOME_", 8) == 0);
        assert_int_equal(CONFIG_KEYS[i].description[strlen(CONFIG_KEYS[i].description) - 1], '.');
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(CONFIG_KEYS[i].name, CONFIG_KEYS[k].name);
    }
}

static void test_values_are_read(void **state)
{
    struct config config;
    bool loaded;
    (void)state;
    setenv("WELCOME_PORT", "0", 1);
    setenv("WELCOME_MATCHING", "manual", 1);
    setenv("WELCOME_SMTP_TLS", "false", 1);
    setenv("WELCOME_SMTP_URL", "smtp://mail.example.org:587", 1);
    setenv("WELCOME_LOG_LEVEL", "", 1); /* an empty value means the default */
    free(complaints(&config, &loaded));
    assert_true(loaded);
    assert_int_equal(config.port, 0);
    assert_false(config.matching);
    assert_false(config.smtp_tls);
    assert_string_equal(config.smtp_url, "smtp://mail.example.org:587");
    assert_string_equal(config.log_level, "info");
    config_release(&config);
}

static void test_values_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        const char *name, *value;
    } bad[] = {
        {"WELCOME_PORT", "-1"},      {"WELCOME_PORT", "65536"},    {"WELCOME_PORT", "80 "},          {"WELCOME_PORT", "0x50"},
        {"WELCOME_PORT", "1e3"},     {"WELCOME_MATCHING", "Auto"}, {"WELCOME_MATCHING", "auto|manual"}, {"WELCOME_LOG_LEVEL", "loud"},
        {"WELCOME_SMTP_TLS", "yes"}, {"WELCOME_LOOPS", "99999999999999999999"}};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct config config;
        bool loaded;
        setenv(bad[i].name, bad[i].value, 1);
        char *said = complaints(&config, &loaded);
        if (loaded || !strstr(said, bad[i].name))
            fail_msg("%s=%s: %s", bad[i].name, bad[i].value, said);
        free(said);
        config_release(&config);
        unsetenv(bad[i].name);
    }
}

static void test_an_unknown_key_in_the_environment_is_passed_over_and_the_nearest_named(void **state)
{
    struct config config;
    bool loaded;
    (void)state;
    setenv("WELCOME_ADMINPORT", "1", 1);
    char *said = complaints(&config, &loaded);
    assert_true(loaded);
    assert_string_equal(said, "WELCOME_ADMINPORT in the environment is no key and is passed over; the nearest is WELCOME_ADMIN_PORT\n");
    free(said);
    config_release(&config);
    unsetenv("WELCOME_ADMINPORT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_defaults_fit_their_own_keys, clean_environment),
        cmocka_unit_test(test_keys_are_unique_and_described),
        cmocka_unit_test_setup(test_values_are_read, clean_environment),
        cmocka_unit_test_setup(test_values_that_do_not_fit_are_refused, clean_environment),
        cmocka_unit_test_setup(test_an_unknown_key_in_the_environment_is_passed_over_and_the_nearest_named, clean_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
