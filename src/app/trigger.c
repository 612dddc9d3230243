#include "app/trigger.h"

#include "app/tally.h"
#include "base/log.h"
#include "ports/store.h"

/* Everything of a new run: its row, the task of page 0 with its outbox row, and the seller's next date. */
static enum kk_code begin_run(struct app *app, struct seller *seller, enum run_trigger by, int64_t now_ms,
                              struct run *ret_run, struct kk_err *err)
{
    struct run run = {.trigger = by,
                      .state = RUN_OPEN,
                      .started_at_ms = now_ms,
                      .list_pass = 1,
                      .page_count = 1,
                      .list_open = 1,
                      .item_count = -1};
    struct tally tally = {0};
    bool is_made = false;
    enum kk_code rc;

    kk_sv_copy(kk_sv_of(seller->seller_id), run.seller_id, sizeof(run.seller_id));
    rc = store_add_run(app->store, &run, err);
    if (rc)
        return rc;

    struct task origin = {.run_id = run.id};

    kk_sv_copy(kk_sv_of(seller->seller_id), origin.seller_id, sizeof(origin.seller_id));
    rc = tally_make_task(app, &origin, &(struct next_task){.kind = TASK_LIST}, &tally, now_ms, &is_made, err);
    if (!rc && !is_made)
        rc = kk_fail(err, KK_CONFLICT, "its list is still under way in another run");
    if (!rc)
        rc = tally_write(app, &tally, err);
    if (rc)
        return rc;
    seller->last_run_id = run.id;
    seller->last_started_at_ms = now_ms;
    if (seller->next_run_at_ms <= now_ms)
        seller->next_run_at_ms = seller_after_start_ms(seller, now_ms);
    *ret_run = run;
    return store_seller_started(app->store, seller, err);
}

static enum kk_code trigger_inside(struct app *app, struct kk_sv seller_id, enum run_trigger by, struct run *ret_run,
                                   bool *ret_created, struct kk_err *err)
{
    int64_t now_ms = kk_wall_ms(app->clock);
    struct seller seller;
    enum kk_code rc;

    rc = store_get_seller(app->store, seller_id, &seller, err);
    if (rc == KK_NOT_FOUND)
        return kk_fail(err, rc, "no seller of that id is registered");
    if (rc)
        return rc;
    if (seller.state != SELLER_ACTIVE)
        return kk_fail(err, KK_CONFLICT, "it is %s", seller_state_name(seller.state));
    rc = store_get_open_run(app->store, seller_id, ret_run, err);
    if (rc == KK_NOT_FOUND) {
        *ret_created = true;
        return begin_run(app, &seller, by, now_ms, ret_run, err);
    }
    *ret_created = false;
    if (rc || seller.next_run_at_ms > now_ms)
        return rc;
    /* Its last crawl still runs: that date is served by it. */
    seller.next_run_at_ms = seller_after_start_ms(&seller, now_ms);
    return store_seller_started(app->store, &seller, err);
}

enum kk_code trigger_crawl(struct app *app, struct kk_sv seller_id, enum run_trigger by, struct run *ret_run,
                           bool *ret_created, struct kk_err *err)
{
    struct run run = {0};
    bool is_created = false;
    enum kk_code rc;

    rc = store_begin(app->store, err);
    if (rc)
        return kk_while(err, rc, "start crawl of seller " KK_SV_FMT, KK_SV_ARG(seller_id));
    rc = trigger_inside(app, seller_id, by, &run, &is_created, err);
    if (!rc)
        rc = store_commit(app->store, err);
    else
        store_rollback(app->store);
    if (rc)
        return kk_while(err, rc, "start crawl of seller " KK_SV_FMT, KK_SV_ARG(seller_id));
    if (is_created) {
        char trace[TRACE_ID_BYTES];

        app->task_outbox_woken = true;
        trace_id(app->installation, run.id, trace);
        kk_log(KK_EV_RUN_STARTED, KK_NUM("run_id", run.id), KK_CSTR("seller_id", run.seller_id),
               KK_CSTR("trigger", run_trigger_name(by)), KK_CSTR("trace_id", trace));
    }
    *ret_run = run;
    *ret_created = is_created;
    return KK_OK;
}
