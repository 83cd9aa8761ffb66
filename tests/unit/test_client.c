/* SPDX-License-Identifier: EUPL-1.2
 * Whom a request came from: proxies are believed only when they are ours, and nobody else may say who they are. */
#include "client.h"
#include "unit.h"

#include <arpa/inet.h>
#include <string.h>

#include "banned.h"

static struct networks trusted_of(const char *list)
{
    struct networks networks;
    if (!networks_parse(&networks, list, &arena))
        fail_msg("%s", list ? list : "nothing");
    return networks;
}

static struct address address_in(const char *text)
{
    struct networks one = trusted_of(text);
    assert_int_equal(one.count, 1);
    return one.items[0].address;
}

static const char *text_of(struct address address)
{
    static char text[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, address.bytes, text, sizeof text);
    return strncmp(text, "::ffff:", 7) == 0 && strchr(text, '.') ? text + 7 : text;
}

static void test_networks_include_what_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *list, *address;
        bool included;
    } cases[] = {
        {"10.0.0.0/8", "10.255.0.1", true},       {"10.0.0.0/8", "11.0.0.1", false},      {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},        {"192.0.2.128/25", "192.0.2.127", false}, {"192.0.2.128/25", "192.0.2.200", true},
        {"2001:db8::/33", "2001:db8:7fff::1", true}, {"2001:db8::/33", "2001:db8:8000::1", false},
        {"::1 , 127.0.0.0/8", "127.9.9.9", true}, {"0.0.0.0/0", "203.0.113.9", true},     {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},            {"::ffff:192.0.2.1", "192.0.2.1", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct networks networks = trusted_of(cases[i].list);
        const struct address address = address_in(cases[i].address);
        if (networks_include(&networks, &address) != cases[i].included)
            fail_msg("%s in %s", cases[i].address, cases[i].list);
    }
    const struct networks none = trusted_of(NULL);
    const struct address any = address_in("127.0.0.1");
    assert_false(networks_include(&none, &any));
}

static void test_what_is_no_network_is_refused(void **state)
{
    (void)state;
    static const char *const lists[] = {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "2001:db8::/129", "10.0.0", "proxy",
                                        "10.0.0.0/0008", "10.0.0.1;10.0.0.2", "/8", "10.0.0.1,x"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct networks networks;
        if (networks_parse(&networks, lists[i], &arena))
            fail_msg("%s", lists[i]);
    }
}

static void test_the_client_is_the_rightmost_that_is_not_ours(void **state)
{
    (void)state;
    static const struct {
        const char *peer, *forwarded, *client;
    } cases[] = {
        {"192.0.2.1", "203.0.113.9", "192.0.2.1"}, /* a stranger's word counts for nothing */
        {"10.0.0.1", "203.0.113.9", "203.0.113.9"},
        {"10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"},
        {"10.0.0.1", "198.51.100.1, 203.0.113.9,10.0.0.2", "203.0.113.9"},
        {"10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
        {"10.0.0.1", " \t203.0.113.9:4711 ", "203.0.113.9"},
        {"10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"},
        {"10.0.0.1", "2001:db8::7", "2001:db8::7"},
        {"10.0.0.1", "203.0.113.9, unknown", "10.0.0.1"}, /* not understood: the one who said it */
        {"10.0.0.1", "203.0.113.9, ", "10.0.0.1"},
        {"10.0.0.1", "203.0.113.9, _hidden, 10.0.0.2", "10.0.0.2"},
        {"10.0.0.1", "", "10.0.0.1"},
        {"10.0.0.1", ",,,,", "10.0.0.1"},
        {"::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"},
    };
    const struct networks trusted = trusted_of("10.0.0.0/8");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct address client = address_in(cases[i].peer);
        client_follow(&client, cases[i].forwarded, &trusted);
        if (strcmp(text_of(client), cases[i].client) != 0)
            fail_msg("%s, %s: %s", cases[i].peer, cases[i].forwarded, text_of(client));
    }
}

static void test_an_earlier_header_counts_while_all_behind_it_are_ours(void **state)
{
    (void)state;
    const struct networks trusted = trusted_of("10.0.0.0/8");
    struct address client = address_in("10.0.0.1");
    assert_true(client_follow(&client, "10.0.0.2", &trusted));
    assert_false(client_follow(&client, "198.51.100.1, 203.0.113.9", &trusted));
    assert_string_equal(text_of(client), "203.0.113.9");
    assert_false(client_follow(&client, "198.51.100.1", &trusted));
    assert_string_equal(text_of(client), "203.0.113.9");
}

static void test_long_junk_is_bounded(void **state)
{
    (void)state;
    const struct networks trusted = trusted_of("10.0.0.0/8");
    char *junk = arena_alloc(&arena, 8192);
    memset(junk, '1', 8191);
    junk[8191] = '\0';
    struct address client = address_in("10.0.0.1");
    client_follow(&client, junk, &trusted);
    assert_string_equal(text_of(client), "10.0.0.1");
}

static void test_a_client_is_an_address_or_a_64(void **state)
{
    (void)state;
    assert_string_equal(text_of(client_block(address_in("203.0.113.9"))), "203.0.113.9");
    assert_string_equal(text_of(client_block(address_in("2001:db8:1:2:3:4:5:6"))), "2001:db8:1:2::");
    assert_string_equal(text_of(address_of(NULL)), "::");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks_include_what_they_say),
        cmocka_unit_test(test_what_is_no_network_is_refused),
        cmocka_unit_test(test_the_client_is_the_rightmost_that_is_not_ours),
        cmocka_unit_test(test_an_earlier_header_counts_while_all_behind_it_are_ours),
        cmocka_unit_test(test_long_junk_is_bounded),
        cmocka_unit_test(test_a_client_is_an_address_or_a_64),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
