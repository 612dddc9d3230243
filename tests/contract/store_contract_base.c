/* Transactions, settings, migrations: what holds for all that is stored. */
#include <string.h>

#include "contract/store_bench.h"

static void put_setting(struct store_bench *bench, const char *value)
{
    CHECK_OK(store_put_setting(bench->store, "colour", kk_sv_of(value), &bench->err), &bench->err);
}

static enum kk_code get_setting(struct store *store, char value[32])
{
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(31);
    enum kk_code rc = store_get_setting(store, "colour", &buf, NULL);

    kk_sv_copy(kk_buf_sv(&buf), value, 32);
    return rc;
}

static void check_setting(struct store *store, const char *value)
{
    char text[32];

    CHECK_EQ(get_setting(store, text), KK_OK);
    CHECK_STR(text, value);
}

static void a_setting_is_kept_and_replaced(void **state)
{
    struct store_bench *bench = *state;
    char text[32];

    CHECK_EQ(get_setting(bench->store, text), KK_NOT_FOUND);
    put_setting(bench, "까치");
    check_setting(bench->store, "까치");
    put_setting(bench, "");
    check_setting(bench->store, "");
    check_setting(bench->other, "");
}

static void a_value_longer_than_the_readers_buffer_is_told(void **state)
{
    struct store_bench *bench = *state;
    char text[32];

    put_setting(bench, "0123456789012345678901234567890123456789");
    CHECK_EQ(get_setting(bench->store, text), KK_BAD_INPUT);
}

static void what_is_committed_is_seen_by_others_and_not_before(void **state)
{
    struct store_bench *bench = *state;
    char text[32];

    CHECK_OK(store_begin(bench->store, &bench->err), &bench->err);
    put_setting(bench, "red");
    check_setting(bench->store, "red");
    CHECK_EQ(get_setting(bench->other, text), KK_NOT_FOUND);
    CHECK_OK(store_commit(bench->store, &bench->err), &bench->err);
    check_setting(bench->other, "red");
}

static void a_rollback_leaves_nothing(void **state)
{
    struct store_bench *bench = *state;
    struct task task;
    struct run run;
    struct seller seller;
    char text[32];

    CHECK_OK(store_begin(bench->store, &bench->err), &bench->err);
    put_setting(bench, "red");
    bench_seller(bench, "lux", SELLER_ACTIVE);
    run = bench_run(bench, "lux");
    task = bench_task(bench, "lux", 1, 0);
    store_rollback(bench->store);
    CHECK_EQ(get_setting(bench->store, text), KK_NOT_FOUND);
    CHECK_EQ(store_get_seller(bench->store, KK_SV("lux"), &seller, NULL), KK_NOT_FOUND);
    CHECK_EQ(store_get_run(bench->store, run.id, &run, NULL), KK_NOT_FOUND);
    CHECK_EQ(store_get_task(bench->store, task.id, &task, NULL), KK_NOT_FOUND);
    CHECK_EQ(bench_outbox_count(bench->store, ""), 0);
}

static void an_inner_commit_is_nothing_until_the_outer(void **state)
{
    struct store_bench *bench = *state;
    char text[32];

    CHECK_OK(store_begin(bench->store, &bench->err), &bench->err);
    CHECK_OK(store_begin(bench->store, &bench->err), &bench->err);
    put_setting(bench, "red");
    CHECK_OK(store_commit(bench->store, &bench->err), &bench->err);
    CHECK_EQ(get_setting(bench->other, text), KK_NOT_FOUND);
    store_rollback(bench->store);
    CHECK_EQ(get_setting(bench->store, text), KK_NOT_FOUND);
}

static void an_inner_rollback_makes_the_outer_commit_fail(void **state)
{
    struct store_bench *bench = *state;
    char text[32];

    CHECK_OK(store_begin(bench->store, &bench->err), &bench->err);
    put_setting(bench, "red");
    CHECK_OK(store_begin(bench->store, &bench->err), &bench->err);
    store_rollback(bench->store);
    CHECK_EQ(store_commit(bench->store, &bench->err), KK_CONFLICT);
    CHECK(bench->err.msg[0]);
    CHECK_EQ(get_setting(bench->store, text), KK_NOT_FOUND);
    put_setting(bench, "blue"); /* and it is over: a new transaction is a new one */
    check_setting(bench->other, "blue");
}

