/* A task's moves are made once, by one of many (R3), and what got lost is found again (K4, R4). */
#include <string.h>

#include "contract/store_bench.h"

static enum claim try_claim(struct store_bench *bench, struct store *store, const struct task_ticket *ticket)
{
    enum claim claim;
    struct task task;

    CHECK_OK(store_claim_task(store, ticket, BENCH_NOW_MS, BENCH_NOW_MS + BENCH_LEASE_MS, &claim, &task, &bench->err),
             &bench->err);
    return claim;
}

/* A published task of an active seller. */
static struct task published(struct store_bench *bench, const char *seller_id, int64_t item_no)
{
    struct task task = bench_task(bench, seller_id, item_no, 0);

    bench_publish(bench, &task);
    return task;
}

static void a_claim_gives_the_task_with_a_lease(void **state)
{
    struct store_bench *bench = *state;
    struct task task, won, got;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    task = published(bench, "lux", 1);
    won = bench_claim(bench, &task);
    got = bench_get(bench, task.id);
    CHECK_EQ(won.state, TASK_RUNNING);
    CHECK_EQ(won.lease_until_ms, BENCH_NOW_MS + BENCH_LEASE_MS);
    CHECK_STR(won.endpoint, task.endpoint);
    CHECK_EQ(won.item_no, 1);
    CHECK_EQ(got.state, TASK_RUNNING);
    CHECK_EQ(got.lease_until_ms, BENCH_NOW_MS + BENCH_LEASE_MS);
    CHECK_EQ(got.started_at_ms, BENCH_NOW_MS);
    CHECK_EQ(got.published_at_ms, BENCH_NOW_MS);
}

static void one_of_two_workers_wins(void **state)
{
    struct store_bench *bench = *state;
    struct task_ticket ticket;
    struct task task;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    task = published(bench, "lux", 1);
    ticket = bench_ticket(&task);
    CHECK_EQ(try_claim(bench, bench->other, &ticket), CLAIM_WON);
    CHECK_EQ(try_claim(bench, bench->store, &ticket), CLAIM_STALE);
    CHECK_EQ(try_claim(bench, bench->other, &ticket), CLAIM_STALE);
}

static void a_message_before_its_relays_commit_is_early(void **state)
{
    struct store_bench *bench = *state;
    struct task_ticket ticket;
    struct task task;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    task = bench_task(bench, "lux", 1, 0);
    ticket = bench_ticket(&task);
    CHECK_EQ(try_claim(bench, bench->store, &ticket), CLAIM_EARLY);
    CHECK_EQ(bench_get(bench, task.id).state, TASK_WAITING);
    bench_publish(bench, &task);
    CHECK_EQ(try_claim(bench, bench->store, &ticket), CLAIM_WON);
}

static void a_message_of_another_life_is_stale(void **state)
{
    struct store_bench *bench = *state;
    struct task_ticket old, foreign, unknown;
    struct task task;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    bench_seller(bench, "other", SELLER_ACTIVE);
    task = published(bench, "lux", 1);
    old = bench_ticket(&task);
    task = bench_claim(bench, &task);
    CHECK(bench_move(bench, &task, TASK_ON_BROKE, 1));
    CHECK(bench_move(bench, &task, TASK_ON_SPARED, 1));
    CHECK_EQ(task.serial, 2);
    CHECK_EQ(try_claim(bench, bench->store, &old), CLAIM_STALE);
    bench_publish(bench, &task);
    CHECK_EQ(try_claim(bench, bench->store, &old), CLAIM_STALE);

    foreign = unknown = bench_ticket(&task);
    kk_sv_copy(KK_SV("other"), foreign.seller_id, sizeof(foreign.seller_id));
    unknown.task_id += 1000;
    CHECK_EQ(try_claim(bench, bench->store, &foreign), CLAIM_STALE);
    CHECK_EQ(try_claim(bench, bench->store, &unknown), CLAIM_STALE);
    task.serial = 2;
    bench_claim(bench, &task);
}

