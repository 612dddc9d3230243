#include "app/schedule.h"

#include "app/trigger.h"
#include "base/log.h"
#include "ports/store.h"

#define DUE_MAX 100                   /* sellers a turn */
#define MISSED_MS (15 * KK_MINUTE_MS) /* a scheduler elsewhere did not call: its start is made up for */
#define LOOK_AGAIN_MS KK_SECOND_MS    /* another process may have changed a period (S3) */

struct due {
    char seller_id[DUE_MAX][SELLER_ID_BYTES];
    size_t count;
};

static bool note_due(void *ctx, const struct seller *seller)
{
    struct due *due = ctx;

    kk_sv_copy(kk_sv_of(seller->seller_id), due->seller_id[due->count], SELLER_ID_BYTES);
    return ++due->count < DUE_MAX;
}

static void start_due(struct app *app, const char *seller_id)
{
    struct run run;
    struct kk_err err;
    bool is_created;
    enum kk_code rc = trigger_crawl(app, kk_sv_of(seller_id), RUN_BY_SCHEDULE, &run, &is_created, &err);

    /* A person may have paused it since it was read: that is no failure. */
    if (rc == KK_CONFLICT || rc == KK_NOT_FOUND)
        return;
    if (rc)
        kk_log(KK_EV_STORE_FAILED, KK_CSTR("seller_id", seller_id), KK_ERR_FIELDS(&err));
    else if (is_created)
        kk_log(KK_EV_SELLER_DUE, KK_CSTR("seller_id", seller_id), KK_NUM("run_id", run.id));
}

int64_t schedule_turn(struct app *app)
{
    struct due due = {.count = 0};
    struct kk_err err;
    int64_t late_ms = app->has_timetable ? MISSED_MS : 0;
    enum kk_code rc = store_due_sellers(app->store, kk_wall_ms(app->clock) - late_ms, DUE_MAX, note_due, &due, &err);

    if (rc) {
        kk_log(KK_EV_STORE_FAILED, KK_CSTR("while", "look for due sellers"), KK_ERR_FIELDS(&err));
        return LOOK_AGAIN_MS;
    }
    for (size_t i = 0; i < due.count; i++)
        start_due(app, due.seller_id[i]);
    return due.count == DUE_MAX ? 0 : LOOK_AGAIN_MS;
}
