/* The limiter in Redis, against a real server: the contract, and what becomes of it when that server fails. */
#include "adapters/limiter/limiter_redis.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/redis/redis.h"
#include "contract/limiter_contract.h"
#include "contract/local_world.h"
#include "support/check.h"
#include "support/redisd.h"

static struct redisd redisd;
static struct kk_rng_seeded seeded;
static struct kk_rng rng;
static struct kk_err err;

static struct redis_settings settings_of(const char *login, int port, const char *end)
{
    struct redis_settings settings;
    char url[600];

    snprintf(url, sizeof(url), "redis://%s127.0.0.1:%d%s", login, port, end);
    CHECK_OK(redis_read_url(kk_sv_of(url), &settings, &err), &err);
    return settings;
}

/* What an operator would type. */
static void command(const char *const *words, size_t count)
{
    struct redis_settings settings = settings_of("", redisd.port, "");
    struct redis_answer answer;
    struct redis *redis;
    struct kk_sv word[8];

    for (size_t i = 0; i < count; i++)
        word[i] = kk_sv_of(words[i]);
    CHECK_OK(redis_open(&settings, &redis, &err), &err);
    CHECK_OK(redis_ask(redis, word, count, &answer, &err), &err);
    CHECK(answer.node[0].kind != REDIS_ERROR);
    redis_close(redis);
}
#define COMMAND(...) \
    command((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static struct limiter *open_at(const struct redis_settings *settings, const struct limiter_rules *rules)
{
    const struct limiter_redis_options options = {
        .rules = rules, .redis = settings, .clock = &local_clock, .test_clock = &local_clock, .rng = &rng};
    struct limiter *limiter = NULL;

    CHECK_OK(limiter_redis_open(local_store(), &options, &limiter, &err), &err);
    return limiter;
}

/* ---- the contract ---- */

static void make(void *ctx)
{
    (void)ctx;
    rng = kk_rng_from_seed(&seeded, 7);
    COMMAND("FLUSHALL");
    local_make();
}

static struct limiter *open_limiter(void *ctx, const struct limiter_rules *rules)
{
    struct redis_settings settings = settings_of("", redisd.port, "");

    (void)ctx;
    return open_at(&settings, rules);
}

static void remove_all(void *ctx)
{
    (void)ctx;
    local_remove();
}

/* ---- faults ---- */

static const struct limiter_rules rules = {
    .capacity = 3, .window_ms = 60000, .gap_ms = 0, .grant_ttl_ms = 5000, .request_timeout_ms = 15000};
#define LIFE_MS (rules.grant_ttl_ms + rules.request_timeout_ms)

struct given {
    struct limiter_grant grant[4];
    size_t count;
};

static enum kk_code try_turn(struct limiter *limiter, size_t agents, struct given *ret)
{
    static const int64_t ids[] = {1, 2, 3, 4};
    struct limiter_ask ask = {.agent_ids = ids, .agent_count = agents, .want = agents};
    int64_t wait_ms;

    ret->count = 0;
    err = (struct kk_err){0};
    return limiter_turn(limiter, &ask, ret->grant, &ret->count, &wait_ms, &err);
}

static struct given turn(struct limiter *limiter, size_t agents)
{
    struct given given;

    CHECK_OK(try_turn(limiter, agents, &given), &err);
    return given;
}

static void refused(struct limiter *limiter, enum kk_code code, const char *part)
{
    struct given given;

    CHECK_EQ(try_turn(limiter, 2, &given), code);
    CHECK_EQ(given.count, 0);
    if (!strstr(err.msg, part))
        print_error("\"%s\" does not say \"%s\"\n", err.msg, part);
    CHECK(strstr(err.msg, part));
}

/* After a failure the connection rests a moment, by the real clock. */
static void rest(void)
{
    usleep(2200 * 1000);
}

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

static void a_flushed_script_cache_is_no_failure(void **state)
{
    CHECK_EQ(turn(*state, 1).count, 1);
    COMMAND("SCRIPT", "FLUSH");
    CHECK_EQ(turn(*state, 2).count, 1);
}

static void connections_that_were_cut_are_made_again_at_once(void **state)
{
    CHECK_EQ(turn(*state, 1).count, 1);
    COMMAND("CLIENT", "KILL", "TYPE", "normal");
    CHECK_EQ(turn(*state, 2).count, 1);
}

static void a_full_redis_grants_nothing_and_goes_on_by_itself(void **state)
{
    CHECK_EQ(turn(*state, 1).count, 1);
    COMMAND("CONFIG", "SET", "maxmemory", "1");
    refused(*state, KK_UNAVAILABLE, "full");
    COMMAND("CONFIG", "SET", "maxmemory", "0");
    CHECK_EQ(turn(*state, 2).count, 1);
}

static void a_replica_grants_nothing(void **state)
{
    CHECK_EQ(turn(*state, 1).count, 1);
    COMMAND("REPLICAOF", "127.0.0.1", "1");
    refused(*state, KK_UNAVAILABLE, "replica");
    COMMAND("REPLICAOF", "NO", "ONE");
    CHECK_EQ(turn(*state, 2).count, 1);
}

/* Both agents were granted once, so the server knows their list and the next question is the turn itself. */
static void use_both(struct limiter *limiter)
{
    CHECK_EQ(turn(limiter, 2).count, 2);
    local_pass(NULL, LIFE_MS + 1);
}

/* The grants after those of use_both(), and no token spent but theirs. */
static void check_second_grants(struct limiter *limiter, const struct given *given)
{
    const int64_t ids[] = {1, 2};
    struct limiter_agent seen[2];

    CHECK_EQ(given->count, 2);
    CHECK_EQ(given->grant[0].agent_id + given->grant[1].agent_id, 3);
    CHECK_OK(limiter_look(limiter, ids, 2, seen, &err), &err);
    for (size_t i = 0; i < 2; i++) {
        CHECK_EQ(given->grant[i].id, 2);
        CHECK_EQ(given->grant[i].tokens_left, 1);
        CHECK_EQ(seen[i].tokens_left, 1);
        CHECK(seen[i].is_busy);
    }
}

static void a_redis_that_stands_still_grants_nothing_within_a_bound(void **state)
{
    struct timespec begun, ended;
    struct given given;

    use_both(*state);
    kill(redisd.pid, SIGSTOP);
    clock_gettime(CLOCK_MONOTONIC, &begun);
    given.count = 9;
    enum kk_code rc = try_turn(*state, 2, &given);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    kill(redisd.pid, SIGCONT);
    CHECK_EQ(rc, KK_UNAVAILABLE);
    CHECK_EQ(given.count, 0);
    CHECK(strstr(err.msg, "in time"));
    CHECK(ended.tv_sec - begun.tv_sec <= 2);
    given = turn(*state, 2); /* it ran the question once it woke up: the same attempt gets the same grants */
    check_second_grants(*state, &given);
}

static void a_lost_answer_asked_again_gives_the_same_grants(void **state)
{
    struct redis_proxy *proxy = redis_proxy_start(redisd.port);
    struct redis_settings settings = settings_of("", redis_proxy_port(proxy), "");
    struct limiter *limiter = open_at(&settings, &rules);
    struct given given;

    use_both(limiter);
    redis_proxy_swallow(proxy);
    given = turn(limiter, 2); /* asked again inside, after the hang-up */
    limiter_close(limiter);
    redis_proxy_stop(proxy);
    check_second_grants(*state, &given);
}

/* ---- lost data ---- */

static void a_first_start_does_not_wait(void **state)
{
    CHECK_EQ(turn(*state, 4).count, 4);
}

static void a_redis_that_forgot_lets_no_agent_send_too_much(void **state)
{
    struct given given;

    CHECK_EQ(turn(*state, 2).count, 2);
    COMMAND("FLUSHALL");
    refused(*state, KK_UNAVAILABLE, "nothing is sent for");
    local_pass(NULL, rules.grant_ttl_ms);
    given = turn(*state, 3);
    CHECK_EQ(given.count, 1); /* only the one that was never used */
    CHECK_EQ(given.grant[0].agent_id, 3);
    CHECK(!given.grant[0].is_after_silence);
    local_pass(NULL, LIFE_MS + rules.window_ms - rules.grant_ttl_ms);
    CHECK_EQ(turn(*state, 2).count, 0);
    local_pass(NULL, 1);
    given = turn(*state, 2);
    CHECK_EQ(given.count, 2);
    CHECK_EQ(given.grant[0].id, 2);         /* no number is given twice */
    CHECK(given.grant[0].is_after_silence); /* nobody knows what the lost ones were told */
}

static void a_redis_that_kept_its_data_over_a_restart_goes_on(void **state)
{
    static const char *const durable[] = {"--appendonly", "yes", "--appendfsync", "always", NULL};

    redisd_kill(&redisd);
    redisd_start(&redisd, durable);
    turn(*state, 1);
    redisd_kill(&redisd);
    rest();
    refused(*state, KK_UNAVAILABLE, "Connection refused");
    redisd_start(&redisd, durable);
    rest();
    refused(*state, KK_UNAVAILABLE, "nothing is sent for");
    local_pass(NULL, LIFE_MS + 1);
    CHECK_EQ(turn(*state, 1).count, 1); /* not held for a window: its bucket is known */
    redisd_kill(&redisd);
    redisd_start(&redisd, NULL);
}

static void another_redis_in_between_is_noticed(void **state)
{
    struct redis_settings other = settings_of("", redisd.port, "/3");
    struct limiter *there;

    CHECK_EQ(turn(*state, 1).count, 1);
    limiter_close(*state);
    there = open_at(&other, &rules);
    refused(there, KK_UNAVAILABLE, "nothing is sent for");
    local_pass(NULL, rules.grant_ttl_ms);
    CHECK_EQ(turn(there, 1).count, 0); /* what the first knew, the store told it */
    limiter_close(there);
    *state = open_limiter(NULL, &rules);
}

/* ---- the way in ---- */

static void the_password_is_asked_for_and_never_shown(void **state)
{
    struct redis_settings wrong = settings_of(":hunter2@", redisd.port, "");
    struct redis_settings none = settings_of("", redisd.port, "");
    struct redis_settings right = settings_of("kk:s%3acret@", redisd.port, "");
    struct limiter *limiter;

    (void)state;
    COMMAND("ACL", "SETUSER", "kk", "on", ">s:cret", "~*", "+@all");
    COMMAND("CONFIG", "SET", "requirepass", "other");
    limiter = open_at(&wrong, &rules);
    refused(limiter, KK_DENIED, "refuses");
    CHECK(!strstr(err.msg, "hunter2"));
    limiter_close(limiter);
    limiter = open_at(&none, &rules);
    refused(limiter, KK_DENIED, "password");
    limiter_close(limiter);
    limiter = open_at(&right, &rules);
    CHECK_EQ(turn(limiter, 1).count, 1);
    limiter_close(limiter);
    redisd_kill(&redisd);
    redisd_start(&redisd, NULL);
}

static void a_url_says_where_and_how(void **state)
{
    static const char *const bad[] = {"redis://me:hunter2@h:x", "redis:host",   "redis://",      "redis://h:0",
                                      "redis://h:99999",        "redis://h/x",  "redis://%zz@h", "redis://h?ca=",
                                      "redis://h?prefix=a{b",   "redis://h?x=1"};
    struct redis_settings s;

    (void)state;
    CHECK_OK(redis_read_url(KK_SV("rediss://me:p%40ss@[::1]:7000/2?ca=/etc/ca.pem&prefix=shop"), &s, &err), &err);
    CHECK(s.is_tls && s.db == 2);
    CHECK_STR(s.host, "::1");
    CHECK_STR(s.port, "7000");
    CHECK_STR(s.user, "me");
    CHECK_STR(s.password, "p@ss");
    CHECK_STR(s.ca_path, "/etc/ca.pem");
    CHECK_STR(s.prefix, "shop");
    for (size_t i = 0; i < KK_COUNT(bad); i++) {
        CHECK_EQ(redis_read_url(kk_sv_of(bad[i]), &s, &err), KK_BAD_INPUT);
        CHECK(!strstr(err.msg, "hunter2"));
    }
}

int main(void)
{
    static const struct limiter_world contract = {.make = make,
                                                  .open = open_limiter,
                                                  .now_ms = local_now,
                                                  .pass = local_pass,
                                                  .wall_ms = local_wall,
                                                  .remove = remove_all};
#define REDIS_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_says_where_and_how),
        REDIS_TEST(a_first_start_does_not_wait),
        REDIS_TEST(a_flushed_script_cache_is_no_failure),
        REDIS_TEST(connections_that_were_cut_are_made_again_at_once),
        REDIS_TEST(a_full_redis_grants_nothing_and_goes_on_by_itself),
        REDIS_TEST(a_replica_grants_nothing),
        REDIS_TEST(a_redis_that_stands_still_grants_nothing_within_a_bound),
        REDIS_TEST(a_lost_answer_asked_again_gives_the_same_grants),
        REDIS_TEST(a_redis_that_forgot_lets_no_agent_send_too_much),
        REDIS_TEST(a_redis_that_kept_its_data_over_a_restart_goes_on),
        REDIS_TEST(another_redis_in_between_is_noticed),
        REDIS_TEST(the_password_is_asked_for_and_never_shown),
    };
    int failed;

    if (!redisd_is_installed()) {
        print_message("[  SKIPPED ] no redis-server here: tools/setup test\n");
        return 77;
    }
    redisd_make(&redisd);
    redisd_start(&redisd, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL) + limiter_contract_run("limiter_redis", &contract);
    redisd_remove(&redisd);
    return failed;
}
