/* Any order of things, against lists of timestamps: what was granted keeps every promise, and what may be granted is.
 * A seed that fails is printed; LIMITER_SEED=N plays that one alone. */
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "contract/limiter_contract.h"
#include "support/check.h"

#define AGENTS 5
#define SENDS_MAX 4096
#define SEEDS 24
#define STEPS 700
#define PROCESSES 2

struct request { /* true times */
    int64_t sent_ms, over_ms;
};
struct oracle_agent {
    struct limiter_grant grant; /* the open one; id 0: none */
    int64_t taken_ms;           /* of the grant, or of its last hop */
    bool will_send, will_tell, is_silent;
    int64_t sent_ms, over_ms, tell_ms;
    int64_t free_ms;             /* when the last request was over, as the limiter knows it */
    int64_t held_ms;             /* until */
    int64_t token_ms[SENDS_MAX]; /* when each token taken counts as over; the last is the open grant's */
    size_t token_count;
    struct request sent[SENDS_MAX]; /* in the order of sending */
    size_t sent_count;
};
struct oracle {
    const struct limiter_world *world;
    struct limiter *process[PROCESSES];
    struct limiter_rules rules;
    struct kk_rng rng;
    struct oracle_agent agent[AGENTS];
    int64_t charge_ms[SENDS_MAX]; /* grants and hops of all agents: what the site's rate counts */
    size_t charge_count;
    bool was_wall_set; /* since any process took a turn */
    struct kk_err err;
};

static int64_t below(struct oracle *o, int64_t bound)
{
    return (int64_t)kk_rng_below(&o->rng, (uint64_t)bound);
}

static int64_t now(const struct oracle *o)
{
    return o->world->now_ms(o->world->ctx);
}

/* ---- what must hold ---- */

/* Of any capacity + 1 neighbours the first and the last are more than a window apart. */
static void check_window(const struct oracle *o, const struct oracle_agent *agent)
{
    size_t last = agent->sent_count - 1;

    if (agent->sent_count <= (size_t)o->rules.capacity)
        return;
    const struct request *a = &agent->sent[last - (size_t)o->rules.capacity], *b = &agent->sent[last];

    CHECK(b->sent_ms - a->sent_ms > o->rules.window_ms);
    CHECK(b->over_ms - a->over_ms > o->rules.window_ms);
}

static void check_gap(const struct oracle *o, const struct oracle_agent *agent, bool is_hop)
{
    if (agent->sent_count < 2)
        return;
    const struct request *a = &agent->sent[agent->sent_count - 2], *b = &agent->sent[agent->sent_count - 1];

    CHECK(b->sent_ms >= a->over_ms + (is_hop ? 0 : o->rules.gap_ms));
}

/* Tokens that are out at `at`, by the oracle's list. */
static int64_t tokens_out(const struct oracle *o, const struct oracle_agent *agent, int64_t at)
{
    int64_t out = 0;

    for (size_t i = agent->token_count; i-- > 0 && out <= o->rules.capacity;)
        if (agent->token_ms[i] + o->rules.window_ms + 1 > at)
            out++;
    return out;
}

static bool is_busy(const struct oracle *o, const struct oracle_agent *agent, int64_t at)
{
    return agent->grant.id && agent->taken_ms + o->rules.grant_ttl_ms + o->rules.request_timeout_ms > at;
}

/* 1: it must be granted, -1: it must not, 0: the gap's chance decides. */
static int may_send(const struct oracle *o, const struct oracle_agent *agent, int64_t at)
{
    int64_t free_ms = agent->free_ms;

    if (is_busy(o, agent, at) || agent->held_ms > at || tokens_out(o, agent, at) >= o->rules.capacity)
        return -1;
    if (agent->grant.id) /* nobody told of it: it may have been sent at the last moment */
        free_ms = agent->taken_ms + o->rules.grant_ttl_ms + o->rules.request_timeout_ms;
    if (free_ms == INT64_MIN)
        return 1;
    if (at < free_ms + o->rules.gap_ms)
        return -1;
    return at >= free_ms + o->rules.gap_ms + o->rules.gap_ms / 4 ? 1 : 0;
}

static int64_t charges_since(const struct oracle *o, int64_t since_ms)
{
    int64_t count = 0;

    for (size_t i = o->charge_count; i-- > 0 && o->charge_ms[i] >= since_ms;)
        count++;
    return count;
}

static void charge(struct oracle *o)
{
    CHECK(o->charge_count < SENDS_MAX);
    o->charge_ms[o->charge_count++] = now(o);
}

/* A grant that was given back counts for nobody. */
static void uncharge(struct oracle *o, int64_t at_ms)
{
    for (size_t i = o->charge_count; i-- > 0 && o->charge_ms[i] >= at_ms;)
        if (o->charge_ms[i] == at_ms) {
            memmove(&o->charge_ms[i], &o->charge_ms[i + 1], (--o->charge_count - i) * sizeof(o->charge_ms[0]));
            return;
        }
}

