/* Sellers (S1-S4) and runs. */
#include <string.h>

#include "contract/store_bench.h"

static struct seller whole_seller(void)
{
    return (struct seller){.seller_id = "Lux.maison_1-a@b",
                           .name = "럭스 메종",
                           .state = SELLER_PAUSED,
                           .period_count = 3,
                           .period_unit = PERIOD_DAY,
                           .mode = CRAWL_DELTA,
                           .full_every_ms = 7,
                           .next_run_at_ms = 8,
                           .last_run_id = 9,
                           .last_started_at_ms = 10,
                           .last_ended_at_ms = 11,
                           .created_at_ms = 12,
                           .updated_at_ms = 13,
                           .revision = 14};
}

static void check_same(const struct seller *a, const struct seller *b)
{
    CHECK_STR(a->seller_id, b->seller_id);
    CHECK_STR(a->name, b->name);
    CHECK_EQ(a->state, b->state);
    CHECK_EQ(a->period_count, b->period_count);
    CHECK_EQ(a->period_unit, b->period_unit);
    CHECK_EQ(a->mode, b->mode);
    CHECK_EQ(a->full_every_ms, b->full_every_ms);
    CHECK_EQ(a->next_run_at_ms, b->next_run_at_ms);
    CHECK_EQ(a->last_run_id, b->last_run_id);
    CHECK_EQ(a->last_started_at_ms, b->last_started_at_ms);
    CHECK_EQ(a->last_ended_at_ms, b->last_ended_at_ms);
    CHECK_EQ(a->created_at_ms, b->created_at_ms);
    CHECK_EQ(a->updated_at_ms, b->updated_at_ms);
    CHECK_EQ(a->revision, b->revision);
}

static void a_seller_comes_back_whole(void **state)
{
    struct store_bench *bench = *state;
    struct seller seller = whole_seller(), got;

    CHECK_OK(store_add_seller(bench->store, &seller, &bench->err), &bench->err);
    CHECK_OK(store_get_seller(bench->other, kk_sv_of(seller.seller_id), &got, &bench->err), &bench->err);
    check_same(&got, &seller);
}

static void a_seller_is_registered_once(void **state)
{
    struct store_bench *bench = *state;
    struct seller seller = whole_seller(), got;

    CHECK_OK(store_add_seller(bench->store, &seller, &bench->err), &bench->err);
    seller.period_count = 99;
    CHECK_EQ(store_add_seller(bench->other, &seller, &bench->err), KK_CONFLICT);
    CHECK_STR(bench->err.msg, "seller Lux.maison_1-a@b is registered already");
    CHECK_OK(store_get_seller(bench->store, kk_sv_of(seller.seller_id), &got, &bench->err), &bench->err);
    CHECK_EQ(got.period_count, 3);
}

static void case_matters_in_a_sellers_id(void **state)
{
    struct store_bench *bench = *state;
    struct seller got;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    bench_seller(bench, "Lux", SELLER_PAUSED);
    CHECK_OK(store_get_seller(bench->store, KK_SV("Lux"), &got, &bench->err), &bench->err);
    CHECK_EQ(got.state, SELLER_PAUSED);
    CHECK_EQ(store_get_seller(bench->store, KK_SV("LUX"), &got, &bench->err), KK_NOT_FOUND);
}

static void the_second_of_two_edits_is_refused(void **state)
{
    struct store_bench *bench = *state;
    struct seller mine, theirs, got;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    CHECK_OK(store_get_seller(bench->store, KK_SV("lux"), &mine, &bench->err), &bench->err);
    CHECK_OK(store_get_seller(bench->other, KK_SV("lux"), &theirs, &bench->err), &bench->err);
    theirs.period_count = 1;
    CHECK_OK(store_put_seller(bench->other, &theirs, &bench->err), &bench->err);
    CHECK_EQ(theirs.revision, 1);
    mine.period_count = 2;
    CHECK_EQ(store_put_seller(bench->store, &mine, &bench->err), KK_CONFLICT);
    CHECK_EQ(mine.revision, 0);
    CHECK_OK(store_get_seller(bench->store, KK_SV("lux"), &got, &bench->err), &bench->err);
    CHECK_EQ(got.period_count, 1);
    CHECK_OK(store_put_seller(bench->other, &theirs, &bench->err), &bench->err); /* the same person goes on */
}

