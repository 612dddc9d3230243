/* R6: versions are 1, 2, 3 …, neighbours differ. R7: each has its event in each outbox, written with it. R8, visit by
 * visit: when a visit closes, what is stored is what the site showed. R10: the bodies behind a version are in the
 * archive, and reading them again gives the same hash. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "sim/parts.h"
#include "sim/picture.h"
#include "sim/proc.h"
#include "site/parse.h"

#define BODY_MAX_BYTES ((size_t)16 * 1024 * 1024)

static bool read_hash(struct kk_sv bytes, struct kk_hash *ret)
{
    *ret = (struct kk_hash){{0}};
    if (bytes.len == KK_HASH_BYTES)
        memcpy(ret->byte, bytes.ptr, KK_HASH_BYTES);
    return bytes.len == KK_HASH_BYTES;
}

/* ---- R10 ---- */

static enum box_answer fetch_body(struct watch *watch, const struct seen_item *item, const struct kk_hash *key,
                                  struct kk_buf *body)
{
    enum box_answer has = archive_box_get(watch->sim, key, body);

    if (has == BOX_HAS_NOT)
        sim_fail(watch->sim, "R10", "item %lld version %lld is committed, and a body behind it is not in the archive",
                 (long long)item->item_no, (long long)item->version);
    return has;
}

static void parse_again(struct watch *watch, const struct seen_item *item, struct kk_sv detail, struct kk_sv options)
{
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    KK_CLEANUP(snapshot_done) struct snapshot rows = {0};
    struct kk_hash hash = {{0}};
    struct kk_err err = {0};
    enum kk_code rc = parse_detail(detail, item->item_no, &snapshot, &err);

    if (!rc)
        rc = parse_options(options, item->item_no, &rows, &err);
    if (!rc)
        rc = snapshot_take_options(&snapshot, &rows, &err);
    if (item->status == PRODUCT_REMOVED)
        snapshot.status = PRODUCT_REMOVED;
    if (!rc)
        rc = snapshot_hash(&snapshot, &hash, &err);
    if (rc || !kk_hash_eq(&hash, &item->hash))
        sim_fail(watch->sim, "R10", "item %lld version %lld: reading its bodies again gives another hash (%s)",
                 (long long)item->item_no, (long long)item->version, rc ? err.msg : "no error");
}

static void check_archive(struct watch *watch, const struct seen_item *item)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf detail = KK_BUF(BODY_MAX_BYTES);
    KK_CLEANUP(kk_buf_done) struct kk_buf options = KK_BUF(BODY_MAX_BYTES);
    enum box_answer has_detail = fetch_body(watch, item, &item->detail_key, &detail);
    enum box_answer has_options = fetch_body(watch, item, &item->options_key, &options);

    if (has_detail == BOX_HAS && has_options == BOX_HAS)
        parse_again(watch, item, kk_buf_sv(&detail), kk_buf_sv(&options));
}

/* ---- R6 ---- */

static void check_type(struct watch *watch, const struct seen_item *item, enum change_type type,
                       enum product_status was)
{
    enum change_type due = item->version == 1                ? CHANGE_CREATED
                           : item->status == PRODUCT_REMOVED ? CHANGE_REMOVED
                           : was == PRODUCT_REMOVED          ? CHANGE_RETURNED
                                                             : CHANGE_CHANGED;

    if (type != due)
        sim_fail(watch->sim, "R6", "item %lld version %lld is told as %s, not as %s", (long long)item->item_no,
                 (long long)item->version, change_type_name(type), change_type_name(due));
}

/* A body that was served before the one behind the version before would tell old news again. */
static void check_order(struct watch *watch, struct seen_item *item)
{
    const struct answer_facts_seen *detail = answer_of_body(watch, &item->detail_key, TASK_DETAIL);
    const struct answer_facts_seen *options = answer_of_body(watch, &item->options_key, TASK_OPTIONS);

    if (item->status == PRODUCT_REMOVED)
        return;
    if (detail && detail->served_at_ms < item->detail_at_ms)
        sim_fail(watch->sim, "R8", "item %lld version %lld stands on a detail older than the one before",
                 (long long)item->item_no, (long long)item->version);
    if (options && options->served_at_ms < item->options_at_ms)
        sim_fail(watch->sim, "R8", "item %lld version %lld stands on options older than those before",
                 (long long)item->item_no, (long long)item->version);
    if (detail)
        item->detail_at_ms = detail->served_at_ms;
    if (options)
        item->options_at_ms = options->served_at_ms;
}

