/* One run: set up, days of trouble, then calm, and the last questions. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "sim/operator.h"
#include "sim/parts.h"
#include "sim/proc.h"
#include "sim/mart.h"
#include "sim/watch.h"
#include "support/vfs_disk.h"

#define SETTLE_MS INT64_C(1200)        /* what a process remembers of agents may be so old */
#define RESTLESS_MS (7 * KK_SECOND_MS) /* after a failure some wait so long by themselves */
#define LONGEST_SLEEP_MS (15 * KK_MINUTE_MS)
#define CALM_MAX_MS (12 * KK_DAY_MS)  /* R4: by then everything has ended */
#define JUMP_MAX_MS (36 * KK_HOUR_MS) /* so far the wall clock may be off */

/* ---- what happens from time to time ---- */

static int64_t next_ms(struct sim *sim, const struct kk_rng *rng, int64_t gap_ms)
{
    return sim->now_ms + 1 + (int64_t)sim_below(rng, (uint64_t)(2 * gap_ms));
}

static void on_move(struct sim *sim, void *ctx, int64_t arg)
{
    (void)ctx;
    (void)arg;
    if (sim->is_still)
        return;
    mart_move(sim->mart);
    sim_at(sim, next_ms(sim, &sim->world_rng, sim->plan.move_gap_ms), on_move, NULL, 0);
}

static void on_storm(struct sim *sim, void *ctx, int64_t arg)
{
    (void)ctx;
    (void)arg;
    if (!sim_has(sim, SIM_SITE))
        return;
    mart_storm(sim->mart);
    sim_at(sim, next_ms(sim, &sim->fate, sim->plan.storm_gap_ms), on_storm, NULL, 0);
}

static void on_kill(struct sim *sim, void *ctx, int64_t arg)
{
    struct proc *proc = sim->proc[sim_below(&sim->fate, (uint64_t)sim->plan.proc_count)];

    (void)ctx;
    (void)arg;
    if (!sim_has(sim, SIM_KILL))
        return;
    if (proc->is_up && !proc->is_stopping && sim_chance(&sim->fate, 300)) {
        sim_note(sim, proc, "stop", 0, 0);
        proc->is_stopping = true;
        proc->stop_at_ms = sim->now_ms + 30 * KK_SECOND_MS;
    } else {
        proc_kill(proc);
    }
    sim_at(sim, next_ms(sim, &sim->fate, sim->plan.kill_gap_ms), on_kill, NULL, 0);
}

static void on_power(struct sim *sim, void *ctx, int64_t arg)
{
    (void)ctx;
    (void)arg;
    if (!sim_has(sim, SIM_POWER))
        return;
    sim->is_cut = true;
    sim_at(sim, next_ms(sim, &sim->fate, sim->plan.power_gap_ms), on_power, NULL, 0);
}

static void on_jump(struct sim *sim, void *ctx, int64_t arg)
{
    int64_t by_ms = 1 + sim_delay(&sim->fate, sim_chance(&sim->fate, 100) ? 24 * KK_HOUR_MS : 2 * KK_HOUR_MS);

    (void)ctx;
    (void)arg;
    if (!sim_has(sim, SIM_CLOCK))
        return;
    by_ms = sim_chance(&sim->fate, 500) ? by_ms : -by_ms;
    if (llabs(sim->wall_offset_ms + by_ms) <= JUMP_MAX_MS)
        sim->wall_offset_ms += by_ms;
    sim_note(sim, NULL, "jump", by_ms, sim->wall_offset_ms);
    sim_changed(sim);
    sim_at(sim, next_ms(sim, &sim->fate, sim->plan.jump_gap_ms), on_jump, NULL, 0);
}

static void on_press(struct sim *sim, void *ctx, int64_t arg)
{
    (void)ctx;
    (void)arg;
    if (!sim_has(sim, SIM_OPERATOR))
        return;
    if (!sim->operator->is_up) {
        sim->operator->errand = operator_press;
        proc_start(sim->operator);
    }
    sim_at(sim, next_ms(sim, &sim->operator_rng, sim->plan.press_gap_ms), on_press, NULL, 0);
}