static void a_crawls_start_is_no_edit_and_no_edit_undoes_it(void **state)
{
    struct store_bench *bench = *state;
    struct seller edit, started, got;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    CHECK_OK(store_get_seller(bench->store, KK_SV("lux"), &edit, &bench->err), &bench->err);
    started = edit;
    started.last_run_id = 5;
    started.last_started_at_ms = 6;
    started.next_run_at_ms = 7;
    started.period_count = 99; /* not its business */
    CHECK_OK(store_seller_started(bench->other, &started, &bench->err), &bench->err);
    edit.next_run_at_ms = 8;
    CHECK_OK(store_put_seller(bench->store, &edit, &bench->err), &bench->err);
    CHECK_OK(store_get_seller(bench->store, KK_SV("lux"), &got, &bench->err), &bench->err);
    CHECK_EQ(got.last_run_id, 5);
    CHECK_EQ(got.last_started_at_ms, 6);
    CHECK_EQ(got.next_run_at_ms, 8);
    CHECK_EQ(got.period_count, 6);
}

struct ids {
    char text[256];
    int stop_at, count;
};

static bool note_id(void *ctx, const struct seller *seller)
{
    struct ids *ids = ctx;
    size_t len = strlen(ids->text);

    snprintf(ids->text + len, sizeof(ids->text) - len, "%s ", seller->seller_id);
    return ++ids->count != ids->stop_at;
}

static void sellers_are_listed_by_id_until_the_reader_has_enough(void **state)
{
    struct store_bench *bench = *state;
    struct ids all = {.count = 0}, two = {.stop_at = 2};

    bench_seller(bench, "b", SELLER_ACTIVE);
    bench_seller(bench, "a", SELLER_PAUSED);
    bench_seller(bench, "B", SELLER_DISABLED);
    CHECK_OK(store_each_seller(bench->store, note_id, &all, &bench->err), &bench->err);
    CHECK_STR(all.text, "B a b ");
    CHECK_OK(store_each_seller(bench->store, note_id, &two, &bench->err), &bench->err);
    CHECK_STR(two.text, "B a ");
}

static void set_due(struct store_bench *bench, const char *seller_id, int64_t at_ms)
{
    struct seller seller;

    CHECK_OK(store_get_seller(bench->store, kk_sv_of(seller_id), &seller, &bench->err), &bench->err);
    seller.next_run_at_ms = at_ms;
    CHECK_OK(store_put_seller(bench->store, &seller, &bench->err), &bench->err);
}

static void due_are_the_active_the_longest_due_first(void **state)
{
    struct store_bench *bench = *state;
    struct ids due = {.count = 0}, one = {.count = 0};
    int64_t next = 0;

    CHECK_OK(store_next_due(bench->store, &next, &bench->err), &bench->err);
    CHECK_EQ(next, INT64_MAX);
    bench_seller(bench, "a", SELLER_ACTIVE);
    bench_seller(bench, "b", SELLER_ACTIVE);
    bench_seller(bench, "c", SELLER_PAUSED);
    bench_seller(bench, "d", SELLER_ACTIVE);
    set_due(bench, "a", 300);
    set_due(bench, "b", 200);
    set_due(bench, "c", 100);
    set_due(bench, "d", 301);
    CHECK_OK(store_due_sellers(bench->store, 300, 10, note_id, &due, &bench->err), &bench->err);
    CHECK_STR(due.text, "b a ");
    CHECK_OK(store_due_sellers(bench->store, 300, 1, note_id, &one, &bench->err), &bench->err);
    CHECK_STR(one.text, "b ");
    CHECK_OK(store_next_due(bench->store, &next, &bench->err), &bench->err);
    CHECK_EQ(next, 200);
}

/* ---- runs ---- */

static void one_run_of_a_seller_is_open(void **state)
{
    struct store_bench *bench = *state;
    struct run run, again, got;
    bool is_done = false;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    CHECK_EQ(store_get_open_run(bench->store, KK_SV("lux"), &got, &bench->err), KK_NOT_FOUND);
    run = bench_run(bench, "lux");
    again = run;
    CHECK_EQ(store_add_run(bench->other, &again, &bench->err), KK_CONFLICT);
    CHECK_OK(store_get_open_run(bench->other, KK_SV("lux"), &got, &bench->err), &bench->err);
    CHECK_EQ(got.id, run.id);
    CHECK_OK(store_end_run(bench->store, run.id, RUN_COMPLETE, 77, &is_done, &bench->err), &bench->err);
    CHECK(is_done);
    CHECK_OK(store_add_run(bench->other, &again, &bench->err), &bench->err);
    CHECK(again.id > run.id);
}

