#include "app/tally.h"

#include "ports/stats.h"
#include "ports/store.h"
#include "site/endpoint.h"

static enum kk_code write_stats(struct app *app, struct tally *tally, struct kk_err *err)
{
    struct stat_counts total[STAT_ENDPOINT_COUNT] = {0};
    bool is_touched[STAT_ENDPOINT_COUNT] = {false};
    enum kk_code rc = KK_OK;

    for (size_t i = 0; !rc && i < tally->stat_count; i++) {
        rc = store_add_stat(app->store, &tally->stat[i].key, &tally->stat[i].add, err);
        stat_add(&total[tally->stat[i].key.endpoint], &tally->stat[i].add);
        is_touched[tally->stat[i].key.endpoint] = true;
    }
    for (enum stat_endpoint i = STAT_TOKEN; !rc && i < STAT_ENDPOINT_COUNT; i++)
        if (is_touched[i])
            rc = store_add_stat_total(app->store, i, &total[i], err);
    if (!rc)
        tally->stat_count = 0;
    return rc;
}

enum kk_code tally_of(struct app *app, struct tally *tally, int64_t run_id, struct run_counts **ret, struct kk_err *err)
{
    for (size_t i = 0; i < tally->run_count; i++)
        if (tally->run[i].run_id == run_id) {
            *ret = &tally->run[i].add;
            return KK_OK;
        }
    if (tally->run_count == TALLY_RUNS_MAX) {
        enum kk_code rc = tally_write(app, tally, err);

        if (rc)
            return rc;
    }
    size_t at = tally->run_count++;

    tally->run[at].run_id = run_id;
    tally->run[at].add = (struct run_counts){0};
    *ret = &tally->run[at].add;
    return KK_OK;
}

enum kk_code tally_stat_of(struct app *app, struct tally *tally, const struct task *task, int64_t agent_id,
                           int64_t now_ms, struct stat_counts **ret, struct kk_err *err)
{
    struct stat_key key = {.day = stat_day(now_ms), .agent_id = agent_id};

    if (task) {
        key.endpoint = stat_endpoint_of(task->kind);
        kk_sv_copy(kk_sv_of(task->seller_id), key.seller_id, sizeof(key.seller_id));
    }
    for (size_t i = 0; i < tally->stat_count; i++)
        if (stat_key_eq(&tally->stat[i].key, &key)) {
            *ret = &tally->stat[i].add;
            return KK_OK;
        }
    if (tally->stat_count == TALLY_STATS_MAX) {
        enum kk_code rc = write_stats(app, tally, err);

        if (rc)
            return rc;
    }
    size_t at = tally->stat_count++;

    tally->stat[at].key = key;
    tally->stat[at].add = (struct stat_counts){0};
    *ret = &tally->stat[at].add;
    return KK_OK;
}

enum kk_code tally_write(struct app *app, struct tally *tally, struct kk_err *err)
{
    for (size_t i = 0; i < tally->run_count; i++) {
        enum kk_code rc = store_add_run_counts(app->store, tally->run[i].run_id, &tally->run[i].add, err);

        if (rc)
            return rc;
    }
    tally->run_count = 0;
    return write_stats(app, tally, err);
}

enum kk_code tally_make_task(struct app *app, const struct task *parent, const struct next_task *next,
                             struct tally *tally, int64_t now_ms, bool *ret_made, struct kk_err *err)
{
    struct task task = {.kind = next->kind,
                        .page = next->page,
                        .item_no = next->item_no,
                        .run_id = parent->run_id,
                        .parent_task_id = parent->id,
                        .state = TASK_WAITING,
                        .created_at_ms = now_ms};
    struct run_counts *add = NULL;
    enum kk_code rc;

    kk_sv_copy(kk_sv_of(parent->seller_id), task.seller_id, sizeof(task.seller_id));
    rc = endpoint_path(&app->site, next->kind, next->item_no, task.endpoint, sizeof(task.endpoint), err);
    if (!rc)
        rc = store_make_task(app->store, &task, next->rank, now_ms, ret_made, err);
    if (rc || !*ret_made)
        return rc;
    rc = tally_of(app, tally, parent->run_id, &add, err);
    if (rc)
        return rc;
    add->task_count++;
    add->open_count++;
    return KK_OK;
}
