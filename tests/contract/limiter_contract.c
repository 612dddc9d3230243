#include "contract/limiter_contract.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"

#define AGENTS 4
#define GRANTS_MAX 16

static const struct limiter_world *world;
static const struct limiter_rules usual = {.capacity = 3,
                                           .window_ms = 60000,
                                           .gap_ms = 1000,
                                           .grant_ttl_ms = 5000,
                                           .request_timeout_ms = 15000,
                                           .site_inflight = 0,
                                           .site_rate = 0};
#define BUSY_MS (usual.grant_ttl_ms + usual.request_timeout_ms)
#define GAP_LAST_MS (usual.gap_ms + usual.gap_ms / 4) /* with all of its chance */
#define TICK_MS 5                                     /* what a clock's grain may add to a window */

static struct limiter *limiter;
static struct kk_err err;

static int set_up(void **state)
{
    world = *state;
    world->make(world->ctx);
    limiter = world->open(world->ctx, &usual);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    limiter_close(limiter);
    limiter = NULL;
    world->remove(world->ctx);
    return 0;
}

static void reopen(struct limiter_rules rules)
{
    limiter_close(limiter);
    limiter = world->open(world->ctx, &rules);
}

static void pass(int64_t ms)
{
    world->pass(world->ctx, ms);
}

/* ---- short ways ---- */

struct given {
    struct limiter_grant grant[GRANTS_MAX];
    size_t count;
    int64_t wait_ms;
};

static struct given turn_by(struct limiter *l, size_t agents, size_t want, const struct limiter_report *report)
{
    static const int64_t ids[AGENTS] = {11, 12, 13, 14};
    struct limiter_ask ask = {
        .reports = report, .report_count = report ? 1 : 0, .agent_ids = ids, .agent_count = agents, .want = want};
    struct given given = {.count = 99, .wait_ms = -1};

    CHECK_OK(limiter_turn(l, &ask, given.grant, &given.count, &given.wait_ms, &err), &err);
    CHECK(given.count <= want);
    return given;
}

static struct given ask_for(size_t agents, size_t want)
{
    return turn_by(limiter, agents, want, NULL);
}

/* One grant for agent 11. */
static struct limiter_grant take(void)
{
    struct given given = ask_for(1, 1);

    CHECK_EQ(given.count, 1);
    CHECK_EQ(given.wait_ms, 0);
    CHECK_EQ(given.grant[0].agent_id, 11);
    return given.grant[0];
}

static void tell(struct limiter_grant grant, bool was_sent, int64_t hold_ms)
{
    struct limiter_report report = {
        .grant_id = grant.id, .agent_id = grant.agent_id, .was_sent = was_sent, .hold_ms = hold_ms};

    turn_by(limiter, 0, 0, &report);
}

/* A whole request of agent 11, and the gap after it. */
static void spend(void)
{
    tell(take(), true, 0);
    pass(GAP_LAST_MS);
}

static int64_t wait_for_one(void)
{
    struct given given = ask_for(1, 1);

    CHECK_EQ(given.count, 0);
    CHECK(given.wait_ms > 0);
    return given.wait_ms;
}

static struct limiter_agent look(int64_t agent_id)
{
    struct limiter_agent seen;

    CHECK_OK(limiter_look(limiter, &agent_id, 1, &seen, &err), &err);
    CHECK_EQ(seen.agent_id, agent_id);
    return seen;
}

static void check_between(int64_t value, int64_t low, int64_t high)
{
    if (value < low || value > high)
        print_error("%lld is not between %lld and %lld\n", (long long)value, (long long)low, (long long)high);
    CHECK(value >= low && value <= high);
}

/* ---- grants ---- */

static void grants_go_to_different_agents_the_least_used_first(void **state)
{
    struct given given;

    (void)state;
    given = ask_for(3, 2);
    CHECK_EQ(given.count, 2);
    CHECK(given.grant[0].agent_id != given.grant[1].agent_id);
    CHECK_EQ(given.grant[0].tokens_left, 2);
    for (size_t i = 0; i < 2; i++)
        tell(given.grant[i], true, 0);
    pass(GAP_LAST_MS);
    given = ask_for(3, 1);
    CHECK_EQ(given.count, 1);
    CHECK_EQ(given.grant[0].agent_id, 13); /* the one that has not been used yet */
    tell(given.grant[0], true, 0);
    pass(GAP_LAST_MS);
    given = ask_for(3, 3);
    CHECK_EQ(given.count, 3);
    CHECK_EQ(given.grant[2].agent_id, 13);
}