static void a_paused_sellers_task_is_held_until_it_is_promised_again(void **state)
{
    struct store_bench *bench = *state;
    struct bench_rows due;
    struct task_ticket ticket;
    struct task task;
    char cursor[SELLER_ID_BYTES] = "";
    int64_t count = 0;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    task = published(bench, "lux", 1);
    bench_task(bench, "lux", 2, 0);
    ticket = bench_ticket(&task);
    bench_seller_state(bench, "lux", SELLER_PAUSED);
    CHECK_EQ(try_claim(bench, bench->store, &ticket), CLAIM_HELD);
    CHECK_EQ(bench_get(bench, task.id).state, TASK_PUBLISHED);

    bench_seller_state(bench, "lux", SELLER_ACTIVE);
    CHECK_OK(store_promise_seller_again(bench->store, KK_SV("lux"), BENCH_NOW_MS + 9, &count, &bench->err),
             &bench->err);
    CHECK_EQ(count, 1);
    due = bench_due(bench, BENCH_NOW_MS + 9, 64, 64, cursor);
    CHECK_EQ(due.count, 2);
    CHECK_EQ(due.row[0].task_id, task.id);
    CHECK_EQ(due.row[0].serial, task.serial);
    CHECK_OK(store_task_published(bench->store, due.row[0].id, task.id, task.serial, BENCH_NOW_MS + 9, &bench->err),
             &bench->err);
    CHECK_EQ(try_claim(bench, bench->store, &ticket), CLAIM_WON);
}

static void many_tasks_of_a_seller_are_promised_again(void **state)
{
    struct store_bench *bench = *state;
    int64_t count = 0;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    bench_seller(bench, "other", SELLER_ACTIVE);
    for (int i = 0; i < 130; i++)
        published(bench, "lux", i + 1);
    published(bench, "other", 1000);
    CHECK_OK(store_promise_seller_again(bench->store, KK_SV("lux"), BENCH_NOW_MS, &count, &bench->err), &bench->err);
    CHECK_EQ(count, 130);
    CHECK_EQ(bench_outbox_count(bench->store, "task"), 130);
    CHECK_OK(store_promise_seller_again(bench->store, KK_SV("lux"), BENCH_NOW_MS, &count, &bench->err), &bench->err);
    CHECK_EQ(bench_outbox_count(bench->store, "task"), 130); /* one promise for each serial (T3) */
}

/* ---- moves ---- */

static void a_finished_task_is_written_whole(void **state)
{
    struct store_bench *bench = *state;
    struct task task, got;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    task = published(bench, "lux", 1);
    task = bench_claim(bench, &task);
    task.attempt = 2;
    task.lapse_count = 3;
    task.http_status = 200;
    task.lease_until_ms = 0;
    task.next_attempt_at_ms = 4;
    task.ended_at_ms = 5;
    kk_sv_copy(KK_SV("한글"), task.error, sizeof(task.error));
    CHECK(bench_move(bench, &task, TASK_ON_FINISHED, 5));
    got = bench_get(bench, task.id);
    CHECK_EQ(got.state, TASK_SUCCESS);
    CHECK_EQ(got.attempt, 2);
    CHECK_EQ(got.lapse_count, 3);
    CHECK_EQ(got.http_status, 200);
    CHECK_EQ(got.lease_until_ms, 0);
    CHECK_EQ(got.next_attempt_at_ms, 4);
    CHECK_EQ(got.ended_at_ms, 5);
    CHECK_STR(got.error, "한글");
    CHECK_EQ(got.serial, 1);
}

static void a_worker_that_comes_too_late_changes_nothing(void **state)
{
    struct store_bench *bench = *state;
    struct task mine, late, got;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    mine = published(bench, "lux", 1);
    mine = bench_claim(bench, &mine);
    late = mine;
    /* The janitor took it away … */
    CHECK(bench_move(bench, &mine, TASK_ON_EXPIRED, 1));
    CHECK(bench_move(bench, &mine, TASK_ON_SPARED, 1));
    /* … and the worker finishes all the same, */
    late.attempt = 9;
    CHECK(!bench_move(bench, &late, TASK_ON_FINISHED, 2));
    got = bench_get(bench, mine.id);
    CHECK_EQ(got.state, TASK_RETRY);
    CHECK_EQ(got.attempt, 0);
    /* … also when it runs again elsewhere. */
    bench_publish(bench, &mine);
    mine = bench_claim(bench, &mine);
    late.state = TASK_RUNNING;
    CHECK(!bench_move(bench, &late, TASK_ON_FINISHED, 3));
    CHECK_EQ(bench_get(bench, mine.id).state, TASK_RUNNING);
}