static void a_rollback_without_a_transaction_does_nothing(void **state)
{
    struct store_bench *bench = *state;

    store_rollback(bench->store);
    put_setting(bench, "red");
    store_rollback(bench->store);
    check_setting(bench->store, "red");
}

static void a_refusal_does_not_end_the_transaction(void **state)
{
    struct store_bench *bench = *state;
    struct run run;
    struct agent agent = {.name = "one", .user_agent = "Mozilla/5.0 (X)", .state = AGENT_IDLE};

    bench_seller(bench, "lux", SELLER_ACTIVE);
    run = bench_run(bench, "lux");
    CHECK_OK(store_add_agent(bench->store, &agent, &bench->err), &bench->err);
    CHECK_OK(store_begin(bench->store, &bench->err), &bench->err);
    CHECK_EQ(store_add_run(bench->store, &run, &bench->err), KK_CONFLICT);
    CHECK_EQ(store_add_agent(bench->store, &agent, &bench->err), KK_CONFLICT);
    put_setting(bench, "red");
    CHECK_OK(store_commit(bench->store, &bench->err), &bench->err);
    check_setting(bench->other, "red");
}

static void a_closed_store_rolls_back(void **state)
{
    struct store_bench *bench = *state;
    char text[32];

    CHECK_OK(store_begin(bench->store, &bench->err), &bench->err);
    CHECK_OK(store_begin(bench->store, &bench->err), &bench->err);
    put_setting(bench, "red");
    store_close(bench->store);
    bench->store = NULL;
    CHECK_EQ(get_setting(bench->other, text), KK_NOT_FOUND);
}

static void a_second_migration_has_nothing_to_do(void **state)
{
    struct store_bench *bench = *state;
    int from = -1, to = -1;

    put_setting(bench, "red");
    CHECK_OK(store_migrate(bench->other, &from, &to, &bench->err), &bench->err);
    CHECK(to > 0);
    CHECK_EQ(from, to);
    check_setting(bench->other, "red");
}

static void a_sound_database_is_sound(void **state)
{
    struct store_bench *bench = *state;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    bench_task(bench, "lux", 1, 0);
    CHECK_OK(store_check(bench->store, &bench->err), &bench->err);
}

struct nested {
    struct store_bench *bench;
    int depth, seen;
};

static bool ask_again(void *ctx, const struct seller *seller)
{
    struct nested *nested = ctx;
    struct seller same;

    nested->seen++;
    CHECK_OK(store_get_seller(nested->bench->store, kk_sv_of(seller->seller_id), &same, &nested->bench->err),
             &nested->bench->err);
    if (nested->depth++ == 0)
        CHECK_OK(store_each_seller(nested->bench->store, ask_again, nested, &nested->bench->err), &nested->bench->err);
    nested->depth--;
    return true;
}

static void a_row_function_may_ask_the_same_question(void **state)
{
    struct store_bench *bench = *state;
    struct nested nested = {.bench = bench};

    bench_seller(bench, "a", SELLER_ACTIVE);
    bench_seller(bench, "b", SELLER_ACTIVE);
    CHECK_OK(store_each_seller(bench->store, ask_again, &nested, &bench->err), &bench->err);
    CHECK_EQ(nested.seen, 2 + 2 * 2);
}

int store_base_run(const char *group)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_setting_is_kept_and_replaced),
        STORE_TEST(a_value_longer_than_the_readers_buffer_is_told),
        STORE_TEST(what_is_committed_is_seen_by_others_and_not_before),
        STORE_TEST(a_rollback_leaves_nothing),
        STORE_TEST(an_inner_commit_is_nothing_until_the_outer),
        STORE_TEST(an_inner_rollback_makes_the_outer_commit_fail),
        STORE_TEST(a_rollback_without_a_transaction_does_nothing),
        STORE_TEST(a_refusal_does_not_end_the_transaction),
        STORE_TEST(a_closed_store_rolls_back),
        STORE_TEST(a_second_migration_has_nothing_to_do),
        STORE_TEST(a_sound_database_is_sound),
        STORE_TEST(a_row_function_may_ask_the_same_question),
    };

    return cmocka_run_group_tests_name(group, tests, NULL, NULL);
}