static int64_t busy_count(const struct oracle *o, int64_t at)
{
    int64_t count = 0;

    for (size_t i = 0; i < AGENTS; i++)
        count += is_busy(o, &o->agent[i], at);
    return count;
}

/* ---- what happens ---- */

/* Decides the fate of a request that may leave from now on. */
static void plan(struct oracle *o, struct oracle_agent *agent, bool is_hop)
{
    int64_t at = now(o);

    agent->taken_ms = at;
    agent->will_send = is_hop || below(o, 8) > 0;
    agent->will_tell = below(o, 6) > 0;
    agent->sent_ms = at + below(o, o->rules.grant_ttl_ms);
    agent->over_ms = agent->sent_ms + below(o, o->rules.request_timeout_ms);
    agent->tell_ms = agent->over_ms + below(o, 300);
    CHECK(agent->token_count < SENDS_MAX);
    agent->token_ms[agent->token_count++] = at + o->rules.grant_ttl_ms + o->rules.request_timeout_ms;
    if (!agent->will_send)
        return;
    CHECK(agent->sent_count < SENDS_MAX);
    agent->sent[agent->sent_count++] = (struct request){agent->sent_ms, agent->over_ms};
    check_window(o, agent);
    check_gap(o, agent, is_hop);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The limiter hears of agent's request. */
static void note_told(struct oracle *o, struct oracle_agent *agent, bool was_sent, int64_t hold_ms)
{
    int64_t at = now(o), last_ms = agent->taken_ms + o->rules.grant_ttl_ms + o->rules.request_timeout_ms;

    if (was_sent) {
        agent->free_ms = least(at, last_ms);
        agent->token_ms[agent->token_count - 1] = agent->free_ms;
    } else {
        agent->token_count--;
        uncharge(o, agent->taken_ms);
    }
    if (hold_ms && at + hold_ms > agent->held_ms)
        agent->held_ms = at + hold_ms;
    agent->grant.id = 0;
    agent->is_silent = false;
}

static size_t collect_reports(struct oracle *o, struct limiter_report *reports)
{
    size_t count = 0;

    for (size_t i = 0; i < AGENTS; i++) {
        struct oracle_agent *agent = &o->agent[i];
        int64_t hold_ms = below(o, 12) ? 0 : below(o, 3 * o->rules.window_ms);

        if (!agent->grant.id || !agent->will_tell || agent->tell_ms > now(o))
            continue;
        reports[count++] = (struct limiter_report){.grant_id = agent->grant.id,
                                                   .agent_id = agent->grant.agent_id,
                                                   .was_sent = agent->will_send,
                                                   .hold_ms = hold_ms};
        if (below(o, 5) == 0) { /* told twice: the answer got lost */
            reports[count] = reports[count - 1];
            count++;
        }
        note_told(o, agent, agent->will_send, hold_ms);
    }
    return count;
}

static void note_grant(struct oracle *o, const struct limiter_grant *grant, const bool *asked)
{
    size_t at = (size_t)grant->agent_id - 1;
    struct oracle_agent *agent;

    CHECK(at < AGENTS && asked[at]);
    agent = &o->agent[at];
    CHECK(may_send(o, agent, now(o)) >= 0);
    agent->is_silent |= agent->grant.id != 0;
    CHECK_EQ(grant->is_after_silence, agent->is_silent);
    agent->grant = *grant;
    charge(o);
    plan(o, agent, false);
    CHECK_EQ(grant->tokens_left, o->rules.capacity - tokens_out(o, agent, now(o)));
    if (o->rules.site_inflight)
        CHECK(busy_count(o, now(o)) <= o->rules.site_inflight);
    if (o->rules.site_rate)
        CHECK(charges_since(o, now(o) - 1000) <= o->rules.site_rate);
}

static void ask(struct oracle *o)
{
    struct limiter *limiter = o->process[below(o, PROCESSES)];
    struct limiter_report reports[2 * AGENTS];
    struct limiter_grant grants[AGENTS];
    bool asked[AGENTS] = {false};
    int64_t ids[AGENTS], wait_ms = -1;
    size_t want = (size_t)below(o, AGENTS + 1), id_count = 0, count = 0, must = 0;
    size_t report_count = collect_reports(o, reports);

    for (size_t i = AGENTS; i-- > 0;) /* not in order */
        if (below(o, 4)) {
            asked[i] = true;
            ids[id_count++] = (int64_t)i + 1;
            must += may_send(o, &o->agent[i], now(o)) > 0;
        }
    struct limiter_ask question = {
        .reports = reports, .report_count = report_count, .agent_ids = ids, .agent_count = id_count, .want = want};
    int64_t room = o->rules.site_inflight ? o->rules.site_inflight - busy_count(o, now(o)) : AGENTS;

    if (o->rules.site_rate)
        room = least(room, o->rules.site_rate - charges_since(o, now(o) - 1000));
    CHECK_OK(limiter_turn(limiter, &question, grants, &count, &wait_ms, &o->err), &o->err);
    o->was_wall_set = false;
    CHECK(count <= want && (room < 0 || (int64_t)count <= room));
    CHECK(count == want ? wait_ms == 0 : wait_ms > 0);
    for (size_t i = 0; i < count; i++)
        note_grant(o, &grants[i], asked);
    if (count < want && (int64_t)count < room)
        CHECK(count >= must);
}

static void hop(struct oracle *o)
{
    struct oracle_agent *agent = &o->agent[below(o, AGENTS)];
    int64_t at = now(o);
    enum kk_code rc;

    if (!agent->grant.id || !agent->will_send || at < agent->over_ms || !is_busy(o, agent, at))
        return;
    rc = limiter_again(o->process[below(o, PROCESSES)], &agent->grant, &o->err);
    if (rc == KK_LIMITED) {
        CHECK(tokens_out(o, agent, at) >= o->rules.capacity);
        return;
    }
    CHECK_OK(rc, &o->err);
    CHECK(tokens_out(o, agent, at) < o->rules.capacity);
    agent->free_ms = at;
    agent->token_ms[agent->token_count - 1] = at;
    charge(o);
    plan(o, agent, true);
}

static void jump(struct oracle *o)
{
    int64_t ms = below(o, 40 * o->rules.window_ms) - 20 * o->rules.window_ms;

    if (!o->world->jump_wall)
        return;
    o->was_wall_set = true;
    o->world->jump_wall(o->world->ctx, ms);
}

/* A wall clock that was set while nobody looked cannot be told from time that went by; so somebody looks first. */
static void restart(struct oracle *o)
{
    size_t which = (size_t)below(o, PROCESSES);

    while (o->was_wall_set)
        ask(o);
    limiter_close(o->process[which]);
    o->process[which] = o->world->open(o->world->ctx, &o->rules);
}

static void look_around(struct oracle *o)
{
    static const int64_t ids[AGENTS] = {1, 2, 3, 4, 5};
    struct limiter_agent seen[AGENTS];

    CHECK_OK(limiter_look(o->process[0], ids, AGENTS, seen, &o->err), &o->err);
    for (size_t i = 0; i < AGENTS; i++) {
        int64_t left = o->rules.capacity - tokens_out(o, &o->agent[i], now(o));

        CHECK_EQ(seen[i].tokens_left, left < 0 ? 0 : left);
        CHECK_EQ(seen[i].is_busy, is_busy(o, &o->agent[i], now(o)));
    }
}

static struct oracle *open_oracle(const struct limiter_world *world, uint64_t seed, struct kk_rng_seeded *seeded)
{
    struct oracle *o = calloc(1, sizeof(*o));

    CHECK(o);
    o->world = world;
    o->rng = kk_rng_from_seed(seeded, seed);
    o->rules = (struct limiter_rules){.capacity = 1 + below(o, 6),
                                      .window_ms = 2000 + below(o, 20000),
                                      .gap_ms = below(o, 4) ? below(o, 400) : 0,
                                      .grant_ttl_ms = 50 + below(o, 400),
                                      .request_timeout_ms = 100 + below(o, 1500),
                                      .site_inflight = below(o, 3) ? 0 : 1 + below(o, 3),
                                      .site_rate = below(o, 3) ? 0 : 1 + below(o, 4)};
    for (size_t i = 0; i < AGENTS; i++)
        o->agent[i].free_ms = INT64_MIN;
    world->make(world->ctx);
    for (size_t i = 0; i < PROCESSES; i++)
        o->process[i] = world->open(world->ctx, &o->rules);
    return o;
}

static void play(const struct limiter_world *world, uint64_t seed)
{
    struct kk_rng_seeded seeded;
    struct oracle *o = open_oracle(world, seed, &seeded);

    for (int step = 0; step < STEPS; step++) {
        int64_t what = below(o, 100);

        if (what < 55)
            ask(o);
        else if (what < 65)
            hop(o);
        else if (what < 70)
            look_around(o);
        else if (what < 73)
            jump(o);
        else if (what < 75)
            restart(o);
        world->pass(world->ctx, below(o, 3) ? below(o, 120) : below(o, 1500));
    }
    for (size_t i = 0; i < PROCESSES; i++)
        limiter_close(o->process[i]);
    world->remove(world->ctx);
    free(o);
}

static void every_promise_holds_in_any_order_of_things(void **state)
{
    const char *one = getenv("LIMITER_SEED");
    int64_t seed;

    if (one) {
        CHECK(kk_sv_i64(kk_sv_of(one), &seed));
        play(*state, (uint64_t)seed);
        return;
    }
    for (seed = 1; seed <= SEEDS; seed++) {
        print_message("LIMITER_SEED=%lld\n", (long long)seed);
        play(*state, (uint64_t)seed);
    }
}

int limiter_oracle_run(const char *name, const struct limiter_world *world)
{
    struct CMUnitTest tests[] = {cmocka_unit_test(every_promise_holds_in_any_order_of_things)};

    tests[0].initial_state = (void *)world;
    return _cmocka_run_group_tests(name, tests, 1, NULL, NULL);
}