static void cut_power(struct sim *sim)
{
    sim->is_cut = false;
    sim->result.counts.power_cuts++;
    sim_note(sim, NULL, "power", vfs_disk_writes(sim->disk), vfs_disk_syncs(sim->disk));
    for (int i = 0; i < sim->plan.proc_count; i++)
        proc_kill(sim->proc[i]);
    proc_kill(sim->operator);
    watch_sleep(sim->watch);
    vfs_disk_power_cut(sim->disk, &sim->disk_rng);
    sim->booted_at_ms = sim->now_ms;
    watch_check_disk(sim->watch);
}

/* ---- time goes on ---- */

static struct proc *proc_at(struct sim *sim, int at)
{
    return at < sim->plan.proc_count ? sim->proc[at] : sim->operator;
}

static struct proc *next_proc(struct sim *sim)
{
    struct proc *next = NULL;
    uint64_t ties = 0;

    for (int i = 0; i <= sim->plan.proc_count; i++) {
        struct proc *proc = proc_at(sim, i);

        if (!proc->is_up || (next && proc->wake_at_ms > next->wake_at_ms))
            continue;
        ties = next && proc->wake_at_ms == next->wake_at_ms ? ties + 1 : 0;
        if (!ties || sim_below(&sim->order_rng, ties + 1) == 0)
            next = proc;
    }
    return next;
}

/* Everybody who could act has looked since the last change, and found nothing to do. */
static bool is_quiet(const struct sim *sim)
{
    if (sim->now_ms < sim->failed_at_ms + RESTLESS_MS)
        return false;
    for (int i = 0; i < sim->plan.proc_count; i++) {
        const struct proc *proc = sim->proc[i];

        if (proc->is_up && proc->is_waiting &&
            (proc->inbox_count || proc->turned_at_ms <= sim->changed_at_ms + SETTLE_MS ||
             proc->turned_at_ms < sim->skipped_to_ms))
            return false;
    }
    return true;
}

/* When something is due, as far as can be told from outside. */
static int64_t due_ms(struct sim *sim)
{
    int64_t due = watch_due_ms(sim->watch);
    int64_t far = sim->queue ? remote_queue_due_ms(sim->queue, sim->now_ms) : INT64_MAX;

    if (far < due)
        due = far;
    for (int i = 0; i < sim->plan.proc_count; i++)
        if (sim->proc[i]->is_up && sim->proc[i]->limiter_at_ms > sim->now_ms && sim->proc[i]->limiter_at_ms < due)
            due = sim->proc[i]->limiter_at_ms;
    return due;
}

/* Idle time is skipped: nobody would find anything to do before. */
static void skip(struct sim *sim, int64_t end_ms)
{
    int64_t to_ms = sim->now_ms + LONGEST_SLEEP_MS, due = due_ms(sim);

    if (due < to_ms)
        to_ms = due;
    if (sim->heap_count && sim->heap[0].at_ms < to_ms)
        to_ms = sim->heap[0].at_ms;
    if (end_ms < to_ms)
        to_ms = end_ms;
    for (int i = 0; i <= sim->plan.proc_count; i++) {
        const struct proc *proc = proc_at(sim, i);

        if (proc->is_up && !proc->is_waiting && proc->wake_at_ms < to_ms)
            to_ms = proc->wake_at_ms;
    }
    sim->skipped_to_ms = to_ms;
    for (int i = 0; i < sim->plan.proc_count; i++) {
        struct proc *proc = sim->proc[i];

        if (proc->is_up && proc->is_waiting && proc->wake_at_ms < to_ms)
            proc->wake_at_ms = to_ms + (int64_t)sim_below(&sim->order_rng, (uint64_t)proc->wait_ms);
    }
}

static void step(struct sim *sim, int64_t end_ms)
{
    struct proc *proc;
    int64_t at_ms;

    if (sim->is_cut)
        cut_power(sim);
    if (sim_run_event(sim))
        return;
    if (is_quiet(sim))
        skip(sim, end_ms);
    proc = next_proc(sim);
    at_ms = proc ? proc->wake_at_ms : INT64_MAX;
    if (sim->heap_count && sim->heap[0].at_ms < at_ms)
        proc = NULL;
    if (!proc && !sim->heap_count) {
        sim->now_ms = end_ms;
        return;
    }
    at_ms = proc ? at_ms : sim->heap[0].at_ms;
    if (at_ms > end_ms) {
        sim->now_ms = end_ms;
        return;
    }
    if (at_ms > sim->now_ms)
        sim->now_ms = at_ms;
    if (proc)
        proc_resume(proc);
}

