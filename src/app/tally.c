#include "app/tally.h"

#include "ports/store.h"
#include "site/endpoint.h"

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

enum kk_code tally_write(struct app *app, struct tally *tally, struct kk_err *err)
{
    for (size_t i = 0; i < tally->run_count; i++) {
        enum kk_code rc = store_add_run_counts(app->store, tally->run[i].run_id, &tally->run[i].add, err);

        if (rc)
            return rc;
    }
    tally->run_count = 0;
    return KK_OK;
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