static void a_retry_takes_a_new_serial_and_waits_its_time(void **state)
{
    struct store_bench *bench = *state;
    struct bench_rows due;
    struct task task, got;
    char cursor[SELLER_ID_BYTES] = "";

    bench_seller(bench, "lux", SELLER_ACTIVE);
    task = bench_task(bench, "lux", 1, 3);
    bench_publish(bench, &task);
    task = bench_claim(bench, &task);
    task.next_attempt_at_ms = BENCH_NOW_MS + 500;
    CHECK(bench_move(bench, &task, TASK_ON_BROKE, BENCH_NOW_MS));
    CHECK_EQ(bench_outbox_count(bench->store, "task"), 0);
    CHECK(bench_move(bench, &task, TASK_ON_SPARED, BENCH_NOW_MS));
    CHECK_EQ(task.serial, 2);
    got = bench_get(bench, task.id);
    CHECK_EQ(got.state, TASK_RETRY);
    CHECK_EQ(got.serial, 2);
    CHECK_EQ(bench_due(bench, BENCH_NOW_MS + 499, 64, 64, cursor).count, 0);
    due = bench_due(bench, BENCH_NOW_MS + 500, 64, 64, cursor);
    CHECK_EQ(due.count, 1);
    CHECK_EQ(due.row[0].serial, 2);
    CHECK_EQ(due.row[0].rank, 3); /* it keeps its place in line */
}

static void a_move_in_a_rolled_back_transaction_was_none(void **state)
{
    struct store_bench *bench = *state;
    struct task task, got;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    task = published(bench, "lux", 1);
    task = bench_claim(bench, &task);
    CHECK_OK(store_begin(bench->store, &bench->err), &bench->err);
    CHECK(bench_move(bench, &task, TASK_ON_BROKE, 1));
    CHECK(bench_move(bench, &task, TASK_ON_SPARED, 1));
    store_rollback(bench->store);
    got = bench_get(bench, task.id);
    CHECK_EQ(got.state, TASK_RUNNING);
    CHECK_EQ(got.serial, 1);
    CHECK_EQ(bench_outbox_count(bench->store, "task"), 0);
}

/* ---- attempts ---- */

struct attempts {
    int count, last_attempt, last_status;
    bool has_key;
    char cause[32], error[64];
};

static bool note_attempt(void *ctx, const struct attempt *attempt)
{
    struct attempts *attempts = ctx;

    attempts->count++;
    attempts->last_attempt = attempt->attempt;
    attempts->last_status = attempt->http_status;
    attempts->has_key = !kk_hash_is_zero(&attempt->archive_key);
    CHECK(kk_sv_copy(kk_sv_of(attempt->cause), attempts->cause, sizeof(attempts->cause)));
    CHECK(kk_sv_copy(attempt->error, attempts->error, sizeof(attempts->error)));
    return true;
}

static void each_failed_attempt_is_kept_with_its_cause(void **state)
{
    struct store_bench *bench = *state;
    struct attempt attempt = {.task_id = 7,
                              .run_id = 1,
                              .agent_id = 2,
                              .at_ms = 3,
                              .attempt = 1,
                              .cause = "server_error",
                              .http_status = 503,
                              .error = KK_SV("the site answered 503"),
                              .archive_key = {{1}}};
    struct attempts got = {.count = 0}, none = {.count = 0};

    CHECK_OK(store_add_attempt(bench->store, &attempt, &bench->err), &bench->err);
    attempt.attempt = 2;
    attempt.cause = "lost";
    attempt.http_status = 0;
    attempt.error = (struct kk_sv){0};
    attempt.archive_key = (struct kk_hash){{0}};
    CHECK_OK(store_add_attempt(bench->store, &attempt, &bench->err), &bench->err);
    CHECK_OK(store_each_attempt(bench->other, 7, note_attempt, &got, &bench->err), &bench->err);
    CHECK_EQ(got.count, 2);
    CHECK_EQ(got.last_attempt, 2);
    CHECK_EQ(got.last_status, 0);
    CHECK(!got.has_key);
    CHECK_STR(got.cause, "lost");
    CHECK_STR(got.error, "");
    CHECK_OK(store_each_attempt(bench->other, 8, note_attempt, &none, &bench->err), &bench->err);
    CHECK_EQ(none.count, 0);
}

/* ---- what got lost ---- */