static void a_run_ends_once(void **state)
{
    struct store_bench *bench = *state;
    struct seller seller;
    struct run run, got;
    bool is_done = false;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    run = bench_run(bench, "lux");
    CHECK_OK(store_end_run(bench->store, run.id, RUN_COMPLETE, 77, &is_done, &bench->err), &bench->err);
    CHECK(is_done);
    CHECK_OK(store_end_run(bench->other, run.id, RUN_INCOMPLETE, 78, &is_done, &bench->err), &bench->err);
    CHECK(!is_done);
    CHECK_OK(store_get_run(bench->store, run.id, &got, &bench->err), &bench->err);
    CHECK_EQ(got.state, RUN_COMPLETE);
    CHECK_EQ(got.ended_at_ms, 77);
    CHECK_OK(store_get_seller(bench->store, KK_SV("lux"), &seller, &bench->err), &bench->err);
    CHECK_EQ(seller.last_ended_at_ms, 77);
}

static void a_runs_list_and_counts_come_back(void **state)
{
    struct store_bench *bench = *state;
    struct run_counts add = {.task_count = 1,
                             .open_count = -2,
                             .success_count = 3,
                             .dead_count = 4,
                             .request_count = 5,
                             .retry_count = 6,
                             .created_count = 7,
                             .changed_count = 8,
                             .removed_count = 9,
                             .returned_count = 10};
    struct run run, got;

    bench_seller(bench, "lux", SELLER_ACTIVE);
    run = bench_run(bench, "lux");
    run.list_pass = 2;
    run.page_size = 40;
    run.page_count = 3;
    run.list_open = 4;
    run.list_failed = 5;
    run.item_count = 6;
    run.seen_count = 7;
    run.counts.task_count = 1000; /* not written by this call */
    CHECK_OK(store_put_run_list(bench->store, &run, &bench->err), &bench->err);
    CHECK_OK(store_add_run_counts(bench->store, run.id, &add, &bench->err), &bench->err);
    CHECK_OK(store_add_run_counts(bench->other, run.id, &add, &bench->err), &bench->err);
    CHECK_OK(store_get_run(bench->store, run.id, &got, &bench->err), &bench->err);
    CHECK_EQ(got.trigger, RUN_BY_SCHEDULE);
    CHECK_EQ(got.started_at_ms, BENCH_NOW_MS);
    CHECK_EQ(got.list_pass, 2);
    CHECK_EQ(got.page_size, 40);
    CHECK_EQ(got.page_count, 3);
    CHECK_EQ(got.list_open, 4);
    CHECK_EQ(got.list_failed, 5);
    CHECK_EQ(got.item_count, 6);
    CHECK_EQ(got.seen_count, 7);
    CHECK_EQ(got.counts.task_count, 2);
    CHECK_EQ(got.counts.open_count, -4);
    CHECK_EQ(got.counts.success_count, 6);
    CHECK_EQ(got.counts.dead_count, 8);
    CHECK_EQ(got.counts.request_count, 10);
    CHECK_EQ(got.counts.retry_count, 12);
    CHECK_EQ(got.counts.created_count, 14);
    CHECK_EQ(got.counts.changed_count, 16);
    CHECK_EQ(got.counts.removed_count, 18);
    CHECK_EQ(got.counts.returned_count, 20);
}

struct runs {
    int64_t id[8];
    size_t count;
};

static bool note_run(void *ctx, const struct run *run)
{
    struct runs *runs = ctx;

    CHECK(runs->count < KK_COUNT(runs->id));
    runs->id[runs->count++] = run->id;
    return true;
}

static void runs_are_listed_newest_first(void **state)
{
    struct store_bench *bench = *state;
    struct runs all = {.count = 0}, one = {.count = 0}, last = {.count = 0};
    struct run a, b;

    bench_seller(bench, "a", SELLER_ACTIVE);
    bench_seller(bench, "b", SELLER_ACTIVE);
    a = bench_run(bench, "a");
    b = bench_run(bench, "b");
    CHECK_OK(store_each_run(bench->store, &(struct run_query){.limit = 10}, note_run, &all, &bench->err), &bench->err);
    CHECK_EQ(all.count, 2);
    CHECK_EQ(all.id[0], b.id);
    CHECK_OK(store_each_run(bench->store, &(struct run_query){.seller_id = KK_SV("a"), .limit = 10}, note_run, &one,
                            &bench->err),
             &bench->err);
    CHECK_EQ(one.count, 1);
    CHECK_EQ(one.id[0], a.id);
    CHECK_OK(store_each_run(bench->store, &(struct run_query){.limit = 1}, note_run, &last, &bench->err), &bench->err);
    CHECK_EQ(last.count, 1);
    last.count = 0;
    CHECK_OK(
        store_each_run(bench->store, &(struct run_query){.limit = 9, .before_id = b.id}, note_run, &last, &bench->err),
        &bench->err);
    CHECK_EQ(last.count, 1);
    CHECK_EQ(last.id[0], a.id);
}