/* Its product row comes first in the same commit, so status and seller are known. */
void rule_version(struct watch *watch, const struct row *row)
{
    struct seen_item *item = seen_item(watch, row->id);
    struct commit *commit = &watch->commit;
    enum change_type type;
    struct kk_hash hash;

    KK_ASSERT(change_type_parse(row->t[1], &type));
    watch->sim->result.counts.versions++;
    sim_tell(watch->sim, commit->proc, "item %lld version %lld " KK_SV_FMT, (long long)row->id, (long long)row->n[0],
             KK_SV_ARG(row->t[1]));
    if (row->n[0] != item->version + 1)
        sim_fail(watch->sim, "R6", "item %lld: version %lld follows %lld", (long long)row->id, (long long)row->n[0],
                 (long long)item->version);
    if (!read_hash(row->t[2], &hash) || (item->version && kk_hash_eq(&hash, &item->hash)))
        sim_fail(watch->sim, "R6", "item %lld: version %lld has the hash of the one before", (long long)row->id,
                 (long long)row->n[0]);
    item->previous_hash = item->hash;
    item->hash = hash;
    item->version = row->n[0];
    read_hash(row->t[3], &item->detail_key);
    read_hash(row->t[4], &item->options_key);
    check_type(watch, item, type, item->status_before);
    if (type == CHANGE_REMOVED)
        rule_removed(watch, item->seller_id, row->id);
    check_order(watch, item);
    check_archive(watch, item);
    KK_ASSERT(commit->version_count < COMMIT_ROWS_MAX);
    commit->version[commit->version_count].item_no = row->id;
    commit->version[commit->version_count].version = row->n[0];
    commit->version[commit->version_count++].events = 0;
}

void rule_product(struct watch *watch, const struct row *row)
{
    struct seen_item *item = seen_item(watch, row->id);
    enum product_status status;
    struct kk_hash hash;

    KK_ASSERT(product_status_parse(row->t[1], &status));
    kk_sv_copy(row->t[0], item->seller_id, sizeof(item->seller_id));
    item->product_version = row->n[0];
    item->status_before = item->status;
    item->status = status;
    read_hash(row->t[2], &hash);
    item->product_hash = hash;
}

/* ---- R7: the outbox ---- */

void rule_event_new(struct watch *watch, const struct row *row)
{
    struct commit *commit = &watch->commit;
    char name[48];

    for (size_t i = 0; i < commit->version_count; i++) {
        snprintf(name, sizeof(name), "%lld-%lld", (long long)commit->version[i].item_no,
                 (long long)commit->version[i].version);
        if (kk_sv_eq(row->t[1], kk_sv_of(name))) {
            commit->version[i].events++;
            return;
        }
    }
    sim_fail(watch->sim, "R7", "an event " KK_SV_FMT " is in the outbox without its version in the same commit",
             KK_SV_ARG(row->t[1]));
}

void rule_item_commit(struct watch *watch)
{
    struct commit *commit = &watch->commit;

    for (size_t i = 0; i < commit->version_count; i++) {
        const struct seen_item *item = seen_item(watch, commit->version[i].item_no);

        if (commit->version[i].events != watch->sim->plan.sink_count)
            sim_fail(watch->sim, "R7", "item %lld version %lld was committed with %d events for %d receivers",
                     (long long)item->item_no, (long long)commit->version[i].version, commit->version[i].events,
                     watch->sim->plan.sink_count);
        if (item->product_version != item->version || !kk_hash_eq(&item->product_hash, &item->hash))
            sim_fail(watch->sim, "R6", "item %lld: the product has version %lld, its last version is %lld",
                     (long long)item->item_no, (long long)item->product_version, (long long)item->version);
    }
}

/* ---- R8, at each visit ---- */

/* The visit is closed: had the item not changed between its two requests, it is stored as it was then. */
static void check_truth(struct watch *watch, const struct seen_task *task, const struct answer_facts_seen *options)
{
    const struct seen_item *item = seen_item(watch, task->item_no);
    const struct answer_facts_seen *detail = answer_of_body(watch, &item->visit_key, TASK_DETAIL);

    if (!detail || kk_hash_is_zero(&detail->truth) || !kk_hash_eq(&detail->truth, &options->truth))
        return;
    if (!item->version || !kk_hash_eq(&item->hash, &options->truth))
        sim_fail(watch->sim, "R8", "item %lld was visited, and version %lld is not what the site showed",
                 (long long)task->item_no, (long long)item->version);
}

void rule_item_succeeded(struct watch *watch, const struct seen_task *task)
{
    const struct seen_item *item = seen_item(watch, task->item_no);
    const struct answer_facts_seen *answer = last_answer(watch, task);

    if (!answer) {
        sim_fail(watch->sim, "R3", "task %lld succeeded without an answer", (long long)task->id);
        return;
    }
    if (answer->http_status == 404 || answer->http_status == 410 || answer->fault == FAULT_FOREIGN)
        return; /* nothing was seen of the item */
    if (!answer_is_good(answer))
        sim_fail(watch->sim, "R8", "item %lld: an answer %s was taken for the truth", (long long)task->item_no,
                 answer->is_whole ? answer->fault == FAULT_NONE ? "of another status" : fault_name(answer->fault)
                                  : "that was cut");
    else if (task->kind == TASK_OPTIONS && item->closed_in == watch->commit.number)
        check_truth(watch, task, answer);
}
