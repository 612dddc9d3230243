#include "sim/plan.h"

#include <stdio.h>
#include <string.h>

#include "app/turn.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/rng.h"

static const struct {
    const char *name;
    unsigned bit;
} names[] = {
#define X(fault, name, meaning) {name, SIM_##fault},
    SIM_FAULTS(X)
#undef X
};

bool sim_faults_parse(struct kk_sv text, unsigned *ret_faults)
{
    unsigned faults = 0;

    if (kk_sv_eq(text, KK_SV("all")) || kk_sv_eq(text, KK_SV("none"))) {
        *ret_faults = kk_sv_eq(text, KK_SV("all")) ? SIM_ALL : 0;
        return true;
    }
    while (text.len) {
        struct kk_sv name = kk_sv_trim(kk_sv_cut(&text, ','));
        unsigned bit = 0;

        for (size_t i = 0; i < KK_COUNT(names); i++)
            if (kk_sv_eq(name, kk_sv_of(names[i].name)))
                bit = names[i].bit;
        if (!bit)
            return false;
        faults |= bit;
    }
    *ret_faults = faults;
    return faults != 0;
}

void sim_faults_print(unsigned faults, struct kk_buf *out)
{
    size_t start = out->len;

    for (size_t i = 0; i < KK_COUNT(names); i++)
        if (faults & names[i].bit)
            kk_buf_addf(out, "%s%s", out->len > start ? "," : "", names[i].name);
    if (out->len == start)
        kk_buf_add(out, KK_SV("none"));
}

/* ---- drawing ---- */

static int64_t between(const struct kk_rng *rng, int64_t low, int64_t high)
{
    return low + (int64_t)kk_rng_below(rng, (uint64_t)(high - low + 1));
}

