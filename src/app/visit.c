#include "app/visit.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/change.h"
#include "ports/sink.h"
#include "ports/store.h"

enum kk_code visit_open(struct app *app, const struct job *job, struct tally *tally, int64_t now_ms, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf json = KK_BUF(SNAPSHOT_MAX_BYTES);
    const struct task *task = &job->task;
    const struct next_task next = {.kind = TASK_OPTIONS, .item_no = task->item_no};
    bool is_made = false;
    enum kk_code rc;

    snapshot_write(&job->snapshot, &json);
    rc = kk_buf_check(&json, "the detail's snapshot", err);
    if (!rc)
        rc = store_put_visit(app->store, kk_sv_of(task->seller_id), task->item_no, task->run_id, kk_buf_sv(&json),
                             &job->archive_key, err);
    /* Before further details: a visit that is open is finished first, so a change is told as early as can be. */
    return rc ? rc : tally_make_task(app, task, &next, tally, now_ms, &is_made, err);
}

/* What a visit found: the whole snapshot and the bodies behind it. */
struct finding {
    const struct task *task;
    struct snapshot *snapshot;
    struct kk_hash detail_key, options_key;
    int64_t answered_at_ms;
};

static enum kk_code add_events(struct app *app, const struct product *product, enum change_type type,
                               struct kk_hash previous, struct kk_sv changes, const struct finding *found,
                               int64_t now_ms, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(CHANGE_MAX_BYTES + SNAPSHOT_MAX_BYTES);
    struct change_event event = {.item_no = product->item_no,
                                 .version = product->version,
                                 .type = type,
                                 .seller_id = product->seller_id,
                                 .at_ms = now_ms,
                                 .hash = product->hash,
                                 .previous_hash = previous,
                                 .changes_json = changes,
                                 .product_json = kk_buf_sv(&product->snapshot_json)};
    struct outbox_row row = {.not_before_ms = now_ms,
                             .created_at_ms = now_ms,
                             .answered_at_ms = found->answered_at_ms,
                             .run_id = found->task->run_id};
    enum kk_code rc;

    change_event_write(&event, &body);
    rc = kk_buf_check(&body, "the change event", err);
    row.body = kk_buf_sv(&body);
    snprintf(row.key, sizeof(row.key), "%" PRId64, product->item_no);
    snprintf(row.dedup_key, sizeof(row.dedup_key), "%" PRId64 "-%" PRId64, product->item_no, product->version);
    for (size_t i = 0; !rc && i < app->sink_count; i++) {
        if (app->sinks[i]->is_notifier)
            continue;
        sink_topic(app->sinks[i], row.topic, sizeof(row.topic));
        rc = store_add_outbox(app->store, &row, err);
    }
    return rc;
}

static enum kk_code count_change(struct app *app, const struct task *task, enum change_type type, struct tally *tally,
                                 int64_t now_ms, struct kk_err *err)
{
    struct run_counts *add = NULL;
    struct stat_counts *stat = NULL;
    enum kk_code rc = tally_of(app, tally, task->run_id, &add, err);

    if (!rc)
        rc = tally_stat_of(app, tally, task, 0, now_ms, &stat, err);
    if (rc)
        return rc;
    stat->at[STAT_CHANGE]++;
    switch (type) {
    case CHANGE_CREATED:
        add->created_count++;
        break;
    case CHANGE_CHANGED:
        add->changed_count++;
        break;
    case CHANGE_REMOVED:
        add->removed_count++;
        break;
    case CHANGE_RETURNED:
        add->returned_count++;
        break;
    }
    return KK_OK;
}

/* The next version of a product, its event, and the run's count, from one difference. was: its row before; version 0
 * for a new one. */
static enum kk_code store_difference(struct app *app, const struct product *was, const struct snapshot *before,
                                     const struct finding *found, const struct kk_hash *hash, struct tally *tally,
                                     int64_t now_ms, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf changes = KK_BUF(CHANGE_MAX_BYTES);
    KK_CLEANUP(product_done)
    struct product product = {
        .item_no = found->snapshot->item_no,
        .status = found->snapshot->status,
        .version = was->version + 1,
        .hash = *hash,
        .first_seen_at_ms = was->version ? was->first_seen_at_ms : now_ms,
        .last_changed_at_ms = now_ms,
        .last_checked_at_ms = now_ms,
        .snapshot_json = KK_BUF(SNAPSHOT_MAX_BYTES),
        .detail_key = found->detail_key,
        .options_key = found->options_key,
    };
    enum change_type type = change_type_of(was->version ? before : NULL, found->snapshot);
    enum kk_code rc;

    kk_sv_copy(kk_sv_of(found->task->seller_id), product.seller_id, sizeof(product.seller_id));
    snapshot_write(found->snapshot, &product.snapshot_json);
    if (type == CHANGE_CREATED)
        kk_buf_add(&changes, KK_SV("[]")); /* everything is new; the product in the event says it all */
    else
        change_list(before, found->snapshot, &changes);
    rc = kk_buf_check(&product.snapshot_json, "the product", err);
    if (!rc)
        rc = kk_buf_check(&changes, "the list of changes", err);
    if (!rc)
        rc = store_put_version(app->store, &product, type, found->task->run_id, kk_buf_sv(&changes), err);
    if (!rc)
        rc = add_events(app, &product, type, was->hash, kk_buf_sv(&changes), found, now_ms, err);
    return rc ? rc : count_change(app, found->task, type, tally, now_ms, err);
}

