#include "app/sweep.h"

#include <stdlib.h>

#include "app/settle.h"
#include "base/log.h"
#include "ports/stats.h"
#include "ports/store.h"

#define SWEEP_MAX 200
#define DEAD_MAX 10
#define FAR_DEAD_EVERY_MS KK_MINUTE_MS /* between two looks into a dead-letter queue where each is paid for */
#define AGENTS_MAX 4096
#define PURGE_MAX 500

struct swept {
    struct task task[SWEEP_MAX];
    size_t count;
};

static bool note_task(void *ctx, const struct task *task)
{
    struct swept *swept = ctx;

    swept->task[swept->count] = *task;
    return ++swept->count < SWEEP_MAX;
}

static void log_trouble(const char *what, const struct kk_err *err)
{
    kk_log(KK_EV_STORE_FAILED, KK_CSTR("while", what), KK_ERR_FIELDS(err));
}

/* K4: RUNNING past its lease → TIMEOUT → RETRY. */
static enum kk_code time_out(struct app *app, int64_t lapsed_at_ms, bool is_blameless, const char *cause,
                             struct swept *swept, struct kk_err *err)
{
    struct tally tally = {.run_count = 0};
    int64_t now_ms = kk_wall_ms(app->clock);
    enum kk_code rc = store_lapsed_tasks(app->store, lapsed_at_ms, SWEEP_MAX, note_task, swept, err);

    for (size_t i = 0; !rc && i < swept->count; i++) {
        bool is_done;

        rc = settle_timeout(app, swept->task[i], cause, is_blameless, &tally, now_ms, &is_done, err);
    }
    return rc ? rc : tally_write(app, &tally, err);
}

/* K4: PUBLISHED and silent: its message may be lost, so it is promised once more. */
static enum kk_code promise_silent(struct app *app, struct swept *swept, struct kk_err *err)
{
    int64_t now_ms = kk_wall_ms(app->clock);
    enum kk_code rc =
        store_silent_tasks(app->store, now_ms - app->limits.task_silence_ms, SWEEP_MAX, note_task, swept, err);

    for (size_t i = 0; !rc && i < swept->count; i++)
        rc = store_promise_again(app->store, &swept->task[i], now_ms, err);
    return rc;
}

/* The queue's own redrive is the last net: what lands there is marked FAILED, along the arrows of K2. */
static enum kk_code bury_message(struct app *app, const struct queue_msg *msg, struct tally *tally, struct kk_err *err)
{
    struct task_failure failure = {.cause = "undeliverable", .error = "the queue gave its message up"};
    int64_t now_ms = kk_wall_ms(app->clock);
    struct task_ticket ticket;
    struct task task;
    enum claim claim = CLAIM_STALE;
    bool is_done;
    enum kk_code rc;

    if (task_ticket_read((struct kk_sv){msg->body, msg->body_len}, &ticket, NULL))
        return KK_OK; /* not ours: it may go */
    rc = store_claim_task(app->store, &ticket, now_ms, now_ms, &claim, &task, err);
    if (rc || claim != CLAIM_WON)
        return rc;
    return settle_failure(app, task, &failure, tally, now_ms, &is_done, err);
}

static enum kk_code bury_all(struct app *app, const struct queue_msg *msgs, size_t count, struct kk_err *err)
{
    struct tally tally = {.run_count = 0};
    enum kk_code rc = KK_OK;

    for (size_t i = 0; !rc && i < count; i++)
        rc = bury_message(app, &msgs[i], &tally, err);
    return rc ? rc : tally_write(app, &tally, err);
}

static enum kk_code ack_all(struct app *app, const struct queue_msg *msgs, size_t count, struct kk_err *err)
{
    enum kk_code rc = KK_OK;

    for (size_t i = 0; !rc && i < count; i++)
        rc = queue_ack_dead(app->queue, msgs[i].handle, err);
    return rc;
}

/* Ends a sweep's transaction. Nothing found: nothing to commit. */
static enum kk_code end(struct app *app, enum kk_code rc, size_t found_count, struct kk_err *err)
{
    if (!rc && found_count)
        return store_commit(app->store, err);
    store_rollback(app->store);
    return rc;
}

