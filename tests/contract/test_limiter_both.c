/* Both limiters and a list of timestamps, through the same 100,000 things in one random order: every answer must be the
 * same. LIMITER_STEPS and LIMITER_SEED change how many, and which. The gap is small enough to have no chance in it. */
#include <stdio.h>
#include <stdlib.h>

#include "adapters/limiter/limiter_local.h"
#include "adapters/limiter/limiter_redis.h"
#include "adapters/redis/redis.h"
#include "base/rng.h"
#include "contract/local_world.h"
#include "support/check.h"
#include "support/redisd.h"

#define AGENTS 6
#define OUT_MAX 64

static const struct limiter_rules rules = {.capacity = 5,
                                           .window_ms = 4000,
                                           .gap_ms = 3,
                                           .grant_ttl_ms = 60,
                                           .request_timeout_ms = 250,
                                           .site_inflight = 4,
                                           .site_rate = 30};
#define LIFE_MS (rules.grant_ttl_ms + rules.request_timeout_ms)

struct listed {                 /* one agent, as a person would keep it on paper */
    struct limiter_grant grant; /* the last one */
    int64_t taken_ms;
    int64_t return_ms[OUT_MAX]; /* of each token that may be out; the last is the open grant's */
    size_t count;
    bool is_open;
};
static struct listed listed[AGENTS];
static struct limiter *store_limiter, *redis_limiter;
static struct redisd redisd;
static struct kk_rng_seeded seeded;
static struct kk_rng rng;
static struct kk_err err;

static int64_t below(int64_t bound)
{
    return (int64_t)kk_rng_below(&rng, (uint64_t)bound);
}

/* ---- the list ---- */

static void settle(struct listed *agent)
{
    size_t kept = 0;

    for (size_t i = 0; i < agent->count; i++)
        if (agent->return_ms[i] > local_wall_ms)
            agent->return_ms[kept++] = agent->return_ms[i];
        else if (agent->is_open && i + 1 == agent->count)
            agent->is_open = false; /* never reported, and back by now */
    agent->count = kept;
}

static void note_taken(struct listed *agent)
{
    CHECK(agent->count < OUT_MAX);
    agent->taken_ms = local_wall_ms;
    agent->return_ms[agent->count++] = local_wall_ms + LIFE_MS + rules.window_ms + 1;
    agent->is_open = true;
}

static void note_over(struct listed *agent)
{
    int64_t last_ms = agent->taken_ms + LIFE_MS;

    agent->return_ms[agent->count - 1] = (local_wall_ms < last_ms ? local_wall_ms : last_ms) + rules.window_ms + 1;
    agent->is_open = false;
}

static void note_report(const struct limiter_report *report)
{
    struct listed *agent = &listed[report->agent_id - 1];

    settle(agent);
    if (!agent->is_open || agent->grant.id != report->grant_id)
        return;
    if (report->was_sent)
        note_over(agent);
    else
        agent->count--;
    agent->is_open = false;
}

static void note_grant(const struct limiter_grant *grant)
{
    struct listed *agent = &listed[grant->agent_id - 1];

    settle(agent);
    CHECK((int64_t)agent->count < rules.capacity);
    CHECK_EQ(grant->id, agent->grant.id + 1);
    agent->grant = *grant;
    note_taken(agent);
    CHECK_EQ(grant->tokens_left, rules.capacity - (int64_t)agent->count);
}

/* ---- one thing, done to both ---- */

static size_t choose_reports(struct limiter_report *reports)
{
    size_t count = 0;

    for (size_t i = 0; i < AGENTS; i++)
        if (listed[i].grant.id && below(3) == 0)
            reports[count++] = (struct limiter_report){.grant_id = listed[i].grant.id - (below(9) == 0),
                                                       .agent_id = (int64_t)i + 1,
                                                       .was_sent = below(6) > 0,
                                                       .hold_ms = below(25) ? 0 : below(rules.window_ms)};
    return count;
}

static int64_t busy_count(void)
{
    int64_t count = 0;

    for (size_t i = 0; i < AGENTS; i++)
        count += listed[i].is_open && listed[i].taken_ms + LIFE_MS > local_wall_ms;
    return count;
}