static void only_those_asked_for_are_chosen(void **state)
{
    struct given given;

    (void)state;
    given = ask_for(2, 4);
    CHECK_EQ(given.count, 2);
    CHECK(given.grant[0].agent_id <= 12 && given.grant[1].agent_id <= 12);
    given = ask_for(0, 4);
    CHECK_EQ(given.count, 0);
    CHECK_EQ(given.wait_ms, INT64_MAX);
}

static void an_agent_has_one_request_at_a_time(void **state)
{
    struct limiter_grant grant;

    (void)state;
    grant = take();
    CHECK(look(11).is_busy);
    check_between(wait_for_one(), BUSY_MS, BUSY_MS + GAP_LAST_MS);
    pass(3000);
    CHECK_EQ(ask_for(1, 1).count, 0);
    tell(grant, true, 0);
    CHECK(!look(11).is_busy);
    pass(GAP_LAST_MS);
    CHECK_EQ(take().id, grant.id + 1);
}

static void a_grant_that_nobody_reports_is_over_at_its_last_moment(void **state)
{
    (void)state;
    take();
    pass(BUSY_MS - 1);
    CHECK(look(11).is_busy);
    pass(1 + GAP_LAST_MS);
    CHECK(!look(11).is_busy);
    take();
    CHECK_EQ(look(11).tokens_left, 1);
    pass(BUSY_MS + GAP_LAST_MS);
    take();
    CHECK_EQ(look(11).tokens_left, 0);
    /* The first token: a window after its busy time. */
    pass(usual.window_ms - BUSY_MS - 3 * GAP_LAST_MS);
    CHECK_EQ(look(11).tokens_left, 0);
    pass(3 * GAP_LAST_MS);
    CHECK_EQ(look(11).tokens_left, 1);
}

/* R2: its answer may have been a 429 that died with whoever heard it. */
static void grants_after_one_that_nobody_reported_say_so_until_one_is_reported(void **state)
{
    int64_t life_ms = usual.grant_ttl_ms + usual.request_timeout_ms + GAP_LAST_MS;
    struct limiter_grant lost, grant;

    (void)state;
    lost = take();
    CHECK(!lost.is_after_silence);
    pass(life_ms);
    CHECK(take().is_after_silence);
    pass(life_ms);
    grant = take(); /* the one before was lost as well */
    CHECK(grant.is_after_silence);
    tell(lost, true, 0); /* that came too late to count */
    tell(grant, false, 0);
    pass(GAP_LAST_MS);
    reopen(usual);
    grant = take();
    CHECK(!grant.is_after_silence);
    tell(grant, true, 0);
    pass(usual.window_ms + TICK_MS); /* the lost ones cost a token each */
    CHECK(!take().is_after_silence);
}

static void between_two_requests_is_a_gap(void **state)
{
    int64_t least = INT64_MAX, most = 0;

    (void)state;
    for (int i = 0; i < 40; i++) {
        int64_t waited;

        tell(take(), true, 0);
        waited = wait_for_one();
        if (look(11).tokens_left == 0) { /* then it waits for a token */
            pass(usual.window_ms + TICK_MS);
            continue;
        }
        check_between(waited, usual.gap_ms, GAP_LAST_MS);
        least = waited < least ? waited : least;
        most = waited > most ? waited : most;
        pass(waited - 1);
        CHECK_EQ(ask_for(1, 1).count, 0);
        pass(1);
    }
    CHECK(most > least + usual.gap_ms / 16); /* by chance, not by the clock */
}

static void a_request_that_was_not_sent_costs_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        tell(take(), false, 0);
        CHECK_EQ(look(11).tokens_left, usual.capacity);
    }
}

/* ---- the bucket ---- */