static void open_runs_are_listed_apart(void **state)
{
    struct store_bench *bench = *state;
    struct runs open = {.count = 0}, of_a = {.count = 0};
    struct run a, b;
    bool is_done;

    bench_seller(bench, "a", SELLER_ACTIVE);
    bench_seller(bench, "b", SELLER_ACTIVE);
    a = bench_run(bench, "a");
    CHECK_OK(store_end_run(bench->store, a.id, RUN_COMPLETE, 5, &is_done, &bench->err), &bench->err);
    a = bench_run(bench, "a");
    b = bench_run(bench, "b");
    CHECK_OK(
        store_each_run(bench->store, &(struct run_query){.limit = 9, .open_only = true}, note_run, &open, &bench->err),
        &bench->err);
    CHECK_EQ(open.count, 2);
    CHECK_EQ(open.id[0], b.id);
    CHECK_OK(store_each_run(bench->store, &(struct run_query){.limit = 9, .open_only = true, .seller_id = KK_SV("a")},
                            note_run, &of_a, &bench->err),
             &bench->err);
    CHECK_EQ(of_a.count, 1);
    CHECK_EQ(of_a.id[0], a.id);
}

static void idle_are_open_runs_without_open_tasks_of_active_sellers(void **state)
{
    struct store_bench *bench = *state;
    struct run_counts open = {.open_count = 2}, one_over = {.open_count = -1};
    struct runs idle = {.count = 0}, later = {.count = 0};
    struct run busy, paused, ended;
    bool is_done;

    bench_seller(bench, "busy", SELLER_ACTIVE);
    bench_seller(bench, "idle", SELLER_ACTIVE);
    bench_seller(bench, "paused", SELLER_ACTIVE);
    bench_seller(bench, "ended", SELLER_ACTIVE);
    busy = bench_run(bench, "busy");
    bench_run(bench, "idle");
    paused = bench_run(bench, "paused");
    ended = bench_run(bench, "ended");
    CHECK_OK(store_add_run_counts(bench->store, busy.id, &open, &bench->err), &bench->err);
    CHECK_OK(store_end_run(bench->store, ended.id, RUN_COMPLETE, 1, &is_done, &bench->err), &bench->err);
    bench_seller_state(bench, "paused", SELLER_PAUSED);
    CHECK_OK(store_idle_runs(bench->store, 10, note_run, &idle, &bench->err), &bench->err);
    CHECK_EQ(idle.count, 1);
    CHECK(idle.id[0] != busy.id && idle.id[0] != paused.id && idle.id[0] != ended.id);
    CHECK_OK(store_add_run_counts(bench->store, busy.id, &one_over, &bench->err), &bench->err);
    CHECK_OK(store_add_run_counts(bench->store, busy.id, &one_over, &bench->err), &bench->err);
    CHECK_OK(store_idle_runs(bench->store, 10, note_run, &later, &bench->err), &bench->err);
    CHECK_EQ(later.count, 2);
}

int store_seller_run(const char *group)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_seller_comes_back_whole),
        STORE_TEST(a_seller_is_registered_once),
        STORE_TEST(case_matters_in_a_sellers_id),
        STORE_TEST(the_second_of_two_edits_is_refused),
        STORE_TEST(a_crawls_start_is_no_edit_and_no_edit_undoes_it),
        STORE_TEST(sellers_are_listed_by_id_until_the_reader_has_enough),
        STORE_TEST(due_are_the_active_the_longest_due_first),
        STORE_TEST(one_run_of_a_seller_is_open),
        STORE_TEST(a_run_ends_once),
        STORE_TEST(a_runs_list_and_counts_come_back),
        STORE_TEST(runs_are_listed_newest_first),
        STORE_TEST(open_runs_are_listed_apart),
        STORE_TEST(idle_are_open_runs_without_open_tasks_of_active_sellers),
    };

    return cmocka_run_group_tests_name(group, tests, NULL, NULL);
}