static void run_until(struct sim *sim, int64_t end_ms)
{
    while (sim->now_ms < end_ms && !sim->result.is_failed)
        step(sim, end_ms);
}

/* Lets a person do something, without being disturbed. */
static void do_errand(struct sim *sim, void (*errand)(struct proc *proc))
{
    while (sim->operator->is_up && !sim->result.is_failed)
        step(sim, INT64_MAX);
    sim->operator->errand = errand;
    proc_start(sim->operator);
    while (sim->operator->is_up && !sim->result.is_failed)
        step(sim, INT64_MAX);
}

/* ---- the three parts of a run ---- */

static void start_all(struct sim *sim)
{
    const struct sim_plan *plan = &sim->plan;

    do_errand(sim, operator_set_up);
    for (int i = 0; i < plan->proc_count; i++)
        proc_start(sim->proc[i]);
    sim->is_calm = false;
    on_move(sim, NULL, 0);
    sim_at(sim, next_ms(sim, &sim->fate, plan->storm_gap_ms), on_storm, NULL, 0);
    sim_at(sim, next_ms(sim, &sim->fate, plan->kill_gap_ms), on_kill, NULL, 0);
    sim_at(sim, next_ms(sim, &sim->fate, plan->power_gap_ms), on_power, NULL, 0);
    sim_at(sim, next_ms(sim, &sim->fate, plan->jump_gap_ms), on_jump, NULL, 0);
    sim_at(sim, next_ms(sim, &sim->fate, plan->press_gap_ms), on_press, NULL, 0);
}

/* R4: until nothing is left to do. */
static void wait_for_end(struct sim *sim, const char *what)
{
    char why[128] = "it was never quiet";
    int64_t end_ms = sim->now_ms + CALM_MAX_MS, asked_at_ms = 0;

    while (sim->now_ms < end_ms && !sim->result.is_failed) {
        step(sim, end_ms);
        if (sim->running || sim->changed_at_ms + SETTLE_MS > sim->now_ms || sim->now_ms < asked_at_ms + KK_SECOND_MS)
            continue;
        asked_at_ms = sim->now_ms;
        if (watch_is_over(sim->watch, why, sizeof(why)))
            return;
    }
    if (!sim->result.is_failed)
        sim_fail(sim, "R4", "%s: %lld days after the last fault %s", what, (long long)(CALM_MAX_MS / KK_DAY_MS), why);
}

static void crawl_to_the_end(struct sim *sim, int round)
{
    int64_t before[SIM_SELLERS_MAX];
    char id[SELLER_ID_BYTES];

    for (int i = 0; i < sim->plan.seller_count; i++)
        before[i] = watch_ended_runs(sim->watch, operator_seller(sim, i, id), true);
    do_errand(sim, operator_crawl_all);
    wait_for_end(sim, "the last crawls");
    for (int i = 0; i < sim->plan.seller_count && !sim->result.is_failed; i++)
        if (watch_knows_seller(sim->watch, operator_seller(sim, i, id)) &&
            watch_ended_runs(sim->watch, id, true) == before[i])
            sim_fail(sim, "R8", "last crawl %d of %s found its list incomplete, though the site stands still", round,
                     id);
}

static void calm_down(struct sim *sim)
{
    sim->is_calm = sim->is_still = true;
    sim->is_cut = sim->is_restored = false;
    mart_calm(sim->mart);
    sim_note(sim, NULL, "calm", 0, 0);
    sim_changed(sim);
    while (!sim->is_restored && !sim->result.is_failed)
        do_errand(sim, operator_restore);
    wait_for_end(sim, "after the faults");
    for (int round = 1; round <= sim->plan.limits.removal_misses + 1 && !sim->result.is_failed; round++)
        crawl_to_the_end(sim, round);
    if (!sim->result.is_failed)
        watch_check_end(sim->watch);
}

/* ---- the making of it ---- */

static int on_disk(void *ctx, int owner, enum vfs_call call, bool is_after)
{
    return fate_of_disk(ctx, owner, (int)call, is_after);
}

static void on_sleep(void *ctx, int64_t microseconds)
{
    struct sim *sim = ctx;

    if (sim->running)
        proc_sleep(sim->running, (microseconds + 999) / 1000);
}