static void no_more_than_the_capacity_in_a_window(void **state)
{
    int64_t waited;

    (void)state;
    for (int i = 0; i < usual.capacity; i++)
        spend();
    CHECK_EQ(look(11).tokens_left, 0);
    waited = wait_for_one();
    check_between(waited, usual.window_ms - 3 * GAP_LAST_MS, usual.window_ms - 3 * GAP_LAST_MS + TICK_MS);
    pass(waited - 1);
    CHECK_EQ(ask_for(1, 1).count, 0);
    pass(1);
    tell(take(), true, 0);
    CHECK_EQ(look(11).tokens_left, 0); /* each token has a time of its own: the next is not back yet */
}

static void look_tells_when_a_token_returns(void **state)
{
    struct limiter_agent seen;

    (void)state;
    CHECK_EQ(look(11).free_at_ms, 0);
    for (int i = 0; i < usual.capacity; i++)
        spend();
    seen = look(11);
    CHECK_EQ(seen.tokens_left, 0);
    check_between(seen.free_at_ms - world->wall_ms(world->ctx), usual.window_ms - 3 * GAP_LAST_MS,
                  usual.window_ms - 3 * GAP_LAST_MS + TICK_MS);
}

static void agents_have_buckets_of_their_own(void **state)
{
    (void)state;
    for (int i = 0; i < usual.capacity; i++)
        spend();
    CHECK_EQ(look(11).tokens_left, 0);
    CHECK_EQ(look(12).tokens_left, usual.capacity);
    CHECK_EQ(ask_for(2, 2).count, 1);
}

static void a_token_returns_a_window_after_its_requests_end(void **state)
{
    struct limiter_grant grant;

    (void)state;
    grant = take();
    pass(10000); /* a slow answer */
    tell(grant, true, 0);
    pass(usual.window_ms - 1);
    CHECK_EQ(look(11).tokens_left, usual.capacity - 1);
    pass(1 + TICK_MS);
    CHECK_EQ(look(11).tokens_left, usual.capacity);
}

static void a_late_report_cannot_keep_a_token_longer(void **state)
{
    struct limiter_grant grant;

    (void)state;
    grant = take();
    pass(BUSY_MS + 30000);
    tell(grant, true, 0);
    pass(usual.window_ms - 30000 + TICK_MS);
    CHECK_EQ(look(11).tokens_left, usual.capacity);
}

/* ---- reports ---- */

static void a_report_counts_once_and_an_unknown_one_not_at_all(void **state)
{
    struct limiter_grant first, second;

    (void)state;
    first = take();
    tell(first, false, 0);
    tell(first, false, 0);
    CHECK_EQ(look(11).tokens_left, usual.capacity);
    second = take();
    tell(first, false, 99999); /* of the grant before */
    tell((struct limiter_grant){.id = second.id + 5, .agent_id = 11}, false, 99999);
    tell((struct limiter_grant){.id = 1, .agent_id = 4711}, true, 99999);
    CHECK(look(11).is_busy);
    CHECK_EQ(look(11).tokens_left, usual.capacity - 1);
    CHECK_EQ(look(11).held_until_ms, 0);
    CHECK_EQ(look(4711).tokens_left, usual.capacity);
}

static void reports_are_done_before_grants(void **state)
{
    struct limiter_report report;
    struct given given;

    (void)state;
    report = (struct limiter_report){.grant_id = take().id, .agent_id = 11};
    given = turn_by(limiter, 1, 1, &report);
    CHECK_EQ(given.count, 1);
    CHECK_EQ(given.grant[0].tokens_left, usual.capacity - 1);
}

static void a_held_agent_sends_nothing_until_its_time(void **state)
{
    (void)state;
    tell(take(), true, 30000);
    check_between(wait_for_one(), 30000, 30000);
    check_between(look(11).held_until_ms - world->wall_ms(world->ctx), 30000, 30000);
    pass(29999);
    CHECK_EQ(ask_for(1, 1).count, 0);
    pass(1);
    CHECK_EQ(look(11).held_until_ms, 0);
    tell(take(), false, 10);
    pass(10);
    take();
}

