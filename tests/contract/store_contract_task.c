/* Tasks are made once (R5), revived when they are over, listed and counted. */
#include <string.h>

#include "contract/store_bench.h"

static enum kk_code make(struct store_bench *bench, struct store *store, struct task *task, bool *ret_made)
{
    return store_make_task(store, task, 2, BENCH_NOW_MS + 5, ret_made, &bench->err);
}

static struct task list_task(const char *seller_id, int64_t page)
{
    struct task task = {.kind = TASK_LIST, .endpoint = "/list", .page = page, .run_id = 3, .parent_task_id = 4};

    kk_sv_copy(kk_sv_of(seller_id), task.seller_id, sizeof(task.seller_id));
    return task;
}

static void a_new_task_waits_and_its_promise_is_made(void **state)
{
    struct store_bench *bench = *state;
    struct task task = list_task("lux", 7), got;
    struct bench_rows due;
    char cursor[SELLER_ID_BYTES] = "", key[64];
    bool is_made = false;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    CHECK_OK(make(bench, bench->store, &task, &is_made), &bench->err);
    CHECK(is_made);
    CHECK(task.id > 0);
    CHECK_EQ(task.serial, 1);
    CHECK_EQ(task.state, TASK_WAITING);
    got = bench_get(bench, task.id);
    CHECK_STR(got.seller_id, "lux");
    CHECK_STR(got.endpoint, "/list");
    CHECK_EQ(got.page, 7);
    CHECK_EQ(got.kind, TASK_LIST);
    CHECK_EQ(got.run_id, 3);
    CHECK_EQ(got.parent_task_id, 4);
    CHECK_EQ(got.state, TASK_WAITING);
    CHECK_EQ(got.created_at_ms, BENCH_NOW_MS + 5);

    CHECK_EQ(bench_due(bench, BENCH_NOW_MS + 4, 64, 64, cursor).count, 0);
    due = bench_due(bench, BENCH_NOW_MS + 5, 64, 64, cursor);
    CHECK_EQ(due.count, 1);
    CHECK_EQ(due.row[0].task_id, task.id);
    CHECK_EQ(due.row[0].serial, 1);
    CHECK_EQ(due.row[0].rank, 2);
    CHECK_STR(due.row[0].topic, "task");
    CHECK_STR(due.row[0].key, "lux");
    task_dedup_key(&task, key, sizeof(key));
    CHECK_STR(due.row[0].dedup_key, key);
}

static void a_task_under_way_is_not_made_again(void **state)
{
    struct store_bench *bench = *state;
    struct task task = list_task("lux", 0), again = list_task("lux", 0), got;
    bool is_made = true;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    CHECK_OK(make(bench, bench->store, &task, &is_made), &bench->err);
    again.run_id = 99;
    for (int step = 0; step < 4; step++) {
        CHECK_OK(make(bench, bench->other, &again, &is_made), &bench->err);
        CHECK(!is_made);
        CHECK_EQ(again.id, 0);
        got = bench_get(bench, task.id);
        CHECK_EQ(got.run_id, 3);
        CHECK_EQ(got.serial, 1);
        if (step == 0)
            bench_publish(bench, &task);
        if (step == 1)
            task = bench_claim(bench, &task);
        if (step == 2)
            CHECK(bench_move(bench, &task, TASK_ON_BROKE, 1)); /* FAILED, but not dead: it may be tried again */
    }
    CHECK_EQ(bench_outbox_count(bench->store, "task"), 0);
}

