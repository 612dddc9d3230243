/* One process of the pipeline, its n-th allocation, SQLite call or file operation failing in the middle of a crawl that
 * finds a change, a new item and one that is gone. Then the failures stop, or the process is started anew, and after
 * clean crawls everything is as if nothing had been: the products are the site's (R8), the versions are without a gap
 * (R6), each has its event, in order (R7), every task is over (R4), the database is whole. */
#include "torture/torture.h"

#include <stdlib.h>
#include <string.h>

#include "app/trigger.h"
#include "base/json.h"
#include "base/log.h"
#include "core/snapshot.h"
#include "ports/store.h"
#include "support/rig.h"

#define CHANGED_ITEM 900100001
#define GONE_ITEM 900100002
#define STILL_ITEM 900100003
#define NEW_ITEM 900100004
#define ITEMS_MAX 8
#define VERSIONS_MAX 8
#define TROUBLE_MS (20 * KK_SECOND_MS)

struct pipeline {
    struct rig *rig;
    bool starts_anew; /* the process does not live on after its failures */
    size_t lines;
};

/* ---- what the log says ---- */

static void read_line(void *ctx, struct kk_sv line)
{
    struct pipeline *pipeline = ctx;
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_err err;
    struct kk_sv text;

    fail_spare(true);
    CHECK_OK(kk_json_parse(line, &json, &err), &err);
    if (kk_jv_str(kk_jv_get(kk_json_root(json), "error_code"), &text))
        CHECK(kk_jv_str(kk_jv_get(kk_json_root(json), "error"), &text) && text.len > 0);
    pipeline->lines++;
    fail_spare(false);
}

/* ---- the crawl in trouble ---- */

static void set_up(struct pipeline *pipeline)
{
    struct rig *rig = rig_open();

    pipeline->rig = rig;
    rig->on_bench = fail_spare;
    rig_add_item(rig, CHANGED_ITEM, 338000);
    rig_add_item(rig, GONE_ITEM, 891000);
    rig_add_item(rig, STILL_ITEM, 120000);
    CHECK_EQ(rig_crawl(rig).state, RUN_COMPLETE);
    rig->site.item[0].selling_price = 299000;
    rig->site.item[1].is_listed = false;
    rig->site.item[1].is_gone = true;
    rig_add_item(rig, NEW_ITEM, 450000);
    kk_log_open(&rig->clock, KK_DEBUG, read_line, pipeline);
}

static enum kk_code crawl_in_trouble(void *ctx, struct kk_err *err)
{
    struct pipeline *pipeline = ctx;
    struct run run;
    bool is_created;
    enum kk_code rc;

    fail_spare(true);
    set_up(pipeline);
    fail_spare(false);
    rc = trigger_crawl(&pipeline->rig->app, KK_SV(RIG_SHOP), RUN_BY_PERSON, &run, &is_created, err);
    rig_run(pipeline->rig, TROUBLE_MS);
    return rc;
}

/* ---- what must hold afterwards ---- */

struct seen {
    int64_t item_no, last_version;
    struct kk_hash last_hash;
} seen_items[ITEMS_MAX];

static struct seen *seen_of(struct seen *all, int64_t item_no)
{
    for (size_t i = 0; i < ITEMS_MAX; i++) {
        if (!all[i].item_no)
            all[i].item_no = item_no;
        if (all[i].item_no == item_no)
            return &all[i];
    }
    CHECK(false && "more items than there are");
    return NULL;
}

static bool check_version(void *ctx, const struct product_version *version)
{
    struct seen *seen = seen_of(ctx, version->item_no);

    CHECK_EQ(version->version, seen->last_version + 1);
    CHECK(!kk_hash_eq(&version->hash, &seen->last_hash));
    seen->last_version = version->version;
    seen->last_hash = version->hash;
    return true;
}

/* Every version has its event; where one came twice, it came after those before it all the same. */
static void check_events(struct rig *rig, struct seen *stored)
{
    struct seen told[ITEMS_MAX] = {{0}};
    struct kk_sv rest = kk_buf_sv(&rig->told);

    while (rest.len) {
        KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
        struct kk_jv data;
        int64_t item_no = 0, version = 0;
        struct kk_err err;

        CHECK_OK(kk_json_parse(kk_sv_cut(&rest, '\n'), &json, &err), &err);
        data = kk_jv_get(kk_json_root(json), "data");
        CHECK(kk_jv_i64(kk_jv_get(data, "itemNo"), &item_no) && kk_jv_i64(kk_jv_get(data, "version"), &version));
        CHECK(version <= seen_of(told, item_no)->last_version + 1);
        if (version > seen_of(told, item_no)->last_version)
            seen_of(told, item_no)->last_version = version;
    }
    for (size_t i = 0; i < ITEMS_MAX && stored[i].item_no; i++)
        CHECK_EQ(seen_of(told, stored[i].item_no)->last_version, stored[i].last_version);
}

static bool check_task(void *ctx, const struct task *task)
{
    (void)ctx;
    CHECK(task_is_over(task));
    return true;
}