static void a_hold_may_be_for_ever_and_a_person_ends_it(void **state)
{
    struct given given;

    (void)state;
    tell(take(), true, INT64_MAX);
    given = ask_for(1, 1);
    CHECK_EQ(given.count, 0);
    CHECK_EQ(given.wait_ms, INT64_MAX);
    CHECK_EQ(look(11).held_until_ms, INT64_MAX);
    pass(10 * usual.window_ms);
    CHECK_EQ(ask_for(1, 1).count, 0);
    CHECK_OK(limiter_unhold(limiter, 11, &err), &err);
    CHECK_EQ(look(11).held_until_ms, 0);
    take();
    CHECK_OK(limiter_unhold(limiter, 4711, &err), &err); /* one that nobody knows: nothing */
}

/* ---- hops ---- */

static void a_hop_takes_a_token_and_the_grant_lives_anew(void **state)
{
    struct limiter_grant grant;

    (void)state;
    grant = take();
    pass(BUSY_MS - 1000);
    CHECK_OK(limiter_again(limiter, &grant, &err), &err);
    CHECK_EQ(look(11).tokens_left, usual.capacity - 2);
    pass(BUSY_MS - 1000);
    CHECK(look(11).is_busy);
    tell(grant, true, 0);
    CHECK(!look(11).is_busy);
    /* The first request was over at the hop, the second at the report. */
    pass(usual.window_ms - (BUSY_MS - 1000) + TICK_MS);
    CHECK_EQ(look(11).tokens_left, usual.capacity - 1);
    pass(BUSY_MS - 1000);
    CHECK_EQ(look(11).tokens_left, usual.capacity);
}

static void a_hop_without_a_token_is_refused(void **state)
{
    struct limiter_grant grant;

    (void)state;
    spend();
    spend();
    grant = take();
    CHECK_EQ(limiter_again(limiter, &grant, &err), KK_LIMITED);
    CHECK(look(11).is_busy);
    tell(grant, true, 0);
    CHECK(!look(11).is_busy);
}

static void a_hop_of_a_grant_that_is_over_is_refused(void **state)
{
    struct limiter_grant old, grant;

    (void)state;
    old = take();
    tell(old, true, 0);
    CHECK_EQ(limiter_again(limiter, &old, &err), KK_LIMITED);
    pass(GAP_LAST_MS);
    grant = take();
    CHECK_EQ(limiter_again(limiter, &old, &err), KK_LIMITED);
    pass(BUSY_MS);
    CHECK_EQ(limiter_again(limiter, &grant, &err), KK_LIMITED);
    grant.agent_id = 4711;
    CHECK_EQ(limiter_again(limiter, &grant, &err), KK_LIMITED);
    CHECK_EQ(look(11).tokens_left, 1);
}

/* ---- the site ---- */

static void the_site_has_so_many_requests_at_once(void **state)
{
    struct limiter_rules rules = usual;
    struct given given;

    (void)state;
    rules.site_inflight = 2;
    reopen(rules);
    given = ask_for(4, 4);
    CHECK_EQ(given.count, 2);
    check_between(given.wait_ms, BUSY_MS, BUSY_MS);
    CHECK_EQ(ask_for(4, 4).count, 0);
    tell(given.grant[0], true, 0);
    CHECK_EQ(ask_for(4, 4).count, 1);
    pass(BUSY_MS);
    CHECK_EQ(ask_for(4, 4).count, 2);
}

static void the_site_has_so_many_grants_in_a_second(void **state)
{
    struct limiter_rules rules = usual;
    struct given given;

    (void)state;
    rules.site_rate = 2;
    reopen(rules);
    CHECK_EQ(ask_for(4, 1).count, 1);
    pass(400);
    given = ask_for(4, 4);
    CHECK_EQ(given.count, 1);
    check_between(given.wait_ms, 600, 600 + TICK_MS);
    pass(given.wait_ms - 1);
    CHECK_EQ(ask_for(4, 4).count, 0);
    pass(1);
    CHECK_EQ(ask_for(4, 4).count, 1);
}