static void pages_endpoints_and_sellers_are_told_apart(void **state)
{
    struct store_bench *bench = *state;
    struct task a = list_task("a", 0), b = list_task("b", 0), page = list_task("a", 1), other = list_task("a", 0), got;
    bool is_made = false;

    bench_seller(bench, "a", SELLER_ACTIVE);
    bench_seller(bench, "b", SELLER_ACTIVE);
    kk_sv_copy(KK_SV("/List"), other.endpoint, sizeof(other.endpoint)); /* case matters */
    CHECK_OK(make(bench, bench->store, &a, &is_made), &bench->err);
    CHECK(is_made);
    CHECK_OK(make(bench, bench->store, &b, &is_made), &bench->err);
    CHECK(is_made);
    CHECK_OK(make(bench, bench->store, &page, &is_made), &bench->err);
    CHECK(is_made);
    CHECK_OK(make(bench, bench->store, &other, &is_made), &bench->err);
    CHECK(is_made);
    CHECK_OK(store_find_task(bench->store, KK_SV("a"), KK_SV("/list"), 1, &got, &bench->err), &bench->err);
    CHECK_EQ(got.id, page.id);
    CHECK_EQ(store_find_task(bench->store, KK_SV("a"), KK_SV("/list"), 2, &got, &bench->err), KK_NOT_FOUND);
    CHECK_EQ(store_get_task(bench->store, 12345, &got, &bench->err), KK_NOT_FOUND);
}

static void a_task_that_is_over_gets_a_new_life(void **state)
{
    struct store_bench *bench = *state;
    struct task task, got, again;
    bool is_made = false;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    task = bench_task(bench, "lux", 1, 0);
    bench_publish(bench, &task);
    task = bench_claim(bench, &task);
    task.attempt = 2;
    task.lapse_count = 1;
    task.http_status = 500;
    task.ended_at_ms = 9;
    kk_sv_copy(KK_SV("broke"), task.error, sizeof(task.error));
    task.is_dead = true;
    CHECK(bench_move(bench, &task, TASK_ON_BROKE, 9));

    again = task;
    again.id = again.serial = 0;
    again.run_id = 55;
    again.parent_task_id = 66;
    CHECK_OK(make(bench, bench->store, &again, &is_made), &bench->err);
    CHECK(is_made);
    CHECK_EQ(again.id, task.id);
    CHECK_EQ(again.serial, 2);
    got = bench_get(bench, task.id);
    CHECK_EQ(got.state, TASK_WAITING);
    CHECK_EQ(got.serial, 2);
    CHECK_EQ(got.run_id, 55);
    CHECK_EQ(got.parent_task_id, 66);
    CHECK_EQ(got.attempt, 0);
    CHECK_EQ(got.lapse_count, 0);
    CHECK_EQ(got.http_status, 0);
    CHECK_EQ(got.ended_at_ms, 0);
    CHECK_EQ(got.started_at_ms, 0);
    CHECK_EQ(got.published_at_ms, 0);
    CHECK(!got.is_dead);
    CHECK_STR(got.error, "");
    CHECK_EQ(bench_outbox_count(bench->store, "task"), 1);
}

static void success_is_over_too(void **state)
{
    struct store_bench *bench = *state;
    struct task task, again;
    bool is_made = false;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    task = bench_task(bench, "lux", 1, 0);
    bench_publish(bench, &task);
    task = bench_claim(bench, &task);
    CHECK(bench_move(bench, &task, TASK_ON_FINISHED, 9));
    again = task;
    CHECK_OK(make(bench, bench->other, &again, &is_made), &bench->err);
    CHECK(is_made);
    CHECK_EQ(again.serial, 2);
}

static struct bench_tasks each(struct store_bench *bench, struct task_query query)
{
    struct bench_tasks tasks = {.count = 0};

    CHECK_OK(store_each_task(bench->store, &query, bench_note_task, &tasks, &bench->err), &bench->err);
    return tasks;
}

