#include "sim/proc.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/store/store_sqlite.h"
#include "app/deliver.h"
#include "app/finish.h"
#include "app/relay.h"
#include "app/schedule.h"
#include "app/sweep.h"
#include "app/work.h"
#include "base/assert.h"
#include "ports/store.h"
#include "sim/watch.h"
#include "support/vfs_disk.h"

#define STOP_PATIENCE_MS (30 * KK_SECOND_MS)

static int64_t proc_wall(void *ctx)
{
    const struct proc *proc = ctx;

    return sim_wall_ms(proc->sim);
}

static int64_t proc_mono(void *ctx)
{
    const struct proc *proc = ctx;

    return proc->sim->now_ms - proc->sim->booted_at_ms;
}

const char *proc_name(const struct proc *proc)
{
    return proc->name;
}

struct proc *proc_create(struct sim *sim, int number, unsigned roles, bool is_operator)
{
    struct proc *proc = calloc(1, sizeof(*proc));

    KK_ASSERT(proc);
    proc->sim = sim;
    proc->number = number;
    proc->roles = roles;
    proc->is_operator = is_operator;
    snprintf(proc->name, sizeof(proc->name), is_operator ? "op" : "p%d", number);
    proc->rng = kk_rng_from_seed(&proc->seed, sim->options->seed * 1000003 + (uint64_t)number);
    proc->clock = (struct kk_clock){.wall_ms = proc_wall, .mono_ms = proc_mono, .ctx = proc};
    return proc;
}

void proc_destroy(struct proc *proc)
{
    if (!proc)
        return;
    KK_ASSERT(!proc->is_up);
    for (int s = 0; s < SIM_SINKS_MAX; s++)
        for (size_t i = 0; i < KK_COUNT(proc->sink[s].line); i++)
            kk_buf_done(&proc->sink[s].line[i].body);
    free(proc);
}

/* ---- inside the fiber ---- */

void proc_sleep(struct proc *proc, int64_t ms)
{
    KK_ASSERT(proc->sim->running == proc);
    if (proc->is_dead)
        return;
    proc->wake_at_ms = proc->sim->now_ms + ms;
    fiber_yield(proc->fiber);
}

static void rest(struct proc *proc, int64_t wait_ms)
{
    /* A turn takes its time. */
    int64_t least_ms = 1 + (int64_t)sim_below(&proc->sim->order_rng, 3);

    if (wait_ms < least_ms)
        wait_ms = least_ms;
    proc->wait_ms = wait_ms;
    proc->is_waiting = true;
    proc_sleep(proc, proc->inbox_count ? least_ms : wait_ms);
    proc->is_waiting = false;
}

static enum kk_code boot(struct proc *proc, struct kk_err *err)
{
    struct sim *sim = proc->sim;
    const struct db_sqlite_options options = {.vfs = "kk-disk"};
    int from, to;
    int64_t count;
    enum kk_code rc = store_sqlite_open("kkachi.db", &options, &proc->clock, &proc->app.store, err);

    if (!rc && !proc->is_dead)
        watch_wake(sim->watch);
    if (!rc)
        rc = store_migrate(proc->app.store, &from, &to, err);
    if (!rc)
        rc = proc_open_queue(proc, err);
    if (!rc)
        rc = proc_open_limiter(proc, err);
    if (!rc)
        rc = proc_open_archive(proc, err);
    if (rc)
        return rc;
    proc_open_fetcher(proc);
    proc_open_sinks(proc);
    proc->app.clock = &proc->clock;
    proc->app.rng = &proc->rng;
    proc->app.limits = sim->plan.limits;
    proc->app.site = (struct site){.base_url = KK_SV("https://m.web.mustit.co.kr"),
                                   .list_path = KK_SV("/mustit-api/facade-api/v1/search/mini-shop-search"),
                                   .page_size = 500};
    rc = app_start(&proc->app, proc->roles, err);
    if (!rc && sim->plan.proc_count == 1 && !proc->is_operator)
        rc = app_recover(&proc->app, &count, err);
    return rc;
}