/* Nothing left under it, so the site's second has room for another. */
static void a_grant_given_back_does_not_count_for_the_site(void **state)
{
    struct limiter_rules rules = usual;
    struct given given;

    (void)state;
    rules.site_rate = 3;
    reopen(rules);
    given = ask_for(4, 4);
    CHECK_EQ(given.count, 3);
    pass(100);
    CHECK_EQ(ask_for(4, 4).count, 0);
    tell(given.grant[1], false, 0);
    tell(given.grant[1], false, 0); /* once is enough */
    CHECK_EQ(ask_for(4, 4).count, 1);
    tell(given.grant[0], true, 0); /* this one left */
    CHECK_EQ(ask_for(4, 4).count, 0);
}

static void a_hop_counts_for_the_site_and_is_not_refused_for_it(void **state)
{
    struct limiter_rules rules = usual;
    struct given given;

    (void)state;
    rules.site_rate = 1;
    reopen(rules);
    given = ask_for(1, 1);
    CHECK_OK(limiter_again(limiter, &given.grant[0], &err), &err);
    pass(500);
    CHECK_OK(limiter_again(limiter, &given.grant[0], &err), &err);
    pass(600);
    CHECK_EQ(ask_for(2, 2).count, 0);
    pass(400 + TICK_MS);
    CHECK_EQ(ask_for(2, 2).count, 1);
}

/* ---- restarts, and several processes ---- */

static void a_restart_forgets_nothing(void **state)
{
    struct limiter_grant grant;

    (void)state;
    spend();
    grant = take();
    reopen(usual);
    CHECK_EQ(look(11).tokens_left, 1);
    CHECK(look(11).is_busy);
    tell(grant, true, 30000);
    reopen(usual);
    CHECK_EQ(ask_for(1, 1).count, 0);
    pass(30000);
    take();
    reopen(usual);
    CHECK_EQ(look(11).tokens_left, 0);
}

static void after_a_crash_open_grants_are_closed_at_once(void **state)
{
    (void)state;
    if (!limiter->ops->recover)
        return;
    CHECK_OK(limiter_recover(limiter, &err), &err); /* nothing to do */
    CHECK_EQ(ask_for(2, 2).count, 2);
    pass(2000);
    reopen(usual);
    CHECK_OK(limiter_recover(limiter, &err), &err);
    CHECK(!look(11).is_busy);
    CHECK_EQ(look(11).tokens_left, usual.capacity - 1); /* it may have been sent */
    pass(GAP_LAST_MS);
    struct given given = ask_for(2, 2);

    CHECK_EQ(given.count, 2);
    CHECK(given.grant[0].is_after_silence && given.grant[1].is_after_silence);
    pass(usual.window_ms - GAP_LAST_MS + TICK_MS);
    CHECK_EQ(look(12).tokens_left, usual.capacity - 1);
}

static void two_processes_share_one_limiter(void **state)
{
    struct limiter *other = world->open(world->ctx, &usual);
    struct limiter_report report;
    struct given mine, theirs;

    (void)state;
    mine = turn_by(limiter, 3, 2, NULL);
    theirs = turn_by(other, 3, 2, NULL);
    CHECK_EQ(mine.count, 2);
    CHECK_EQ(theirs.count, 1);
    CHECK_EQ(theirs.grant[0].agent_id, 13);
    report = (struct limiter_report){.grant_id = mine.grant[0].id, .agent_id = mine.grant[0].agent_id};
    CHECK_EQ(turn_by(other, 3, 2, &report).count, 1); /* whoever tells it */
    pass(BUSY_MS + GAP_LAST_MS);
    mine = turn_by(limiter, 2, 2, NULL);
    CHECK_EQ(mine.count, 2);
    CHECK_EQ(turn_by(other, 2, 2, NULL).count, 0);
    limiter_close(other);
}

static void the_wall_clock_may_jump_without_effect(void **state)
{
    (void)state;
    if (!world->jump_wall)
        return;
    for (int i = 0; i < usual.capacity; i++)
        spend();
    world->jump_wall(world->ctx, 10 * usual.window_ms);
    CHECK_EQ(ask_for(1, 1).count, 0);
    world->jump_wall(world->ctx, -20 * usual.window_ms);
    CHECK_EQ(ask_for(1, 1).count, 0);
    pass(usual.window_ms);
    spend();
}