static void take_turn(void)
{
    struct limiter_report reports[AGENTS];
    struct limiter_grant a[AGENTS], b[AGENTS];
    int64_t ids[AGENTS], wait_a = -1, wait_b = -1;
    size_t id_count = 0, count_a = 0, count_b = 0;
    struct limiter_ask ask = {.reports = reports, .agent_ids = ids, .want = (size_t)below(4)};

    ask.report_count = choose_reports(reports);
    for (int64_t i = AGENTS; i > 0; i--)
        if (below(5))
            ids[id_count++] = i;
    ask.agent_count = id_count;
    CHECK_OK(limiter_turn(store_limiter, &ask, a, &count_a, &wait_a, &err), &err);
    CHECK_OK(limiter_turn(redis_limiter, &ask, b, &count_b, &wait_b, &err), &err);
    for (size_t i = 0; i < ask.report_count; i++)
        note_report(&reports[i]);
    CHECK_EQ(count_a, count_b);
    for (size_t i = 0; i < count_a; i++) {
        CHECK_EQ(a[i].agent_id, b[i].agent_id);
        CHECK_EQ(a[i].id, b[i].id);
        CHECK_EQ(a[i].tokens_left, b[i].tokens_left);
        CHECK_EQ(a[i].is_after_silence, b[i].is_after_silence);
        note_grant(&a[i]);
    }
    /* With all places taken the one in the store may ask a little early: it does not look who was reported just now. */
    if (busy_count() < rules.site_inflight)
        CHECK_EQ(wait_a, wait_b);
    CHECK(wait_a <= wait_b);
}

static void hop(void)
{
    struct listed *agent = &listed[below(AGENTS)];
    enum kk_code a, b;

    if (!agent->grant.id)
        return;
    a = limiter_again(store_limiter, &agent->grant, &err);
    b = limiter_again(redis_limiter, &agent->grant, &err);
    CHECK_EQ(a, b);
    CHECK(a == KK_OK || a == KK_LIMITED);
    settle(agent);
    if (a == KK_OK) {
        CHECK(agent->is_open && (int64_t)agent->count < rules.capacity);
        note_over(agent);
        note_taken(agent);
    }
}

static void look(void)
{
    static const int64_t ids[AGENTS] = {1, 2, 3, 4, 5, 6};
    struct limiter_agent a[AGENTS], b[AGENTS];

    CHECK_OK(limiter_look(store_limiter, ids, AGENTS, a, &err), &err);
    CHECK_OK(limiter_look(redis_limiter, ids, AGENTS, b, &err), &err);
    for (size_t i = 0; i < AGENTS; i++) {
        settle(&listed[i]);
        CHECK_EQ(a[i].tokens_left, rules.capacity - (int64_t)listed[i].count);
        CHECK_EQ(a[i].tokens_left, b[i].tokens_left);
        CHECK_EQ(a[i].free_at_ms, b[i].free_at_ms);
        CHECK_EQ(a[i].held_until_ms, b[i].held_until_ms);
        CHECK_EQ(a[i].is_busy, b[i].is_busy);
    }
}

static void unhold(void)
{
    int64_t id = 1 + below(AGENTS);

    CHECK_OK(limiter_unhold(store_limiter, id, &err), &err);
    CHECK_OK(limiter_unhold(redis_limiter, id, &err), &err);
}

static void both_limiters_and_a_list_agree(void **state)
{
    const char *steps_text = getenv("LIMITER_STEPS"), *seed_text = getenv("LIMITER_SEED");
    int64_t steps = 100000, seed = 1;

    (void)state;
    CHECK(!steps_text || kk_sv_i64(kk_sv_of(steps_text), &steps));
    CHECK(!seed_text || kk_sv_i64(kk_sv_of(seed_text), &seed));
    rng = kk_rng_from_seed(&seeded, (uint64_t)seed);
    for (int64_t step = 0; step < steps; step++) {
        int64_t what = below(100), pass_ms = below(40) ? below(40) : below(2 * rules.window_ms);

        if (what < 80)
            take_turn();
        else if (what < 92)
            hop();
        else if (what < 98)
            look();
        else
            unhold();
        local_wall_ms += pass_ms;
        local_mono_ms += pass_ms;
    }
}

static void open_both(void)
{
    struct redis_settings settings;
    char url[64];
    const struct limiter_redis_options options = {
        .rules = &rules, .redis = &settings, .clock = &local_clock, .test_clock = &local_clock, .rng = &rng};
    struct limiter_agent seen;

    local_make();
    rng = kk_rng_from_seed(&seeded, 1);
    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", redisd.port);
    CHECK_OK(redis_read_url(kk_sv_of(url), &settings, &err), &err);
    CHECK_OK(limiter_redis_open(local_store(), &options, &redis_limiter, &err), &err);
    CHECK_OK(limiter_look(redis_limiter, (int64_t[]){1}, 1, &seen, &err),
             &err); /* it meets the store before the other */
    CHECK_OK(limiter_local_open(local_store(), &rules, &local_clock, &rng, &store_limiter, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_limiters_and_a_list_agree)};
    int failed;

    if (!redisd_is_installed()) {
        print_message("[  SKIPPED ] no redis-server here: tools/setup test\n");
        return 77;
    }
    redisd_make(&redisd);
    redisd_start(&redisd, NULL);
    open_both();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    limiter_close(store_limiter);
    limiter_close(redis_limiter);
    local_remove();
    redisd_remove(&redisd);
    return failed;
}