static void open_mail(struct proc *proc)
{
    for (size_t i = 0; i < proc->inbox_count && !proc->is_dead; i++) {
        struct proc_mail mail = proc->inbox[i];

        proc->inbox[i].open = NULL;
        mail.open(proc, mail.what, mail.arg);
    }
    if (!proc->is_dead)
        proc->inbox_count = 0;
}

static void sooner(int64_t *wait_ms, int64_t other_ms)
{
    if (other_ms < *wait_ms)
        *wait_ms = other_ms;
}

enum verb { SCHEDULE, RELAY, WORK, DELIVER, FINISH, SWEEP, VERB_COUNT };

/* How long the verb has nothing to do. */
static int64_t run_verb(struct proc *proc, enum verb verb)
{
    struct app *app = &proc->app;
    int64_t mono_ms = proc_mono(proc), wait_ms = KK_SECOND_MS;
    int64_t *at_ms = &proc->verb_at_ms[verb];

    switch (verb) {
    case SCHEDULE:
        if (!(proc->roles & ROLE_SCHEDULER) || proc->is_stopping)
            return wait_ms;
        if (mono_ms >= *at_ms)
            *at_ms = mono_ms + schedule_turn(app);
        return *at_ms - mono_ms;
    case RELAY:
        if (!(proc->roles & ROLE_RELAY) || proc->is_stopping)
            return wait_ms;
        if (app->task_outbox_woken || mono_ms >= *at_ms)
            *at_ms = mono_ms + relay_turn(app);
        return *at_ms - mono_ms;
    case WORK:
        return app->work ? work_turn(app, proc->is_stopping) : wait_ms;
    case DELIVER:
        return app->deliver ? deliver_turn(app, proc->is_stopping) : wait_ms;
    case FINISH:
        if ((proc->roles & (ROLE_WORKER | ROLE_JANITOR)) && app->runs_woken && finish_turn(app))
            app->runs_woken = true;
        return wait_ms;
    case SWEEP:
        if (!(proc->roles & ROLE_JANITOR) || proc->is_stopping || mono_ms < *at_ms)
            return *at_ms > mono_ms ? *at_ms - mono_ms : wait_ms;
        app->runs_woken = true;
        sweep_turn(app);
        *at_ms = mono_ms + KK_SECOND_MS;
        return KK_SECOND_MS;
    case VERB_COUNT:
        break;
    }
    KK_UNREACHABLE();
}

static int64_t turn_verbs(struct proc *proc, bool *ret_idle)
{
    const struct kk_rng *rng = &proc->sim->order_rng;
    enum verb order[VERB_COUNT];
    int64_t wait_ms = KK_SECOND_MS;

    for (int i = 0; i < VERB_COUNT; i++)
        order[i] = (enum verb)i;
    for (int i = VERB_COUNT - 1; i > 0; i--) {
        int at = (int)sim_below(rng, (uint64_t)i + 1);
        enum verb swap = order[i];

        order[i] = order[at];
        order[at] = swap;
    }
    for (int i = 0; i < VERB_COUNT && !proc->is_dead; i++)
        sooner(&wait_ms, run_verb(proc, order[i]));
    *ret_idle =
        (!proc->app.work || work_is_idle(proc->app.work)) && (!proc->app.deliver || deliver_is_idle(proc->app.deliver));
    return wait_ms > 0 ? wait_ms : 0;
}

static void turn(struct proc *proc)
{
    struct sim *sim = proc->sim;
    int64_t began_at_ms = sim->now_ms, wait_ms;
    bool is_idle = false;

    if (sim->plan.turns_verbs[proc->number - 1])
        wait_ms = turn_verbs(proc, &is_idle);
    else
        wait_ms = app_turn(&proc->app, proc->roles, &proc->timer, proc->is_stopping, &is_idle);
    proc->turned_at_ms = began_at_ms;
    if (proc->is_stopping && (is_idle || sim->now_ms >= proc->stop_at_ms)) {
        proc->stop_at_ms = -1;
        return;
    }
    rest(proc, wait_ms);
}

static bool is_last(const struct proc *proc)
{
    for (int i = 0; i < SIM_PROCS_MAX; i++)
        if (proc->sim->proc[i] && proc->sim->proc[i] != proc && proc->sim->proc[i]->is_up)
            return false;
    return proc == proc->sim->operator|| !proc->sim->operator->is_up;
}