static void tasks_are_listed_by_what_is_asked(void **state)
{
    struct store_bench *bench = *state;
    struct task list = list_task("b", 0), dead, waiting;
    struct bench_tasks all, page;
    struct run run;
    bool is_made;

    bench_seller(bench, "a", SELLER_ACTIVE);
    bench_seller(bench, "b", SELLER_ACTIVE);
    run = bench_run(bench, "b");
    dead = bench_task(bench, "a", 1, 0);
    waiting = bench_task(bench, "a", 2, 0);
    list.run_id = run.id;
    CHECK_OK(make(bench, bench->store, &list, &is_made), &bench->err);
    bench_publish(bench, &dead);
    dead = bench_claim(bench, &dead);
    dead.is_dead = true;
    CHECK(bench_move(bench, &dead, TASK_ON_BROKE, 1));

    all = each(bench, (struct task_query){.limit = 0});
    CHECK_EQ(all.count, 3);
    CHECK(all.task[0].id < all.task[1].id && all.task[1].id < all.task[2].id);
    CHECK_EQ(each(bench, (struct task_query){.seller_id = KK_SV("a")}).count, 2);
    CHECK_EQ(each(bench, (struct task_query){.seller_id = KK_SV("c")}).count, 0);
    CHECK_EQ(each(bench, (struct task_query){.state = TASK_WAITING}).count, 2);
    CHECK_EQ(each(bench, (struct task_query){.state = TASK_RUNNING}).count, 0);
    CHECK_EQ(each(bench, (struct task_query){.kind = TASK_LIST}).task[0].id, list.id);
    CHECK_EQ(each(bench, (struct task_query){.dead_only = true}).task[0].id, dead.id);
    CHECK_EQ(each(bench, (struct task_query){.dead_only = true}).count, 1);
    CHECK_EQ(each(bench, (struct task_query){.run_id = run.id}).count, 1);
    CHECK_EQ(each(bench, (struct task_query){.run_id = run.id}).task[0].id, list.id);
    CHECK_EQ(each(bench, (struct task_query){.seller_id = KK_SV("a"), .state = TASK_WAITING}).task[0].id, waiting.id);
    page = each(bench, (struct task_query){.limit = 2});
    CHECK_EQ(page.count, 2);
    page = each(bench, (struct task_query){.limit = 2, .after_id = page.task[1].id});
    CHECK_EQ(page.count, 1);
}

static void a_tally_counts_a_runs_tasks_by_kind_and_state(void **state)
{
    struct store_bench *bench = *state;
    struct task list = list_task("lux", 0), elsewhere = list_task("other", 0), running, detail;
    struct task_tally tally;
    struct run run;
    bool is_made;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    bench_seller(bench, "other", SELLER_ACTIVE);
    run = bench_run(bench, "lux");
    CHECK_EQ(run.id, 1); /* the number bench_task() gives its tasks */
    detail = bench_task(bench, "lux", 1, 0);
    bench_task(bench, "lux", 2, 0);
    list.run_id = run.id;
    CHECK_OK(make(bench, bench->store, &list, &is_made), &bench->err);
    CHECK_OK(make(bench, bench->store, &elsewhere, &is_made), &bench->err);
    bench_publish(bench, &detail);
    running = bench_claim(bench, &detail);
    CHECK_EQ(running.state, TASK_RUNNING);
    CHECK_OK(store_tally_tasks(bench->store, run.id, &tally, &bench->err), &bench->err);
    CHECK_EQ(tally.count[TASK_LIST][TASK_WAITING], 1);
    CHECK_EQ(tally.count[TASK_DETAIL][TASK_WAITING], 1);
    CHECK_EQ(tally.count[TASK_DETAIL][TASK_RUNNING], 1);
    CHECK_EQ(tally.count[TASK_OPTIONS][TASK_WAITING], 0);
    CHECK_EQ(tally.count[0][TASK_WAITING], 2);
    CHECK_EQ(tally.count[0][TASK_RUNNING], 1);
    CHECK_OK(store_tally_tasks(bench->store, 4711, &tally, &bench->err), &bench->err);
    CHECK_EQ(tally.count[0][TASK_WAITING], 0);
}

int store_task_run(const char *group)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_new_task_waits_and_its_promise_is_made),
        STORE_TEST(a_task_under_way_is_not_made_again),
        STORE_TEST(pages_endpoints_and_sellers_are_told_apart),
        STORE_TEST(a_task_that_is_over_gets_a_new_life),
        STORE_TEST(success_is_over_too),
        STORE_TEST(tasks_are_listed_by_what_is_asked),
        STORE_TEST(a_tally_counts_a_runs_tasks_by_kind_and_state),
    };

    return cmocka_run_group_tests_name(group, tests, NULL, NULL);
}
