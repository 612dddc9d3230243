/* R7 where events arrive; and at the end, with the faults stopped: R4, everything ends, and R8, what is stored is what
 * the site shows. */
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "base/assert.h"
#include "base/json.h"
#include "sim/parts.h"
#include "sim/picture.h"
#include "sim/mart.h"

#define TRUTH_BYTES ((size_t)64 * 1024 * 1024)

/* ---- R7 ---- */

static bool has_hash(struct kk_jv data, const char *key, const struct kk_hash *due)
{
    char text[KK_HASH_TEXT_BYTES];
    struct kk_sv seen = {0};

    if (kk_hash_is_zero(due))
        return kk_jv_is(kk_jv_get(data, key), KK_J_NULL);
    kk_hash_text(due, text);
    return kk_jv_str(kk_jv_get(data, key), &seen) && kk_sv_eq(seen, kk_sv_of(text));
}

/* The news of the version that is the newest now tells its hash and the one before. */
static void check_body(struct watch *watch, const struct seen_item *item, struct kk_sv body)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_jv data;
    int64_t version = 0;

    if (kk_json_parse(body, &json, NULL)) {
        sim_fail(watch->sim, "R7", "item %lld: its event is no JSON", (long long)item->item_no);
        return;
    }
    data = kk_jv_get(kk_json_root(json), "data");
    if (!kk_jv_i64(kk_jv_get(data, "version"), &version) || version > item->version)
        sim_fail(watch->sim, "R7", "item %lld: an event tells of version %lld", (long long)item->item_no,
                 (long long)version);
    if (version == item->version &&
        (!has_hash(data, "hash", &item->hash) || !has_hash(data, "previousHash", &item->previous_hash)))
        sim_fail(watch->sim, "R7", "item %lld: the event of version %lld tells another hash", (long long)item->item_no,
                 (long long)version);
}

void watch_delivered(struct watch *watch, int sink, struct kk_sv event_id, struct kk_sv body)
{
    struct kk_sv version_text = event_id, item_text = kk_sv_cut(&version_text, '-');
    int64_t item_no = 0, version = 0;
    struct seen_item *item;

    KK_ASSERT(kk_sv_i64(item_text, &item_no) && kk_sv_i64(version_text, &version));
    item = seen_item(watch, item_no);
    if (version > item->version)
        sim_fail(watch->sim, "R7", "item %lld: version %lld is told before it is committed", (long long)item_no,
                 (long long)version);
    if (version > item->delivered[sink] + 1)
        sim_fail(watch->sim, "R7", "item %lld: version %lld is told to receiver %d after version %lld",
                 (long long)item_no, (long long)version, sink, (long long)item->delivered[sink]);
    if (version <= item->delivered[sink])
        return; /* at least once */
    item->delivered[sink] = version;
    check_body(watch, item, body);
}

/* ---- R4 ---- */

static int64_t ask(struct watch *watch, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int64_t number = -1;

    watch_wake(watch);
    KK_ASSERT(sqlite3_prepare_v2(watch->conn, sql, -1, &stmt, NULL) == SQLITE_OK);
    if (sqlite3_step(stmt) == SQLITE_ROW)
        number = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return number;
}

bool watch_is_over(struct watch *watch, char *ret_why, size_t why_bytes)
{
    static const struct {
        const char *what, *sql;
    } left[] = {
        {"runs are open", "SELECT COUNT(*) FROM run WHERE state = 'OPEN'"},
        {"tasks are under way",
         "SELECT COUNT(*) FROM task WHERE state <> 'SUCCESS' AND NOT (state = 'FAILED' AND is_dead = 1)"},
        {"rows are in the outbox", "SELECT COUNT(*) FROM outbox WHERE due_at_ms IS NOT NULL"},
        {"messages are in the queue", "SELECT COUNT(*) FROM message WHERE is_dead = 0"},
    };

    /* What a far queue still holds then belongs to no task: it stays until there is work again, for an idle worker does
     * not pay for asking. */
    for (size_t i = 0; i < KK_COUNT(left); i++) {
        int64_t count = ask(watch, left[i].sql);

        if (count) {
            snprintf(ret_why, why_bytes, "%lld %s", (long long)count, left[i].what);
            return false;
        }
    }
    return true;
}

int64_t watch_ended_runs(const struct watch *watch, const char *seller_id, bool complete_only)
{
    const struct seen_seller *seller = seen_seller((struct watch *)watch, seller_id);

    return !seller ? 0 : complete_only ? seller->complete_runs : seller->ended_runs;
}

/* ---- R8 ---- */

static void compare_item(struct watch *watch, struct kk_jv truth, struct kk_sv json)
{
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    const struct seen_item *item;
    struct kk_hash hash;
    int64_t item_no = 0;

    KK_ASSERT(kk_jv_i64(kk_jv_get(truth, "itemNo"), &item_no));
    item = seen_item(watch, item_no);
    KK_ASSERT(snapshot_read(json, &snapshot, NULL) == KK_OK && snapshot_hash(&snapshot, &hash, NULL) == KK_OK);
    if (!item->version)
        sim_fail(watch->sim, "R8", "the site stands still and shows item %lld, which is not stored",
                 (long long)item_no);
    else if (!kk_hash_eq(&hash, &item->hash))
        sim_fail(watch->sim, "R8", "the site stands still, and item %lld is stored otherwise (version %lld, status %d)",
                 (long long)item_no, (long long)item->version, (int)item->status);
}

static void check_shown(struct watch *watch, const char *seller_id)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf truth = KK_BUF(TRUTH_BYTES);
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_jv items;
    struct kk_jiter it;

    KK_ASSERT(sandbox_truth(mart_sandbox(watch->sim->mart), seller_id, &truth, NULL) == KK_OK);
    KK_ASSERT(kk_json_parse(kk_buf_sv(&truth), &json, NULL) == KK_OK);
    items = kk_jv_get(kk_json_root(json), "items");
    for (it = kk_jv_iter(items); kk_jiter_next(&it);) {
        KK_CLEANUP(kk_buf_done) struct kk_buf one = KK_BUF(SNAPSHOT_MAX_BYTES);
        int64_t item_no = 0;

        KK_ASSERT(kk_jv_i64(kk_jv_get(it.value, "itemNo"), &item_no));
        KK_ASSERT(sandbox_truth_item(mart_sandbox(watch->sim->mart), item_no, &one, NULL) == KK_OK);
        compare_item(watch, it.value, kk_buf_sv(&one));
    }
    for (it = kk_jv_iter(kk_jv_get(kk_json_root(json), "removed")); kk_jiter_next(&it);) {
        const struct seen_item *item;
        int64_t item_no = 0;

        KK_ASSERT(kk_jv_i64(it.value, &item_no));
        item = seen_item(watch, item_no);
        if (item->version && item->status != PRODUCT_REMOVED)
            sim_fail(watch->sim, "R8", "item %lld is gone from the site, and stored as status %d", (long long)item_no,
                     (int)item->status);
    }
}

void watch_check_end(struct watch *watch)
{
    for (int i = 0; i < watch->seller_count; i++)
        check_shown(watch, watch->seller[i].seller_id);
    for (size_t i = 0; i < watch->item_count; i++)
        for (int s = 0; s < watch->sim->plan.sink_count; s++)
            if (watch->item[i].delivered[s] != watch->item[i].version)
                sim_fail(watch->sim, "R7", "item %lld has version %lld, and receiver %d was told of %lld",
                         (long long)watch->item[i].item_no, (long long)watch->item[i].version, s,
                         (long long)watch->item[i].delivered[s]);
}
