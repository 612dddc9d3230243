#include "app/turn.h"

#include "app/alarm.h"
#include "app/deliver.h"
#include "app/finish.h"
#include "app/heal.h"
#include "app/relay.h"
#include "app/schedule.h"
#include "app/sweep.h"
#include "app/timetable.h"
#include "app/work.h"

#define SWEEP_EVERY_MS KK_SECOND_MS
#define LONGEST_WAIT_MS KK_SECOND_MS

enum kk_code app_start(struct app *app, unsigned roles, struct kk_err *err)
{
    enum kk_code rc = KK_OK;

    app->work = NULL;
    app->deliver = NULL;
    app->alarm = NULL;
    if (roles & ROLE_WORKER)
        rc = work_create(app, &app->work, err);
    if (!rc && (roles & ROLE_RELAY))
        rc = deliver_create(app, &app->deliver, err);
    if (!rc && (roles & ROLE_JANITOR))
        rc = alarm_create(app, &app->alarm, err);
    if (rc) {
        app_stop(app);
        return rc;
    }
    if (app->work)
        fetcher_on(app->fetcher, work_on_fetched, app);
    for (size_t i = 0; app->deliver && i < app->sink_count; i++) {
        app->sinks[i]->on_delivered = deliver_on_delivered;
        app->sinks[i]->ctx = app;
    }
    app->task_outbox_woken = app->event_outbox_woken = app->queue_woken = app->runs_woken = true;
    return KK_OK;
}

void app_stop(struct app *app)
{
    work_destroy(app->work);
    deliver_destroy(app->deliver);
    alarm_destroy(app->alarm);
    app->alarm = NULL;
    app->work = NULL;
    app->deliver = NULL;
}

enum kk_code app_recover(struct app *app, int64_t *ret_count, struct kk_err *err)
{
    return sweep_orphans(app, ret_count, err);
}

static void sooner(int64_t *wait_ms, int64_t other_ms)
{
    if (other_ms < *wait_ms)
        *wait_ms = other_ms;
}

/* Runs a verb when its time has come, and notes when it next has. */
static void in_time(struct app *app, int64_t (*verb)(struct app *app), int64_t *at_ms, int64_t mono_ms, bool is_woken,
                    int64_t *wait_ms)
{
    if (is_woken || mono_ms >= *at_ms)
        *at_ms = mono_ms + verb(app);
    sooner(wait_ms, *at_ms - mono_ms);
}

static int64_t sweep_all(struct app *app)
{
    sweep_turn(app);
    heal_turn(app); /* before the look, which tells of it */
    alarm_turn(app);
    return SWEEP_EVERY_MS;
}

int64_t app_turn(struct app *app, unsigned roles, struct app_timer *timer, bool is_stopping, bool *ret_idle)
{
    int64_t mono_ms = kk_mono_ms(app->clock);
    int64_t wait_ms = LONGEST_WAIT_MS;
    bool ends_runs = (roles & (ROLE_WORKER | ROLE_JANITOR)) != 0, is_held_back;

    if ((roles & ROLE_SCHEDULER) && !is_stopping)
        in_time(app, schedule_turn, &timer->schedule_at_ms, mono_ms, false, &wait_ms);
    if ((roles & ROLE_RELAY) && !is_stopping)
        in_time(app, relay_turn, &timer->relay_at_ms, mono_ms, app->task_outbox_woken, &wait_ms);
    if ((roles & ROLE_RELAY) && !is_stopping)
        in_time(app, timetable_turn, &timer->timetable_at_ms, mono_ms, false, &wait_ms);
    if (app->work)
        sooner(&wait_ms, work_turn(app, is_stopping));
    if (app->deliver)
        sooner(&wait_ms, deliver_turn(app, is_stopping));
    is_held_back = app->event_outbox_woken; /* after a failure: its own wait counts */
    if (ends_runs && app->runs_woken && finish_turn(app))
        app->runs_woken = true;
    if ((roles & ROLE_JANITOR) && !is_stopping) {
        app->runs_woken |= mono_ms >= timer->sweep_at_ms; /* a run whose end a crash cut off */
        in_time(app, sweep_all, &timer->sweep_at_ms, mono_ms, false, &wait_ms);
        in_time(app, timetable_sweep, &timer->timetable_sweep_at_ms, mono_ms, false, &wait_ms);
    }
    if ((app->task_outbox_woken && (roles & ROLE_RELAY) && !is_stopping) ||
        (app->event_outbox_woken && app->deliver && !is_held_back) || (app->runs_woken && ends_runs))
        wait_ms = 0;
    *ret_idle = (!app->work || work_is_idle(app->work)) && (!app->deliver || deliver_is_idle(app->deliver));
    return wait_ms;
}

void app_wake(struct app *app, struct app_timer *timer)
{
    app->task_outbox_woken = app->event_outbox_woken = app->queue_woken = app->runs_woken = true;
    timer->schedule_at_ms = timer->timetable_at_ms = 0;
    if (app->work)
        app->work->agents_at_ms = 0;
}
