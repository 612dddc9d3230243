#include "contract/store_contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/store_bench.h"

static const struct store_world *world;

static int64_t still_ms(void *ctx)
{
    (void)ctx;
    return BENCH_NOW_MS;
}
static const struct kk_clock still = {.wall_ms = still_ms, .mono_ms = still_ms};

int store_bench_open(void **state)
{
    struct store_bench *bench = calloc(1, sizeof(*bench));
    int from, to;

    CHECK(bench);
    world->make(world->ctx);
    bench->store = world->open(world->ctx, &still);
    CHECK_OK(store_migrate(bench->store, &from, &to, &bench->err), &bench->err);
    bench->other = world->open(world->ctx, &still);
    *state = bench;
    return 0;
}

int store_bench_close(void **state)
{
    struct store_bench *bench = *state;

    store_close(bench->other);
    store_close(bench->store);
    free(bench);
    world->remove(world->ctx);
    return 0;
}

/* ---- short ways ---- */

void bench_seller(struct store_bench *bench, const char *seller_id, enum seller_state state)
{
    struct seller seller = {.state = state,
                            .period_count = 6,
                            .period_unit = PERIOD_HOUR,
                            .mode = CRAWL_FULL,
                            .next_run_at_ms = BENCH_NOW_MS};

    CHECK(kk_sv_copy(kk_sv_of(seller_id), seller.seller_id, sizeof(seller.seller_id)));
    CHECK_OK(store_add_seller(bench->store, &seller, &bench->err), &bench->err);
}

void bench_seller_state(struct store_bench *bench, const char *seller_id, enum seller_state state)
{
    struct seller seller;

    CHECK_OK(store_get_seller(bench->store, kk_sv_of(seller_id), &seller, &bench->err), &bench->err);
    seller.state = state;
    CHECK_OK(store_put_seller(bench->store, &seller, &bench->err), &bench->err);
}

struct run bench_run(struct store_bench *bench, const char *seller_id)
{
    struct run run = {
        .trigger = RUN_BY_SCHEDULE, .state = RUN_OPEN, .started_at_ms = BENCH_NOW_MS, .list_pass = 1, .item_count = -1};

    CHECK(kk_sv_copy(kk_sv_of(seller_id), run.seller_id, sizeof(run.seller_id)));
    CHECK_OK(store_add_run(bench->store, &run, &bench->err), &bench->err);
    return run;
}

struct task bench_task(struct store_bench *bench, const char *seller_id, int64_t item_no, int rank)
{
    struct task task = {.kind = TASK_DETAIL, .item_no = item_no, .run_id = 1};
    bool is_made = false;

    CHECK(kk_sv_copy(kk_sv_of(seller_id), task.seller_id, sizeof(task.seller_id)));
    snprintf(task.endpoint, sizeof(task.endpoint), "/item/%lld/detail", (long long)item_no);
    CHECK_OK(store_make_task(bench->store, &task, rank, BENCH_NOW_MS, &is_made, &bench->err), &bench->err);
    CHECK(is_made);
    return task;
}

struct task_ticket bench_ticket(const struct task *task)
{
    struct task_ticket ticket = {.task_id = task->id, .serial = task->serial};

    memcpy(ticket.seller_id, task->seller_id, sizeof(ticket.seller_id));
    return ticket;
}

struct find_row {
    int64_t task_id, serial, outbox_id;
};

static bool match_row(void *ctx, const struct outbox_row *row)
{
    struct find_row *find = ctx;

    if (row->task_id == find->task_id && row->serial == find->serial)
        find->outbox_id = row->id;
    return find->outbox_id == 0;
}

void bench_publish(struct store_bench *bench, const struct task *task)
{
    struct find_row find = {.task_id = task->id, .serial = task->serial};
    char cursor[SELLER_ID_BYTES] = "";

    CHECK_OK(store_due_task_rows(bench->store, BENCH_NOW_MS + KK_DAY_MS, 1000, 100000, cursor, match_row, &find,
                                 &bench->err),
             &bench->err);
    CHECK(find.outbox_id);
    CHECK_OK(store_task_published(bench->store, find.outbox_id, task->id, task->serial, BENCH_NOW_MS, &bench->err),
             &bench->err);
}

struct task bench_claim(struct store_bench *bench, const struct task *task)
{
    struct task_ticket ticket = bench_ticket(task);
    struct task won = {0};
    enum claim claim;

    CHECK_OK(
        store_claim_task(bench->store, &ticket, BENCH_NOW_MS, BENCH_NOW_MS + BENCH_LEASE_MS, &claim, &won, &bench->err),
        &bench->err);
    CHECK_EQ(claim, CLAIM_WON);
    return won;
}

struct task bench_get(struct store_bench *bench, int64_t task_id)
{
    struct task task = {0};

    CHECK_OK(store_get_task(bench->store, task_id, &task, &bench->err), &bench->err);
    return task;
}

bool bench_move(struct store_bench *bench, struct task *task, enum task_event on, int64_t now_ms)
{
    enum task_state from = task->state;
    bool is_done = false;

    CHECK_OK(task_move(task, on, &bench->err), &bench->err);
    CHECK_OK(store_put_task(bench->store, task, from, now_ms, &is_done, &bench->err), &bench->err);
    return is_done;
}

int64_t bench_outbox_count(struct store *store, const char *topic)
{
    struct kk_err err = {0};
    int64_t count = -1;

    CHECK_OK(store_outbox_count(store, kk_sv_of(topic), &count, &err), &err);
    return count;
}

bool bench_note_row(void *ctx, const struct outbox_row *row)
{
    struct bench_rows *rows = ctx;

    CHECK(rows->count < BENCH_ROWS_MAX);
    rows->row[rows->count++] = *row;
    return rows->count != rows->stop_at;
}

struct bench_rows bench_due(struct store_bench *bench, int64_t now_ms, int cap, int limit, char cursor[SELLER_ID_BYTES])
{
    struct bench_rows rows = {.count = 0};

    CHECK_OK(store_due_task_rows(bench->store, now_ms, cap, limit, cursor, bench_note_row, &rows, &bench->err),
             &bench->err);
    return rows;
}

bool bench_note_task(void *ctx, const struct task *task)
{
    struct bench_tasks *tasks = ctx;

    CHECK(tasks->count < BENCH_ROWS_MAX);
    tasks->task[tasks->count++] = *task;
    return true;
}

int store_contract_run(const char *name, const struct store_world *use_world)
{
    static const struct {
        const char *subject;
        int (*run)(const char *group);
    } parts[] = {
        {"the store itself", store_base_run},
        {"sellers and runs", store_seller_run},
        {"tasks", store_task_run},
        {"claims", store_claim_run},
        {"outbox", store_outbox_run},
        {"events", store_event_run},
        {"items", store_item_run},
        {"statistics", store_stat_run},
        {"alerts and rests", store_alert_run},
    };
    int failed = 0;

    world = use_world;
    for (size_t i = 0; i < KK_COUNT(parts); i++) {
        char group[128];

        snprintf(group, sizeof(group), "%s: %s", name, parts[i].subject);
        failed += parts[i].run(group);
    }
    return failed;
}