static void a_wall_clock_that_was_set_back_gives_no_token_early_and_none_late(void **state)
{
    (void)state;
    if (!world->jump_wall)
        return;
    for (int i = 0; i < usual.capacity; i++)
        spend();
    world->jump_wall(world->ctx, -100 * usual.window_ms);
    reopen(usual);
    CHECK_EQ(ask_for(1, 1).count, 0);
    pass(usual.window_ms - 5 * GAP_LAST_MS);
    CHECK_EQ(ask_for(1, 1).count, 0);
    pass(6 * GAP_LAST_MS); /* the time since the last change may be lost, no more */
    spend();
}

/* Nobody ran when it was set; but the machine's monotonic clock tells. */
static void a_wall_clock_that_was_set_forward_between_two_processes_gives_no_token_early(void **state)
{
    (void)state;
    if (!world->jump_wall)
        return;
    for (int i = 0; i < usual.capacity; i++)
        spend();
    limiter_close(limiter);
    world->jump_wall(world->ctx, 10 * usual.window_ms);
    limiter = world->open(world->ctx, &usual);
    CHECK_EQ(ask_for(1, 1).count, 0);
    pass(usual.window_ms);
    spend();
}

/* The wall clock was set back while the first slept, and the second started on it: it is late by that sleep, until it
 * sees the first one's time. */
static void a_process_that_starts_behind_catches_up(void **state)
{
    struct limiter *other;

    (void)state;
    if (!world->jump_wall)
        return;
    for (int i = 0; i < usual.capacity; i++)
        spend();
    pass(10000);
    world->jump_wall(world->ctx, -100 * usual.window_ms);
    other = world->open(world->ctx, &usual);
    CHECK_EQ(ask_for(2, 1).count, 1);
    CHECK_EQ(turn_by(other, 1, 1, NULL).count, 0);
    pass(usual.window_ms - 10000);
    CHECK_EQ(turn_by(other, 1, 1, NULL).count, 1);
    limiter_close(other);
}

/* ---- other settings ---- */

static void a_smaller_capacity_holds_from_the_first_turn(void **state)
{
    struct limiter_rules rules = usual;

    (void)state;
    spend();
    spend();
    rules.capacity = 1;
    reopen(rules);
    CHECK_EQ(look(11).tokens_left, 0);
    check_between(wait_for_one(), usual.window_ms - GAP_LAST_MS, usual.window_ms - GAP_LAST_MS + TICK_MS);
    pass(usual.window_ms - 2 * GAP_LAST_MS + TICK_MS); /* the first token is back, and that is not enough */
    CHECK_EQ(ask_for(1, 1).count, 0);
    pass(GAP_LAST_MS);
    take();
}

static void a_larger_capacity_is_there_at_once(void **state)
{
    struct limiter_rules rules = usual;

    (void)state;
    for (int i = 0; i < usual.capacity; i++)
        spend();
    rules.capacity = 5;
    reopen(rules);
    CHECK_EQ(look(11).tokens_left, 2);
}

static void a_shorter_window_counts_from_each_requests_end(void **state)
{
    struct limiter_rules rules = usual;

    (void)state;
    for (int i = 0; i < usual.capacity; i++)
        spend();
    rules.window_ms = 10000;
    reopen(rules);
    CHECK_EQ(look(11).tokens_left, 0);
    check_between(wait_for_one(), 10000 - 3 * GAP_LAST_MS, 10000 - 3 * GAP_LAST_MS + TICK_MS);
    pass(10000 + TICK_MS);
    CHECK_EQ(look(11).tokens_left, usual.capacity);
}

/* What returned under the shorter window is not known any more, so as much as can have been is taken for spent. */
static void a_longer_window_trusts_nothing_it_does_not_know(void **state)
{
    struct limiter_rules rules = usual;

    (void)state;
    spend();
    pass(usual.window_ms + TICK_MS);
    CHECK_EQ(look(11).tokens_left, usual.capacity);
    rules.window_ms = 10 * usual.window_ms;
    reopen(rules);
    CHECK_EQ(look(11).tokens_left, 0);
    CHECK_EQ(look(12).tokens_left, usual.capacity); /* never used: nothing to remember */
    pass(rules.window_ms);
    CHECK_EQ(look(11).tokens_left, usual.capacity);
}