static void a_lease_that_is_over_is_found(void **state)
{
    struct store_bench *bench = *state;
    struct bench_tasks lapsed = {.count = 0}, none = {.count = 0}, one = {.count = 0};
    struct task a, b;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    a = published(bench, "lux", 1);
    b = published(bench, "lux", 2);
    published(bench, "lux", 3);
    a = bench_claim(bench, &a);
    b = bench_claim(bench, &b);
    bench_seller_state(bench, "lux", SELLER_PAUSED); /* what was in flight may end, and must not stay for ever */
    CHECK_OK(store_lapsed_tasks(bench->store, BENCH_NOW_MS + BENCH_LEASE_MS, 10, bench_note_task, &none, &bench->err),
             &bench->err);
    CHECK_EQ(none.count, 0);
    CHECK_OK(
        store_lapsed_tasks(bench->store, BENCH_NOW_MS + BENCH_LEASE_MS + 1, 10, bench_note_task, &lapsed, &bench->err),
        &bench->err);
    CHECK_EQ(lapsed.count, 2);
    CHECK_EQ(lapsed.task[0].state, TASK_RUNNING);
    CHECK_OK(store_lapsed_tasks(bench->store, INT64_MAX, 1, bench_note_task, &one, &bench->err), &bench->err);
    CHECK_EQ(one.count, 1);
}

static void a_published_task_that_is_silent_is_promised_once_more(void **state)
{
    struct store_bench *bench = *state;
    struct bench_tasks silent = {.count = 0}, none = {.count = 0};
    struct task task, paused;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    bench_seller(bench, "paused", SELLER_ACTIVE);
    task = published(bench, "lux", 1);
    paused = published(bench, "paused", 2);
    bench_seller_state(bench, "paused", SELLER_PAUSED);
    CHECK(paused.id);
    CHECK_OK(store_silent_tasks(bench->store, BENCH_NOW_MS, 10, bench_note_task, &none, &bench->err), &bench->err);
    CHECK_EQ(none.count, 0);
    CHECK_OK(store_silent_tasks(bench->store, BENCH_NOW_MS + 1, 10, bench_note_task, &silent, &bench->err),
             &bench->err);
    CHECK_EQ(silent.count, 1);
    CHECK_EQ(silent.task[0].id, task.id);

    CHECK_OK(store_promise_again(bench->store, &silent.task[0], BENCH_NOW_MS + 50, &bench->err), &bench->err);
    CHECK_EQ(bench_outbox_count(bench->store, "task"), 1);
    CHECK_EQ(bench_get(bench, task.id).serial, task.serial);
    CHECK_OK(store_silent_tasks(bench->store, BENCH_NOW_MS + 50, 10, bench_note_task, &none, &bench->err), &bench->err);
    CHECK_EQ(none.count, 0);
}

static void a_task_that_went_on_is_not_promised_again(void **state)
{
    struct store_bench *bench = *state;
    struct task silent, task;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    silent = published(bench, "lux", 1);
    task = bench_claim(bench, &silent);
    CHECK_OK(store_promise_again(bench->other, &silent, BENCH_NOW_MS + 50, &bench->err), &bench->err);
    CHECK_EQ(bench_outbox_count(bench->store, "task"), 0);
    CHECK_EQ(bench_get(bench, task.id).published_at_ms, BENCH_NOW_MS);
}

int store_claim_run(const char *group)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_claim_gives_the_task_with_a_lease),
        STORE_TEST(one_of_two_workers_wins),
        STORE_TEST(a_message_before_its_relays_commit_is_early),
        STORE_TEST(a_message_of_another_life_is_stale),
        STORE_TEST(a_paused_sellers_task_is_held_until_it_is_promised_again),
        STORE_TEST(many_tasks_of_a_seller_are_promised_again),
        STORE_TEST(a_finished_task_is_written_whole),
        STORE_TEST(a_worker_that_comes_too_late_changes_nothing),
        STORE_TEST(a_retry_takes_a_new_serial_and_waits_its_time),
        STORE_TEST(a_move_in_a_rolled_back_transaction_was_none),
        STORE_TEST(each_failed_attempt_is_kept_with_its_cause),
        STORE_TEST(a_lease_that_is_over_is_found),
        STORE_TEST(a_published_task_that_is_silent_is_promised_once_more),
        STORE_TEST(a_task_that_went_on_is_not_promised_again),
    };

    return cmocka_run_group_tests_name(group, tests, NULL, NULL);
}