/* The one comparison of a visit (design.md section 6). */
static enum kk_code compare(struct app *app, const struct finding *found, struct tally *tally, int64_t now_ms,
                            struct kk_err *err)
{
    KK_CLEANUP(product_done) struct product was = {.snapshot_json = KK_BUF(SNAPSHOT_MAX_BYTES)};
    KK_CLEANUP(snapshot_done) struct snapshot before = {0};
    struct kk_hash hash;
    enum kk_code rc;

    rc = snapshot_hash(found->snapshot, &hash, err);
    if (rc)
        return rc;
    rc = store_get_product(app->store, found->snapshot->item_no, &was, err);
    if (rc == KK_NOT_FOUND)
        was.version = 0;
    else if (rc)
        return rc;
    if (was.version && kk_hash_eq(&was.hash, &hash))
        return store_touch_product(app->store, was.item_no, kk_sv_of(found->task->seller_id), now_ms, err);
    if (was.version)
        rc = snapshot_read(kk_buf_sv(&was.snapshot_json), &before, err);
    else
        rc = KK_OK;
    return rc ? rc : store_difference(app, &was, &before, found, &hash, tally, now_ms, err);
}

static enum kk_code close_with(struct app *app, const struct task *task, const struct snapshot *options,
                               const struct kk_hash *options_key, int64_t answered_at_ms, struct tally *tally,
                               int64_t now_ms, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf detail_json = KK_BUF(SNAPSHOT_MAX_BYTES);
    KK_CLEANUP(snapshot_done) struct snapshot snapshot = {0};
    struct visit visit = {.detail_json = KK_BUF(SNAPSHOT_MAX_BYTES)};
    struct finding found = {
        .task = task, .snapshot = &snapshot, .options_key = *options_key, .answered_at_ms = answered_at_ms};
    enum kk_code rc;

    rc = store_get_visit(app->store, kk_sv_of(task->seller_id), task->item_no, &visit, err);
    detail_json = visit.detail_json;
    if (rc)
        return rc == KK_NOT_FOUND ? KK_OK : rc; /* closed already, by a 404 */
    found.detail_key = visit.detail_key;
    rc = snapshot_read(kk_buf_sv(&detail_json), &snapshot, err);
    if (!rc)
        rc = snapshot_take_options(&snapshot, options, err);
    if (!rc)
        rc = compare(app, &found, tally, now_ms, err);
    return rc ? rc : store_close_visit(app->store, kk_sv_of(task->seller_id), task->item_no, true, now_ms, err);
}

enum kk_code visit_finish(struct app *app, const struct job *job, struct tally *tally, int64_t now_ms,
                          struct kk_err *err)
{
    return close_with(app, &job->task, &job->snapshot, &job->archive_key, job->answered_at_ms, tally, now_ms, err);
}

enum kk_code visit_finish_without_options(struct app *app, const struct task *task, struct tally *tally, int64_t now_ms,
                                          struct kk_err *err)
{
    KK_CLEANUP(product_done) struct product was = {.snapshot_json = KK_BUF(SNAPSHOT_MAX_BYTES)};
    KK_CLEANUP(snapshot_done) struct snapshot before = {0};
    enum kk_code rc;

    rc = store_get_product(app->store, task->item_no, &was, err);
    if (rc == KK_NOT_FOUND)
        return visit_abandon(app, task, now_ms, err);
    if (!rc)
        rc = snapshot_read(kk_buf_sv(&was.snapshot_json), &before, err);
    return rc ? rc : close_with(app, task, &before, &was.options_key, now_ms, tally, now_ms, err);
}

enum kk_code visit_abandon(struct app *app, const struct task *task, int64_t now_ms, struct kk_err *err)
{
    if (task->kind == TASK_LIST)
        return KK_OK;
    return store_close_visit(app->store, kk_sv_of(task->seller_id), task->item_no, false, now_ms, err);
}

enum kk_code visit_remove(struct app *app, const struct run *run, int64_t item_no, struct tally *tally, int64_t now_ms,
                          struct kk_err *err)
{
    KK_CLEANUP(product_done) struct product was = {.snapshot_json = KK_BUF(SNAPSHOT_MAX_BYTES)};
    KK_CLEANUP(snapshot_done) struct snapshot before = {0};
    KK_CLEANUP(snapshot_done) struct snapshot after = {0};
    struct task task = {.run_id = run->id, .kind = TASK_LIST}; /* a list said so */
    struct finding found = {.task = &task, .snapshot = &after, .answered_at_ms = now_ms};
    struct kk_hash hash;
    enum kk_code rc;

    kk_sv_copy(kk_sv_of(run->seller_id), task.seller_id, sizeof(task.seller_id));
    rc = store_get_product(app->store, item_no, &was, err);
    if (rc && rc != KK_NOT_FOUND)
        return rc;
    /* Never complete, or another seller's by now: only the listing ends. */
    if (!rc && was.status != PRODUCT_REMOVED && kk_sv_eq(kk_sv_of(was.seller_id), kk_sv_of(run->seller_id))) {
        rc = snapshot_read(kk_buf_sv(&was.snapshot_json), &before, err);
        if (!rc)
            rc = snapshot_read(kk_buf_sv(&was.snapshot_json), &after, err);
        if (rc)
            return rc;
        after.status = PRODUCT_REMOVED;
        found.detail_key = was.detail_key;
        found.options_key = was.options_key;
        rc = snapshot_hash(&after, &hash, err);
        if (!rc)
            rc = store_difference(app, &was, &before, &found, &hash, tally, now_ms, err);
        if (rc)
            return rc;
    }
    return store_mark_removed(app->store, kk_sv_of(run->seller_id), item_no, err);
}