static void check_product(struct rig *rig, int64_t item_no, int64_t version, enum product_status status, int64_t price)
{
    KK_CLEANUP(product_done) struct product product = {.snapshot_json = KK_BUF(SNAPSHOT_MAX_BYTES)};
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    struct kk_hash hash;
    struct kk_err err;

    CHECK_OK(store_get_product(rig->app.store, item_no, &product, &err), &err);
    CHECK_EQ(product.version, version);
    CHECK_EQ(product.status, status);
    CHECK_OK(snapshot_read(kk_buf_sv(&product.snapshot_json), &snapshot, &err), &err);
    CHECK_EQ(snapshot.number[SNAP_SELLING_PRICE], price);
    CHECK_OK(snapshot_hash(&snapshot, &hash, &err), &err);
    CHECK(kk_hash_eq(&hash, &product.hash));
}

static void check_all(struct rig *rig)
{
    struct seen stored[ITEMS_MAX] = {{0}};
    struct version_query versions = {0};
    struct task_query tasks = {0};
    int64_t count = 0;
    struct kk_err err;

    CHECK_OK(store_check(rig->app.store, &err), &err);
    check_product(rig, CHANGED_ITEM, 2, PRODUCT_ON_SALE, 299000);
    check_product(rig, GONE_ITEM, 2, PRODUCT_REMOVED, 891000);
    check_product(rig, STILL_ITEM, 1, PRODUCT_ON_SALE, 120000);
    check_product(rig, NEW_ITEM, 1, PRODUCT_ON_SALE, 450000);
    CHECK_OK(store_each_version(rig->app.store, &versions, check_version, stored, &err), &err);
    check_events(rig, stored);
    CHECK_OK(store_each_task(rig->app.store, &tasks, check_task, NULL, &err), &err);
    CHECK_OK(store_outbox_count(rig->app.store, KK_SV("task"), &count, &err), &err);
    CHECK_EQ(count, 0);
    CHECK_OK(store_outbox_count(rig->app.store, KK_SV("event:rig"), &count, &err), &err);
    CHECK_EQ(count, 0);
}

/* A run that says it is complete has found what there was to find, without the help of the next. */
static void check_run(struct rig *rig)
{
    struct run run = rig_last_run(rig);

    if (run.state != RUN_COMPLETE || run.counts.dead_count || !run.counts.request_count)
        return;
    check_product(rig, CHANGED_ITEM, 2, PRODUCT_ON_SALE, 299000);
    check_product(rig, NEW_ITEM, 1, PRODUCT_ON_SALE, 450000);
}

/* rig_run() stops where nothing is in hand, though something may be due later. */
static void let_pass(struct rig *rig, int64_t ms)
{
    for (int64_t end_ms = rig->mono_ms + ms; rig->mono_ms < end_ms; rig_pass(rig, KK_SECOND_MS))
        rig_run(rig, KK_SECOND_MS);
}

static void recover_and_check(void *ctx, enum kk_code rc)
{
    struct pipeline *pipeline = ctx;
    struct rig *rig = pipeline->rig;
    struct kk_err err;
    int64_t count;

    if (pipeline->starts_anew) {
        rig_crash(rig);
        CHECK_OK(app_recover(&rig->app, &count, &err), &err);
    }
    rig_run(rig, 3 * KK_DAY_MS);
    if (!rc)
        check_run(rig);
    for (int crawls = 0; crawls < 2; crawls++) /* R11: twice missing is gone */
        CHECK_EQ(rig_crawl(rig).state, RUN_COMPLETE);
    let_pass(rig, 2 * KK_MINUTE_MS); /* what a dead process had told, and not marked, is told again */
    check_all(rig);
    kk_log_close();
    rig_close(rig);
}

static void torture_pipeline(unsigned kinds, bool starts_anew)
{
    struct pipeline pipeline = {.starts_anew = starts_anew};
    struct torture torture = {.name = starts_anew ? "pipeline, then started anew" : "pipeline, living on",
                              .kinds = kinds,
                              .ctx = &pipeline,
                              .work = crawl_in_trouble,
                              .check = recover_and_check};

    CHECK(torture_holds(&torture));
    CHECK(pipeline.lines > 0);
}

// clang-format off
#define TORTURES(X)                                                                                 \
    X(memory_may_end_in_mid_crawl,                                  FAIL_MEMORY,        false)      \
    X(memory_may_end_in_mid_crawl_and_the_process_start_anew,       FAIL_MEMORY,        true)       \
    X(sqlites_memory_may_end_in_mid_crawl,                          FAIL_SQLITE_MEMORY, false)      \
    X(sqlite_may_refuse_in_mid_crawl,                               FAIL_SQLITE,        false)      \
    X(sqlite_may_refuse_in_mid_crawl_and_the_process_start_anew,    FAIL_SQLITE,        true)       \
    X(the_disk_may_fail_in_mid_crawl,                               FAIL_FILE,          false)      \
    X(the_disk_may_fail_in_mid_crawl_and_the_process_start_anew,    FAIL_FILE,          true)
// clang-format on

#define X(name, kinds, starts_anew)           \
    static void name(void **state)            \
    {                                         \
        (void)state;                          \
        torture_pipeline(kinds, starts_anew); \
    }
TORTURES(X)
#undef X

int main(void)
{
    const struct CMUnitTest tests[] = {
#define X(name, kinds, starts_anew) cmocka_unit_test_teardown(name, torture_relax),
        TORTURES(X)
#undef X
    };

    fail_sqlite_apart();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