static void shut(struct proc *proc)
{
    if (!proc->is_dead && is_last(proc))
        watch_sleep(proc->sim->watch);
    app_stop(&proc->app);
    proc_close_ports(proc);
    store_close(proc->app.store);
    proc->app = (struct app){0};
}

static void live(void *ctx)
{
    struct proc *proc = ctx;
    struct kk_err err = {0};
    enum kk_code rc = boot(proc, &err);

    if (rc)
        sim_tell(proc->sim, proc, "did not start: %s", err.msg);
    else if (proc->is_operator)
        proc->errand(proc);
    while (!rc && !proc->is_dead && !proc->is_operator && proc->stop_at_ms >= 0) {
        open_mail(proc);
        if (!proc->is_dead)
            turn(proc);
    }
    shut(proc);
}

/* ---- from outside ---- */

static void start_again(struct sim *sim, void *ctx, int64_t arg)
{
    struct proc *proc = ctx;

    (void)sim;
    if (arg == proc->life && !proc->is_up)
        proc_start(proc);
}

static void drop_mail(struct proc *proc)
{
    for (size_t i = 0; i < proc->inbox_count; i++)
        if (proc->inbox[i].open && proc->inbox[i].drop)
            proc->inbox[i].drop(proc, proc->inbox[i].what, proc->inbox[i].arg);
    proc->inbox_count = 0;
}

static void ended(struct proc *proc)
{
    struct sim *sim = proc->sim;

    if (proc->is_dead)
        vfs_disk_bury(sim->disk, proc->number);
    fiber_destroy(proc->fiber);
    proc->fiber = NULL;
    proc->is_up = false;
    proc->limiter_at_ms = INT64_MAX;
    drop_mail(proc);
    sim_changed(sim);
    sim->failed_at_ms = sim->now_ms;
    if (!proc->is_operator)
        sim_at(sim, sim->now_ms + 100 + sim_delay(&sim->fate, sim->is_calm ? KK_SECOND_MS : 10 * KK_MINUTE_MS),
               start_again, proc, proc->life);
}

void proc_resume(struct proc *proc)
{
    struct sim *sim = proc->sim;

    KK_ASSERT(!sim->running && proc->is_up);
    sim->running = proc;
    vfs_disk_own(sim->disk, proc->number);
    fiber_resume(proc->fiber);
    vfs_disk_own(sim->disk, SIM_OWNER_WATCH);
    sim->running = NULL;
    sim->result.counts.steps++;
    if (fiber_is_over(proc->fiber))
        ended(proc);
}

void proc_start(struct proc *proc)
{
    struct sim *sim = proc->sim;

    proc->life++;
    proc->is_up = true;
    proc->is_dead = proc->is_stopping = proc->is_waiting = false;
    proc->stop_at_ms = 0;
    proc->turned_at_ms = -1;
    proc->limiter_at_ms = INT64_MAX;
    proc->timer = (struct app_timer){0};
    memset(proc->verb_at_ms, 0, sizeof(proc->verb_at_ms));
    proc->fiber = fiber_create(live, proc);
    proc->wake_at_ms = sim->now_ms;
    sim_note(sim, proc, "start", proc->life, 0);
    sim_changed(sim);
}

void proc_kill(struct proc *proc)
{
    struct sim *sim = proc->sim;

    if (!proc->is_up || proc->is_dead)
        return;
    if (is_last(proc))
        watch_sleep(sim->watch);
    proc->is_dead = true;
    sim->result.counts.kills++;
    sim_note(sim, proc, "killed", proc->life, 0);
    vfs_disk_kill(sim->disk, proc->number);
    if (sim->running != proc)
        proc_resume(proc);
}

void proc_post(struct proc *proc, struct proc_mail mail)
{
    KK_ASSERT(proc->inbox_count < PROC_INBOX_MAX);
    proc->inbox[proc->inbox_count++] = mail;
    if (proc->is_waiting && proc->wake_at_ms > proc->sim->now_ms)
        proc->wake_at_ms = proc->sim->now_ms;
    sim_changed(proc->sim);
}
