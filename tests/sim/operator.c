#include "sim/operator.h"

#include <stdio.h>
#include <string.h>

#include "app/manage.h"
#include "app/trigger.h"
#include "base/assert.h"
#include "core/seller.h"
#include "ports/store.h"
#include "sim/mart.h"
#include "sim/watch.h"

const char *operator_seller(const struct sim *sim, int at, char ret[SELLER_ID_BYTES])
{
    struct kk_sv rest = kk_sv_of(sim->plan.sellers), part = {0};

    for (int i = 0; i <= at; i++)
        part = kk_sv_cut(&rest, ',');
    KK_ASSERT(kk_sv_copy(kk_sv_cut(&part, ':'), ret, SELLER_ID_BYTES));
    return ret;
}

static void said(struct proc *proc, const char *what, enum kk_code rc, int64_t arg)
{
    proc->sim->is_restored &= !rc || rc == KK_CONFLICT;
    proc->sim->result.counts.presses++;
    sim_note(proc->sim, proc, what, rc, arg);
}

static void add_seller(struct proc *proc, int at)
{
    const struct sim_plan *plan = &proc->sim->plan;
    struct seller seller = {.period_count = plan->period_hours[at],
                            .period_unit = PERIOD_HOUR,
                            .mode = plan->is_delta[at] ? CRAWL_DELTA : CRAWL_FULL,
                            .full_every_ms = KK_DAY_MS};
    struct kk_err err;

    operator_seller(proc->sim, at, seller.seller_id);
    said(proc, "add", manage_add_seller(&proc->app, &seller, &err), at);
}

void operator_set_up(struct proc *proc)
{
    struct agent agent;
    struct kk_err err;

    for (int i = 0; i < proc->sim->plan.registered; i++)
        add_seller(proc, i);
    for (int i = 0; i < proc->sim->plan.agent_count; i++)
        KK_ASSERT(manage_add_agent(&proc->app, kk_sv_of(mart_user_agent(i)), (struct kk_sv){0}, &agent, &err) == KK_OK);
}

static void change(struct proc *proc, int at, const struct seller_change *what)
{
    char id[SELLER_ID_BYTES];
    struct seller seller;
    struct kk_err err;

    operator_seller(proc->sim, at, id);
    said(proc, "change", manage_change_seller(&proc->app, kk_sv_of(id), what, &seller, &err),
         at * 10 + (int)what->state);
}

static void crawl(struct proc *proc, int at)
{
    char id[SELLER_ID_BYTES];
    struct kk_err err;
    struct run run;
    bool is_created;

    operator_seller(proc->sim, at, id);
    said(proc, "crawl", trigger_crawl(&proc->app, kk_sv_of(id), RUN_BY_PERSON, &run, &is_created, &err), at);
}

static void retry_dead(struct proc *proc)
{
    struct kk_err err;
    int64_t count = 0;
    enum kk_code rc = manage_retry_dead(&proc->app, (struct kk_sv){0}, &count, &err);

    said(proc, "retry", rc, count);
}

struct one_dead {
    int64_t id;
};

static bool note_dead(void *ctx, const struct task *task)
{
    ((struct one_dead *)ctx)->id = task->id;
    return false;
}

static void retry_one(struct proc *proc)
{
    struct task_query query = {.dead_only = true, .limit = 1};
    struct one_dead dead = {0};
    struct kk_err err;

    if (!store_each_task(proc->app.store, &query, note_dead, &dead, &err) && dead.id)
        said(proc, "retry1", manage_retry_task(&proc->app, dead.id, &err), dead.id);
}

/* A period in hours or days; most are short, so that much happens. */
static void retime(struct proc *proc, int at, const struct kk_rng *rng)
{
    struct seller_change what = {.period_count = 1 + (int64_t)sim_below(rng, 12), .period_unit = PERIOD_HOUR};

    if (sim_chance(rng, 200))
        what = (struct seller_change){.period_count = 1 + (int64_t)sim_below(rng, 2), .period_unit = PERIOD_DAY};
    change(proc, at, &what);
}

void operator_press(struct proc *proc)
{
    struct sim *sim = proc->sim;
    const struct kk_rng *rng = &sim->operator_rng;
    int seller = (int)sim_below(rng, (uint64_t)sim->plan.seller_count);
    int64_t agent = 1 + (int64_t)sim_below(rng, (uint64_t)sim->plan.agent_count);
    struct kk_err err;

    switch (sim_below(rng, 12)) {
    case 0:
        said(proc, "pause", manage_pause(&proc->app, true, "op", "a test", &err), 0);
        return;
    case 1:
    case 2:
        said(proc, "resume", manage_pause(&proc->app, false, "op", "a test", &err), 0);
        return;
    case 3:
        change(proc, seller, &(struct seller_change){.state = sim_chance(rng, 500) ? SELLER_PAUSED : SELLER_DISABLED});
        return;
    case 4:
    case 5:
        change(proc, seller, &(struct seller_change){.state = SELLER_ACTIVE});
        return;
    case 6:
        retime(proc, seller, rng);
        return;
    case 7:
        change(proc, seller, &(struct seller_change){.mode = sim_chance(rng, 500) ? CRAWL_FULL : CRAWL_DELTA});
        return;
    case 8:
        add_seller(proc, seller);
        return;
    case 9:
        sim_chance(rng, 500) ? retry_dead(proc) : retry_one(proc);
        return;
    case 10:
        said(proc, "agent", manage_enable_agent(&proc->app, agent, sim_chance(rng, 600), &err), agent);
        return;
    default:
        crawl(proc, seller);
        return;
    }
}

void operator_restore(struct proc *proc)
{
    struct seller_change what = {
        .period_count = 60, .period_unit = PERIOD_DAY, .mode = CRAWL_FULL, .state = SELLER_ACTIVE};
    char id[SELLER_ID_BYTES];
    struct kk_err err;

    proc->sim->is_restored = true;
    if (manage_pause(&proc->app, false, "op", "the end", &err))
        proc->sim->is_restored = false; /* somebody stood still with the right to write; it is tried again */
    for (int i = 0; i < proc->sim->plan.seller_count; i++)
        if (watch_knows_seller(proc->sim->watch, operator_seller(proc->sim, i, id)))
            change(proc, i, &what);
    for (int64_t agent = 1; agent <= proc->sim->plan.agent_count; agent++)
        said(proc, "agent", manage_enable_agent(&proc->app, agent, true, &err), agent);
    retry_dead(proc);
}

void operator_crawl_all(struct proc *proc)
{
    char id[SELLER_ID_BYTES];

    for (int i = 0; i < proc->sim->plan.seller_count; i++)
        if (watch_knows_seller(proc->sim->watch, operator_seller(proc->sim, i, id)))
            crawl(proc, i);
}