static void log_tasks(const struct app *app, enum kk_event event, const struct swept *swept)
{
    for (size_t i = 0; i < swept->count; i++) {
        char trace[TRACE_ID_BYTES];

        trace_id(app->installation, swept->task[i].run_id, trace);
        kk_log(event, KK_NUM("task_id", swept->task[i].id), KK_CSTR("seller_id", swept->task[i].seller_id),
               KK_CSTR("endpoint", task_kind_name(swept->task[i].kind)), KK_NUM("attempt", swept->task[i].attempt),
               KK_CSTR("trace_id", trace));
    }
}

static void sweep_lapsed(struct app *app, struct swept *swept)
{
    struct kk_err err = {0};
    enum kk_code rc = store_begin(app->store, &err);

    swept->count = 0;
    if (!rc) {
        rc = time_out(app, kk_wall_ms(app->clock), false, "its lease ran out", swept, &err);
        rc = end(app, rc, swept->count, &err);
    }
    if (rc)
        log_trouble("time tasks out", &err);
    else
        log_tasks(app, KK_EV_TASK_TIMED_OUT, swept);
    app->task_outbox_woken |= swept->count > 0;
}

static void sweep_silent(struct app *app, struct swept *swept)
{
    struct kk_err err = {0};
    enum kk_code rc = store_begin(app->store, &err);

    swept->count = 0;
    if (!rc) {
        rc = promise_silent(app, swept, &err);
        rc = end(app, rc, swept->count, &err);
    }
    if (rc)
        log_trouble("queue silent tasks again", &err);
    else
        log_tasks(app, KK_EV_TASK_REQUEUED, swept);
    app->task_outbox_woken |= swept->count > 0;
}

/* A queue in the store: messages and tasks in one transaction. */
static enum kk_code bury_inside(struct app *app, struct queue_msg *msgs, size_t *ret_count, struct kk_err *err)
{
    enum kk_code rc = store_begin(app->store, err);

    if (rc)
        return rc;
    rc = queue_pull_dead(app->queue, msgs, DEAD_MAX, ret_count, err);
    if (!rc)
        rc = bury_all(app, msgs, *ret_count, err);
    if (!rc)
        rc = ack_all(app, msgs, *ret_count, err);
    return end(app, rc, *ret_count, err);
}

/* A queue elsewhere is asked before the transaction and told after it: a crash between the two reads them twice. */
static enum kk_code bury_outside(struct app *app, struct queue_msg *msgs, size_t *ret_count, struct kk_err *err)
{
    enum kk_code rc;

    if (kk_mono_ms(app->clock) < app->dead_look_at_ms)
        return KK_OK;
    app->dead_look_at_ms = kk_mono_ms(app->clock) + FAR_DEAD_EVERY_MS;
    rc = queue_pull_dead(app->queue, msgs, DEAD_MAX, ret_count, err);
    if (rc || !*ret_count)
        return rc;
    app->dead_look_at_ms = 0; /* there may be more */
    rc = store_begin(app->store, err);
    if (rc)
        return rc;
    rc = end(app, bury_all(app, msgs, *ret_count, err), *ret_count, err);
    return rc ? rc : ack_all(app, msgs, *ret_count, err);
}

static void sweep_dead_messages(struct app *app)
{
    struct queue_msg msgs[DEAD_MAX];
    struct kk_err err = {0};
    size_t count = 0;
    enum kk_code rc =
        app->queue->ops->joins_store ? bury_inside(app, msgs, &count, &err) : bury_outside(app, msgs, &count, &err);

    if (rc)
        log_trouble("read the dead-letter queue", &err);
    app->runs_woken |= count > 0;
}

struct resting {
    int64_t id[AGENTS_MAX];
    size_t count;
};

/* DISABLED ones may have rested; RATE_LIMITED ones may have a token again. */
static bool note_resting(void *ctx, const struct agent *agent)
{
    struct resting *resting = ctx;

    if (agent->state == AGENT_DISABLED || agent->state == AGENT_RATE_LIMITED)
        resting->id[resting->count++] = agent->id;
    return resting->count < AGENTS_MAX;
}