static void a_grant_over_a_change_of_window_is_still_reported(void **state)
{
    struct limiter_rules rules = usual;
    struct limiter_grant grant;

    (void)state;
    grant = take();
    rules.window_ms = 10000;
    reopen(rules);
    CHECK(look(11).is_busy);
    tell(grant, false, 0);
    CHECK_EQ(look(11).tokens_left, usual.capacity);
    grant = take();
    reopen(usual);
    tell(grant, true, 0);
    CHECK(!look(11).is_busy);
}

int limiter_contract_run(const char *name, const struct limiter_world *contract)
{
    struct CMUnitTest tests[] = {
        cmocka_unit_test(grants_go_to_different_agents_the_least_used_first),
        cmocka_unit_test(only_those_asked_for_are_chosen),
        cmocka_unit_test(an_agent_has_one_request_at_a_time),
        cmocka_unit_test(a_grant_that_nobody_reports_is_over_at_its_last_moment),
        cmocka_unit_test(grants_after_one_that_nobody_reported_say_so_until_one_is_reported),
        cmocka_unit_test(between_two_requests_is_a_gap),
        cmocka_unit_test(a_request_that_was_not_sent_costs_nothing),
        cmocka_unit_test(no_more_than_the_capacity_in_a_window),
        cmocka_unit_test(look_tells_when_a_token_returns),
        cmocka_unit_test(agents_have_buckets_of_their_own),
        cmocka_unit_test(a_token_returns_a_window_after_its_requests_end),
        cmocka_unit_test(a_late_report_cannot_keep_a_token_longer),
        cmocka_unit_test(a_report_counts_once_and_an_unknown_one_not_at_all),
        cmocka_unit_test(reports_are_done_before_grants),
        cmocka_unit_test(a_held_agent_sends_nothing_until_its_time),
        cmocka_unit_test(a_hold_may_be_for_ever_and_a_person_ends_it),
        cmocka_unit_test(a_hop_takes_a_token_and_the_grant_lives_anew),
        cmocka_unit_test(a_hop_without_a_token_is_refused),
        cmocka_unit_test(a_hop_of_a_grant_that_is_over_is_refused),
        cmocka_unit_test(the_site_has_so_many_requests_at_once),
        cmocka_unit_test(the_site_has_so_many_grants_in_a_second),
        cmocka_unit_test(a_grant_given_back_does_not_count_for_the_site),
        cmocka_unit_test(a_hop_counts_for_the_site_and_is_not_refused_for_it),
        cmocka_unit_test(a_restart_forgets_nothing),
        cmocka_unit_test(after_a_crash_open_grants_are_closed_at_once),
        cmocka_unit_test(two_processes_share_one_limiter),
        cmocka_unit_test(the_wall_clock_may_jump_without_effect),
        cmocka_unit_test(a_wall_clock_that_was_set_back_gives_no_token_early_and_none_late),
        cmocka_unit_test(a_wall_clock_that_was_set_forward_between_two_processes_gives_no_token_early),
        cmocka_unit_test(a_process_that_starts_behind_catches_up),
        cmocka_unit_test(a_smaller_capacity_holds_from_the_first_turn),
        cmocka_unit_test(a_larger_capacity_is_there_at_once),
        cmocka_unit_test(a_shorter_window_counts_from_each_requests_end),
        cmocka_unit_test(a_longer_window_trusts_nothing_it_does_not_know),
        cmocka_unit_test(a_grant_over_a_change_of_window_is_still_reported),
    };

    for (size_t i = 0; i < KK_COUNT(tests); i++) {
        tests[i].setup_func = set_up;
        tests[i].teardown_func = tear_down;
        tests[i].initial_state = (void *)contract;
    }
    return _cmocka_run_group_tests(name, tests, KK_COUNT(tests), NULL, NULL) + limiter_oracle_run(name, contract);
}