static int64_t one_of(const struct kk_rng *rng, const int64_t *choices, size_t count)
{
    return choices[kk_rng_below(rng, count)];
}
#define ONE_OF(rng, ...) \
    one_of((rng), (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static bool chance(const struct kk_rng *rng, uint64_t per_hundred)
{
    return kk_rng_chance(rng, per_hundred, 100);
}

static void draw_world(struct sim_plan *plan, const struct kk_rng *rng)
{
    static const char *const shops[SIM_SELLERS_MAX] = {"luxmaison", "casaverde", "mirae", "dongdaemun"};
    size_t at = 0;

    plan->seller_count = (int)ONE_OF(rng, 1, 1, 1, 2, 2, 3, 4);
    plan->registered = (int)between(rng, 1, plan->seller_count);
    for (int i = 0; i < plan->seller_count; i++) {
        at += (size_t)snprintf(plan->sellers + at, sizeof(plan->sellers) - at, "%s%s:%d", i ? "," : "", shops[i],
                               (int)ONE_OF(rng, 0, 1, 2, 5, 8, 13, 21, 40));
        plan->period_hours[i] = ONE_OF(rng, 1, 2, 3, 6, 12, 24, 48);
        plan->is_delta[i] = chance(rng, 35);
    }
    plan->agent_count = (int)between(rng, 1, SIM_AGENTS_MAX);
    plan->sink_count = (int)ONE_OF(rng, 1, 1, 2, 3);
    for (int i = 0; i < SIM_SINKS_MAX; i++)
        plan->is_sequence[i] = chance(rng, 50);
    plan->move_gap_ms = ONE_OF(rng, 10, 30, 60, 120, 360) * KK_MINUTE_MS;
    plan->page_max = ONE_OF(rng, 3, 7, 10, 20, 500, 500);
    plan->token_life_ms = ONE_OF(rng, 30, 60, 120, 24 * 60) * KK_MINUTE_MS;
    plan->site_seed = kk_rng_next(rng);
}

static void draw_roles(struct sim_plan *plan, const struct kk_rng *rng)
{
    unsigned covered = 0;

    plan->proc_count = (int)ONE_OF(rng, 1, 1, 2, 2, 3, 4, 5, 6);
    for (int i = 0; i < plan->proc_count; i++) {
        plan->roles[i] = plan->proc_count == 1 || chance(rng, 25) ? ROLES_ALL : (unsigned)between(rng, 1, ROLES_ALL);
        plan->turns_verbs[i] = chance(rng, 50);
        covered |= plan->roles[i];
    }
    plan->roles[0] |= ROLES_ALL & ~covered;
}

static void draw_limits(struct sim_plan *plan, const struct kk_rng *rng)
{
    bool is_usual = chance(rng, 40);

    plan->limits = (struct app_limits){
        .task_attempts = is_usual ? 3 : (int)between(rng, 1, 5),
        .task_lease_ms = (is_usual ? 10 : between(rng, 2, 10)) * KK_MINUTE_MS,
        .task_backoff_ms = 2000,
        .task_backoff_max_ms = 10 * KK_MINUTE_MS,
        .task_silence_ms = 10 * KK_MINUTE_MS,
        .relay_seller_cap = is_usual ? 64 : (int)between(rng, 1, 20),
        .worker_inflight = is_usual ? 64 : (int)ONE_OF(rng, 1, 2, 4, 16),
        .worker_batch = is_usual ? 64 : (int)ONE_OF(rng, 1, 2, 8, 64),
        .site_timeout_ms = 15 * KK_SECOND_MS,
        .site_max_body_bytes = 512 * 1024,
        .limiter_grant_ttl_ms = 5 * KK_SECOND_MS,
        .agent_issue_gap_ms = ONE_OF(rng, 1000, 5000, 30000),
        .agent = {.cooldown_ms = KK_HOUR_MS, .cooldown_max_ms = 24 * KK_HOUR_MS, .renew_before_ms = 5 * KK_MINUTE_MS},
        .removal_misses = is_usual ? 2 : ONE_OF(rng, 2, 2, 3),
        .keep_events_ms = ONE_OF(rng, 1, 7, 30) * KK_DAY_MS,
        .keep_attempts_ms = ONE_OF(rng, 1, 7, 30) * KK_DAY_MS,
        .keep_runs_ms = ONE_OF(rng, 1, 7, 30) * KK_DAY_MS,
        .keep_stats_ms = 400 * KK_DAY_MS,
        .alert_every_ms = KK_MINUTE_MS,
        .alert_calm_ms = KK_MINUTE_MS,
        .alert_repeat_ms = 4 * KK_HOUR_MS,
    };
    plan->limiter = (struct limiter_rules){
        .capacity = is_usual ? 80 : ONE_OF(rng, 10, 20, 40, 80),
        .window_ms = is_usual ? KK_HOUR_MS : ONE_OF(rng, 10, 20, 60) * KK_MINUTE_MS,
        .gap_ms = is_usual ? 1500 : ONE_OF(rng, 0, 200, 1500, 4000),
        .grant_ttl_ms = plan->limits.limiter_grant_ttl_ms,
        .request_timeout_ms = plan->limits.site_timeout_ms,
        .site_inflight = is_usual ? 16 : ONE_OF(rng, 0, 1, 2, 16),
        .site_rate = is_usual ? 20 : ONE_OF(rng, 0, 1, 20),
    };
    plan->queue =
        (struct queue_rules){.visibility_ms = plan->limits.task_lease_ms + 30 * KK_SECOND_MS, .max_receives = 3};
}

/* Each class of faults is on or off, so that some runs are all storm and some have one thing wrong for days. */
static void draw_faults(struct sim_plan *plan, const struct kk_rng *rng, unsigned faults, bool all)
{
    unsigned picked = 0;

    for (int i = 0; i < SIM_FAULT_COUNT; i++)
        if (chance(rng, 55))
            picked |= 1u << i;
    plan->faults = all ? faults & picked : faults;
    plan->port_calls = ONE_OF(rng, 40, 150, 600, 2500);
    plan->disk_calls = ONE_OF(rng, 500, 2500, 10000, 40000);
    plan->kill_gap_ms = ONE_OF(rng, 10, 60, 240, 720) * KK_MINUTE_MS;
    plan->power_gap_ms = ONE_OF(rng, 120, 480, 1440) * KK_MINUTE_MS;
    plan->storm_gap_ms = ONE_OF(rng, 30, 120, 480) * KK_MINUTE_MS;
    plan->jump_gap_ms = ONE_OF(rng, 60, 360, 1440) * KK_MINUTE_MS;
    plan->press_gap_ms = ONE_OF(rng, 10, 60, 240) * KK_MINUTE_MS;
    plan->stall_max_ms = ONE_OF(rng, 100, 10000, 120000, 20 * KK_MINUTE_MS);
}

void sim_plan_make(struct sim_plan *plan, uint64_t seed, unsigned faults, bool all)
{
    struct kk_rng_seeded seeded;
    struct kk_rng rng = kk_rng_from_seed(&seeded, seed ^ UINT64_C(0x9E3779B97F4A7C15));

    *plan = (struct sim_plan){0};
    draw_world(plan, &rng);
    draw_roles(plan, &rng);
    draw_limits(plan, &rng);
    plan->has_remote_queue = chance(&rng, 40);
    plan->has_remote_limiter = chance(&rng, 40);
    plan->has_archive_file = chance(&rng, 15);
    draw_faults(plan, &rng, faults, all);
}