static int64_t on_time(void *ctx)
{
    return sim_wall_ms(ctx);
}

static uint64_t on_chance(void *ctx)
{
    struct sim *sim = ctx;

    return kk_rng_next(&sim->disk_rng);
}

static void on_written(void *ctx, int owner, const char *name)
{
    struct sim *sim = ctx;

    if (owner != SIM_OWNER_WATCH && strcmp(name, "kkachi.db") == 0 && sim->running && sim->watch)
        watch_committed(sim->watch, sim->running);
}

static void on_log(void *ctx, struct kk_sv line)
{
    struct sim *sim = ctx;

    sim_tell(sim, sim->running, "log " KK_SV_FMT, (int)(line.len ? line.len - 1 : 0), line.ptr);
}

static void make_chance(struct sim *sim)
{
    uint64_t seed = sim->options->seed;

    sim->fate = kk_rng_from_seed(&sim->seed_fate, seed * 8 + 1);
    sim->world_rng = kk_rng_from_seed(&sim->seed_world, seed * 8 + 2);
    sim->disk_rng = kk_rng_from_seed(&sim->seed_disk, seed * 8 + 3);
    sim->operator_rng = kk_rng_from_seed(&sim->seed_operator, seed * 8 + 4);
    sim->order_rng = kk_rng_from_seed(&sim->seed_order, seed * 8 + 5);
}

static void make(struct sim *sim)
{
    const struct vfs_hooks hooks = {
        .at = on_disk, .sleep = on_sleep, .wall_ms = on_time, .random = on_chance, .written = on_written, .ctx = sim};
    const struct vfs_hooks far_hooks = {.wall_ms = on_time, .random = on_chance, .ctx = sim};

    sim_plan_make(&sim->plan, sim->options->seed, sim->options->faults, sim->options->has_all);
    if (sim->options->plan)
        sim->plan = *sim->options->plan;
    make_chance(sim);
    sim->is_calm = true;
    if (sim->plan.has_remote_limiter)
        sim->far_disk = vfs_disk_create("kk-far", &far_hooks, false);
    sim->disk = vfs_disk_create("kk-disk", &hooks, (sim->plan.faults & SIM_POWER) != 0);
    sim->operator= proc_create(sim, SIM_PROCS_MAX + 1, 0, true);
    for (int i = 0; i < sim->plan.proc_count; i++)
        sim->proc[i] = proc_create(sim, i + 1, sim->plan.roles[i], false);
    sim->mart = mart_create(sim);
    sim->archive = archive_box_create();
    sim->sinks = sink_box_create();
    if (sim->plan.has_remote_queue)
        sim->queue = remote_queue_create();
    if (sim->plan.has_remote_limiter)
        sim->limiter = remote_limiter_create(sim);
    sim->watch = watch_create(sim);
}

static void unmake(struct sim *sim)
{
    sim->is_calm = true;
    for (int i = 0; i <= sim->plan.proc_count; i++)
        proc_kill(proc_at(sim, i));
    watch_destroy(sim->watch);
    for (int i = 0; i <= sim->plan.proc_count; i++)
        proc_destroy(proc_at(sim, i));
    remote_limiter_destroy(sim->limiter);
    remote_queue_destroy(sim->queue);
    mart_destroy(sim->mart);
    archive_box_destroy(sim->archive);
    sink_box_destroy(sim->sinks);
    vfs_disk_destroy(sim->disk);
    vfs_disk_destroy(sim->far_disk);
    free(sim->heap);
}

void sim_run(const struct sim_options *options, struct sim_result *ret)
{
    struct sim *sim = calloc(1, sizeof(*sim));
    struct kk_clock clock = {.wall_ms = on_time, .mono_ms = on_time, .ctx = sim};

    KK_ASSERT(sim);
    sim->booted_at_ms = -KK_SECOND_MS;
    sim->options = options;
    if (options->trace)
        kk_log_open(&clock, KK_DEBUG, on_log, sim);
    make(sim);
    start_all(sim);
    run_until(sim, options->days * KK_DAY_MS);
    if (!sim->result.is_failed)
        calm_down(sim);
    *ret = sim->result;
    ret->days_ms = sim->now_ms;
    if (options->trace && !options->is_long_trace && ret->is_failed)
        sim_print_ring(sim);
    unmake(sim);
    kk_log_close();
    free(sim);
}
