/* The limiter in the store: the contract, and what being in the store means. */
#include "adapters/limiter/limiter_local.h"

#include "contract/limiter_contract.h"
#include "contract/local_world.h"
#include "support/check.h"

static struct kk_rng_seeded seeded;
static struct kk_rng rng;
static struct store *last_store;
static struct kk_err err;

static void make(void *ctx)
{
    (void)ctx;
    rng = kk_rng_from_seed(&seeded, 7);
    local_make();
}

/* Each with a connection of its own, as two processes have. */
static struct limiter *open_limiter(void *ctx, const struct limiter_rules *rules)
{
    struct limiter *limiter = NULL;

    (void)ctx;
    last_store = local_store();
    CHECK_OK(limiter_local_open(last_store, rules, &local_clock, &rng, &limiter, &err), &err);
    return limiter;
}

static void jump_wall(void *ctx, int64_t ms)
{
    (void)ctx;
    local_wall_ms += ms;
}

static void remove_all(void *ctx)
{
    (void)ctx;
    local_remove();
}

static const struct limiter_rules rules = {
    .capacity = 3, .window_ms = 60000, .gap_ms = 0, .grant_ttl_ms = 5000, .request_timeout_ms = 15000};

static int set_up(void **state)
{
    make(NULL);
    *state = open_limiter(NULL, &rules);
    return 0;
}

static int tear_down(void **state)
{
    limiter_close(*state);
    remove_all(NULL);
    return 0;
}

static struct limiter_grant take(struct limiter *limiter, size_t *ret_count)
{
    const int64_t id = 1;
    struct limiter_ask ask = {.agent_ids = &id, .agent_count = 1, .want = 1};
    struct limiter_grant grant = {.id = 0};
    int64_t wait_ms;

    CHECK_OK(limiter_turn(limiter, &ask, &grant, ret_count, &wait_ms, &err), &err);
    return grant;
}

static int64_t tokens_left(struct limiter *limiter)
{
    const int64_t id = 1;
    struct limiter_agent seen;

    CHECK_OK(limiter_look(limiter, &id, 1, &seen, &err), &err);
    return seen.tokens_left;
}

static void a_rollback_gives_the_token_back_and_the_grant_was_none(void **state)
{
    struct limiter_grant rolled_back, grant;
    size_t count;

    CHECK_OK(store_begin(last_store, &err), &err);
    rolled_back = take(*state, &count);
    CHECK_EQ(count, 1);
    CHECK_EQ(tokens_left(*state), 2);
    store_rollback(last_store);
    CHECK_EQ(tokens_left(*state), 3);
    grant = take(*state, &count);
    CHECK_EQ(count, 1);
    CHECK_EQ(grant.id, rolled_back.id);
    CHECK_EQ(tokens_left(*state), 2);
}

static void a_refused_hop_leaves_the_transaction_whole(void **state)
{
    struct limiter_grant unknown = {.id = 9, .agent_id = 1};
    KK_CLEANUP(kk_buf_done) struct kk_buf value = KK_BUF(10);

    CHECK_OK(store_begin(last_store, &err), &err);
    CHECK_OK(store_put_setting(last_store, "colour", KK_SV("red"), &err), &err);
    CHECK_EQ(limiter_again(*state, &unknown, &err), KK_LIMITED);
    CHECK_OK(store_commit(last_store, &err), &err);
    CHECK_OK(store_get_setting(last_store, "colour", &value, &err), &err);
}

static void a_store_that_is_locked_grants_nothing(void **state)
{
    struct store *other = local_store();
    const int64_t id = 1;
    struct limiter_ask ask = {.agent_ids = &id, .agent_count = 1, .want = 1};
    struct limiter_grant grant;
    int64_t wait_ms = 0;
    size_t count = 0;

    CHECK_OK(store_begin(other, &err), &err);
    CHECK_EQ(limiter_turn(*state, &ask, &grant, &count, &wait_ms, &err), KK_BUSY);
    CHECK_EQ(count, 0);
    CHECK(err.msg[0]);
    store_rollback(other);
    CHECK_EQ(tokens_left(*state), 3);
}

static void many_agents_are_chosen_evenly(void **state)
{
    int64_t ids[300];
    struct limiter_ask ask = {.agent_ids = ids, .agent_count = 300, .want = 64};
    struct limiter_grant grants[64];
    struct limiter_report reports[64];
    int used[300] = {0};

    for (int i = 0; i < 300; i++)
        ids[i] = i + 1;
    for (int turn = 0; turn < 30; turn++) {
        size_t count = 0;
        int64_t wait_ms;

        CHECK_OK(limiter_turn(*state, &ask, grants, &count, &wait_ms, &err), &err);
        CHECK_EQ(count, turn < 14 ? 64 : count);
        for (size_t i = 0; i < count; i++) {
            used[grants[i].agent_id - 1]++;
            reports[i] =
                (struct limiter_report){.grant_id = grants[i].id, .agent_id = grants[i].agent_id, .was_sent = true};
        }
        ask.reports = reports;
        ask.report_count = count;
        local_pass(NULL, 10);
    }
    for (int i = 0; i < 300; i++)
        CHECK_EQ(used[i], 3);
}

int main(void)
{
    static const struct limiter_world contract = {.make = make,
                                                  .open = open_limiter,
                                                  .now_ms = local_now,
                                                  .pass = local_pass,
                                                  .jump_wall = jump_wall,
                                                  .wall_ms = local_wall,
                                                  .remove = remove_all};
#define LOCAL_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        LOCAL_TEST(a_rollback_gives_the_token_back_and_the_grant_was_none),
        LOCAL_TEST(a_refused_hop_leaves_the_transaction_whole),
        LOCAL_TEST(a_store_that_is_locked_grants_nothing),
        LOCAL_TEST(many_agents_are_chosen_evenly),
    };

    return limiter_contract_run("limiter_local", &contract) + cmocka_run_group_tests(tests, NULL, NULL);
}
