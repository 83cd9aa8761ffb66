/* SPDX-License-Identifier: EUPL-1.2
 * Limits: exactly so many at once, evenly more as time passes, for each client by itself and from any thread. */
#include "limit.h"
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "banned.h"

#define MINUTE INT64_C(60000000)
#define CLIENT UINT64_C(0xABCDEF0123456789)

static const struct limit TEN = {10, MINUTE};

static unsigned take_all(struct limit_table *table, uint64_t client, const struct limit *limit, int64_t now)
{
    unsigned taken = 0;
    while (taken < 100000 && limit_take(table, client, limit, now).allowed)
        taken++;
    return taken;
}

static void test_exactly_the_quota_at_once(void **state)
{
    (void)state;
    static const int64_t quotas[] = {1, 3, 7, 120, 300, 6000, 7000, 99991};
    for (size_t i = 0; i < sizeof quotas / sizeof *quotas; i++) {
        struct limit_table *table = limit_table_new(16);
        const struct limit limit = {quotas[i], MINUTE};
        assert_int_equal(take_all(table, CLIENT, &limit, 5), quotas[i]);
        limit_table_free(table);
    }
}

static void test_what_remains_is_told(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(16);
    for (int i = 9; i >= 0; i--) {
        assert_int_equal(limit_look(table, CLIENT, &TEN, 0).remaining, i + 1);
        const struct limit_verdict verdict = limit_take(table, CLIENT, &TEN, 0);
        assert_true(verdict.allowed);
        assert_int_equal(verdict.remaining, i);
        assert_int_equal(verdict.whole, (10 - i) * MINUTE / 10);
        assert_int_equal(verdict.wait, 0);
    }
    const struct limit_verdict refused = limit_take(table, CLIENT, &TEN, 1000000);
    assert_false(refused.allowed);
    assert_int_equal(refused.remaining, 0);
    assert_int_equal(refused.wait, 5000000);
    assert_int_equal(refused.whole, 59000000);
    assert_false(limit_look(table, CLIENT, &TEN, 1000000).allowed);
    limit_table_free(table);
}

static void test_it_comes_back_evenly_and_never_beyond_the_quota(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(16);
    assert_int_equal(take_all(table, CLIENT, &TEN, 0), 10);
    assert_int_equal(take_all(table, CLIENT, &TEN, 5999999), 0);
    assert_int_equal(take_all(table, CLIENT, &TEN, 6000000), 1);
    assert_int_equal(take_all(table, CLIENT, &TEN, 6000000 + MINUTE / 2), 5);
    assert_int_equal(take_all(table, CLIENT, &TEN, 100 * MINUTE), 10);
    limit_table_free(table);
}

static void test_one_client_costs_another_nothing(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(16);
    for (uint64_t i = 1; i <= 8; i++) /* all in one row */
        assert_int_equal(take_all(table, i << 44, &TEN, 0), 10);
    for (uint64_t i = 1; i <= 8; i++)
        assert_int_equal(take_all(table, i << 44, &TEN, 0), 0);
    limit_table_free(table);
}

static void test_a_full_row_forgets_who_used_the_least(void **state)
{
    (void)state;
    struct limit_table *table = limit_table_new(1);
    for (uint64_t i = 1; i <= 8; i++)
        for (uint64_t k = 0; k < i; k++)
            limit_take(table, i << 44, &TEN, 0);
    limit_take(table, UINT64_C(9) << 44, &TEN, 0);
    assert_int_equal(limit_look(table, UINT64_C(1) << 44, &TEN, 0).remaining, 10);
    for (uint64_t i = 2; i <= 8; i++)
        assert_int_equal(limit_look(table, i << 44, &TEN, 0).remaining, 10 - i);
    limit_table_free(table);
}

static void test_clocks_may_stand_anywhere(void **state)
{
    (void)state;
    const int64_t starts[] = {0, (INT64_C(1) << 40) - 3, INT64_C(1) << 40, INT64_C(3600) * 24 * 365 * 20 * 1000000, INT64_MAX / 2};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        struct limit_table *table = limit_table_new(4);
        assert_int_equal(take_all(table, CLIENT, &TEN, starts[i]), 10);
        assert_int_equal(take_all(table, CLIENT, &TEN, starts[i] + 6000000), 1);
        assert_int_equal(take_all(table, CLIENT, &TEN, starts[i] + 2 * MINUTE), 10);
        limit_table_free(table);
    }
}

enum { THREADS = 4, QUOTA = 20000 };
static struct limit_table *shared;
static atomic_uint admitted;

static void *hammer(void *unused)
{
    const struct limit limit = {QUOTA, MINUTE};
    for (int i = 0; i < QUOTA; i++)
        if (limit_take(shared, CLIENT, &limit, 0).allowed)
            atomic_fetch_add(&admitted, 1);
    return unused;
}

static void test_threads_together_get_no_more_than_the_quota(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    shared = limit_table_new(4);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(admitted, QUOTA);
    limit_table_free(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exactly_the_quota_at_once),
        cmocka_unit_test(test_what_remains_is_told),
        cmocka_unit_test(test_it_comes_back_evenly_and_never_beyond_the_quota),
        cmocka_unit_test(test_one_client_costs_another_nothing),
        cmocka_unit_test(test_a_full_row_forgets_who_used_the_least),
        cmocka_unit_test(test_clocks_may_stand_anywhere),
        cmocka_unit_test(test_threads_together_get_no_more_than_the_quota),
    };
    return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