/* Gives the state it had before when that changed, else AGENT_NONE. */
static enum kk_code wake_agent(struct app *app, int64_t agent_id, enum agent_state *ret_was, struct agent *ret_agent,
                               struct kk_err *err)
{
    struct limiter_agent look = {0};
    enum agent_state was;
    enum kk_code rc = store_get_agent(app->store, agent_id, ret_agent, err);

    if (rc)
        return rc;
    was = ret_agent->state;
    agent_rested(ret_agent, kk_wall_ms(app->clock));
    if (ret_agent->state == AGENT_RATE_LIMITED) {
        rc = limiter_look(app->limiter, &agent_id, 1, &look, err);
        if (rc)
            return rc;
        agent_bucket_is(ret_agent, look.tokens_left == 0);
    }
    if (ret_agent->state == was)
        return KK_OK;
    *ret_was = was;
    return store_put_agent(app->store, ret_agent, err);
}

static void sweep_agent(struct app *app, int64_t agent_id)
{
    struct kk_err err = {0};
    enum agent_state was = AGENT_NONE;
    struct agent agent;
    enum kk_code rc = store_begin(app->store, &err);

    if (!rc) {
        rc = wake_agent(app, agent_id, &was, &agent, &err);
        rc = end(app, rc, was != AGENT_NONE, &err);
    }
    if (rc)
        log_trouble("wake an agent", &err);
    else if (was == AGENT_DISABLED)
        kk_log(KK_EV_AGENT_RECOVERED, KK_CSTR("agent", agent.name));
    if (!rc && was != AGENT_NONE && app->work)
        app->work->agents_at_ms = 0;
}

static void sweep_agents(struct app *app)
{
    struct resting resting = {.count = 0};
    struct kk_err err = {0};

    if (store_each_agent(app->store, note_resting, &resting, &err))
        log_trouble("look for agents at rest", &err);
    for (size_t i = 0; i < resting.count; i++)
        sweep_agent(app, resting.id[i]);
}

static void sweep_old_rows(struct app *app)
{
    int64_t now_ms = kk_wall_ms(app->clock);
    struct retention retention = {.events_before_ms = now_ms - app->limits.keep_events_ms,
                                  .attempts_before_ms = now_ms - app->limits.keep_attempts_ms,
                                  .runs_before_ms = now_ms - app->limits.keep_runs_ms};
    struct kk_err err = {0};
    int64_t count = 0;

    if (store_purge(app->store, &retention, PURGE_MAX, &count, &err) ||
        store_purge_stat(app->store, stat_day(now_ms - app->limits.keep_stats_ms), &count, &err))
        log_trouble("remove old rows", &err);
}

void sweep_turn(struct app *app)
{
    KK_CLEANUP(kk_free_cleanup) struct swept *swept = malloc(sizeof(*swept));

    if (!swept)
        return;
    sweep_lapsed(app, swept);
    sweep_silent(app, swept);
    sweep_dead_messages(app);
    sweep_agents(app);
    sweep_old_rows(app);
}

enum kk_code sweep_orphans(struct app *app, int64_t *ret_count, struct kk_err *err)
{
    KK_CLEANUP(kk_free_cleanup) struct swept *swept = malloc(sizeof(*swept));
    enum kk_code rc = KK_OK;

    *ret_count = 0;
    if (!swept)
        return kk_fail(err, KK_NO_MEMORY, "no memory to look for orphans");
    do {
        swept->count = 0;
        rc = store_begin(app->store, err);
        if (!rc) {
            rc = time_out(app, INT64_MAX, true, "its process died", swept, err);
            rc = end(app, rc, swept->count, err);
        }
        *ret_count += (int64_t)swept->count;
    } while (!rc && swept->count == SWEEP_MAX);
    if (!rc)
        rc = limiter_recover(app->limiter, err);
    if (!rc && *ret_count)
        kk_log(KK_EV_ORPHANS_RECOVERED, KK_NUM("task_count", *ret_count));
    return rc;
}
