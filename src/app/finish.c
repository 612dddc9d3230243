#include "app/finish.h"

#include <inttypes.h>

#include "app/tally.h"
#include "app/visit.h"
#include "base/log.h"
#include "ports/store.h"

#define RUNS_MAX 32      /* a turn */
#define REMOVALS_MAX 200 /* in one transaction; the run stays open while there are more */

struct idle_runs {
    struct run run[RUNS_MAX];
    size_t count;
};

static bool note_run(void *ctx, const struct run *run)
{
    struct idle_runs *runs = ctx;

    runs->run[runs->count] = *run;
    return ++runs->count < RUNS_MAX;
}

struct missing {
    int64_t item_no[REMOVALS_MAX];
    size_t count;
};

static bool note_missing(void *ctx, const struct listing *listing)
{
    struct missing *missing = ctx;

    missing->item_no[missing->count] = listing->item_no;
    return ++missing->count < REMOVALS_MAX;
}

static enum kk_code remove_missing(struct app *app, const struct run *run, int64_t now_ms, bool *ret_more,
                                   struct kk_err *err)
{
    struct missing missing = {.count = 0};
    struct tally tally = {.run_count = 0};
    enum kk_code rc = store_count_missed(app->store, run, err);

    if (!rc)
        rc = store_missing_items(app->store, kk_sv_of(run->seller_id), app->limits.removal_misses, REMOVALS_MAX,
                                 note_missing, &missing, err);
    for (size_t i = 0; !rc && i < missing.count; i++)
        rc = visit_remove(app, run, missing.item_no[i], &tally, now_ms, err);
    *ret_more = missing.count == REMOVALS_MAX;
    return rc ? rc : tally_write(app, &tally, err);
}

/* Inside a transaction. *ret_state 0: not over yet. */
static enum kk_code finish_inside(struct app *app, int64_t run_id, struct run *ret_run, bool *ret_more,
                                  struct kk_err *err)
{
    int64_t now_ms = kk_wall_ms(app->clock);
    bool is_ended = false, has_more = false;
    enum run_state state = RUN_INCOMPLETE;
    struct run run;
    enum kk_code rc = store_get_run(app->store, run_id, &run, err);

    if (rc || run.state != RUN_OPEN || run.counts.open_count > 0)
        return rc;
    if (run_next(&run) == RUN_END_COMPLETE) {
        state = RUN_COMPLETE;
        rc = remove_missing(app, &run, now_ms, &has_more, err);
    }
    *ret_more = has_more;
    if (rc || has_more)
        return rc;
    rc = store_end_run(app->store, run.id, state, now_ms, &is_ended, err);
    if (!rc && is_ended)
        rc = store_get_run(app->store, run_id, ret_run, err);
    return rc;
}

static enum kk_code finish_run(struct app *app, int64_t run_id, struct run *ret_run, bool *ret_more, struct kk_err *err)
{
    enum kk_code rc = store_begin(app->store, err);

    if (rc)
        return rc;
    rc = finish_inside(app, run_id, ret_run, ret_more, err);
    if (!rc)
        return store_commit(app->store, err);
    store_rollback(app->store);
    return rc;
}

static void log_end(const struct app *app, const struct run *run)
{
    char trace[TRACE_ID_BYTES];

    trace_id(app->installation, run->id, trace);
    kk_log(run->state == RUN_COMPLETE ? KK_EV_RUN_ENDED : KK_EV_RUN_INCOMPLETE, KK_NUM("run_id", run->id),
           KK_CSTR("seller_id", run->seller_id), KK_NUM("item_count", run->item_count),
           KK_NUM("seen_count", run->seen_count), KK_NUM("request_count", run->counts.request_count),
           KK_NUM("dead_count", run->counts.dead_count), KK_NUM("created_count", run->counts.created_count),
           KK_NUM("changed_count", run->counts.changed_count), KK_NUM("removed_count", run->counts.removed_count),
           KK_NUM("returned_count", run->counts.returned_count), KK_CSTR("trace_id", trace));
}

bool finish_turn(struct app *app)
{
    struct idle_runs idle = {.count = 0};
    struct kk_err err = {0};
    bool has_more = false;
    enum kk_code rc;

    app->runs_woken = false;
    rc = store_idle_runs(app->store, RUNS_MAX, note_run, &idle, &err);
    for (size_t i = 0; !rc && i < idle.count; i++) {
        struct run run = {.id = 0};
        bool is_partial = false;

        rc = finish_run(app, idle.run[i].id, &run, &is_partial, &err);
        has_more |= is_partial;
        if (!rc && run.id)
            log_end(app, &run);
        if (!rc)
            app->event_outbox_woken = true;
    }
    if (rc)
        kk_log(KK_EV_STORE_FAILED, KK_CSTR("while", "end runs"), KK_ERR_FIELDS(&err));
    return !rc && (has_more || idle.count == RUNS_MAX);
}
