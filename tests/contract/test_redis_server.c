/* The limiter's way to its Redis: TLS, users, a cluster, a server that is too old or none. Real servers, but where a
 * real one cannot be that odd. */
#include "adapters/limiter/limiter_redis.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#include "adapters/redis/redis_state.h"
#include "contract/local_world.h"
#include "support/certificate.h"
#include "support/check.h"
#include "support/redisd.h"

#define AGENTS 3000 /* their list takes several writes */

static struct kk_rng_seeded seeded;
static struct kk_rng rng;
static struct kk_err err;
static const struct limiter_rules rules = {
    .capacity = 80, .window_ms = 60000, .gap_ms = 0, .grant_ttl_ms = 100, .request_timeout_ms = 100};

static struct redis_settings settings_of(const char *url)
{
    struct redis_settings settings;

    CHECK_OK(redis_read_url(kk_sv_of(url), &settings, &err), &err);
    return settings;
}

static struct redis_settings settings_at(const char *scheme, const char *login, int port, const char *end)
{
    char url[600];

    snprintf(url, sizeof(url), "%s://%s127.0.0.1:%d%s", scheme, login, port, end);
    return settings_of(url);
}

static struct limiter *open_at(const struct redis_settings *settings)
{
    const struct limiter_redis_options options = {
        .rules = &rules, .redis = settings, .clock = &local_clock, .test_clock = &local_clock, .rng = &rng};
    struct limiter *limiter = NULL;

    CHECK_OK(limiter_redis_open(local_store(), &options, &limiter, &err), &err);
    return limiter;
}

static enum kk_code turn(struct limiter *limiter, size_t agents, size_t want, size_t *ret_count)
{
    static int64_t ids[AGENTS];
    static struct limiter_grant grants[AGENTS];
    struct limiter_ask ask = {.agent_ids = ids, .agent_count = agents, .want = want};
    int64_t wait_ms;

    for (size_t i = 0; i < agents; i++)
        ids[i] = (int64_t)i + 1;
    *ret_count = 0;
    err = (struct kk_err){0};
    return limiter_turn(limiter, &ask, grants, ret_count, &wait_ms, &err);
}

static void grants(const struct redis_settings *settings)
{
    struct limiter *limiter = open_at(settings);
    size_t count;

    CHECK_OK(turn(limiter, 2, 2, &count), &err);
    CHECK_EQ(count, 2);
    limiter_close(limiter);
}

static void refuses(const struct redis_settings *settings, enum kk_code code, const char *part)
{
    struct limiter *limiter = open_at(settings);
    size_t count;

    CHECK_EQ(turn(limiter, 2, 2, &count), code);
    CHECK_EQ(count, 0);
    if (!strstr(err.msg, part))
        print_error("\"%s\" does not say \"%s\"\n", err.msg, part);
    CHECK(strstr(err.msg, part));
    CHECK(!strstr(err.msg, "hunter2"));
    limiter_close(limiter);
}

static int set_up(void **state)
{
    (void)state;
    rng = kk_rng_from_seed(&seeded, 7);
    local_make();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    local_remove();
    return 0;
}

/* ---- TLS ---- */

static struct redisd tls;
static char ca_option[TEST_PATH_BYTES + 8], other_option[TEST_PATH_BYTES + 8];

static void write_pem(const char *name, const char *pem, char ret_path[TEST_PATH_BYTES])
{
    test_path(tls.folder, name, ret_path);
    test_file_write(ret_path, kk_sv_of(pem));
}

static void start_tls(const char *san)
{
    struct test_certificate own, other;
    char cert[TEST_PATH_BYTES], key[TEST_PATH_BYTES], stranger[TEST_PATH_BYTES];
    const char *const words[] = {"--tls-cert-file",
                                 cert,
                                 "--tls-key-file",
                                 key,
                                 "--tls-ca-cert-file",
                                 cert,
                                 "--tls-auth-clients",
                                 "no",
                                 "--databases",
                                 "8",
                                 "--user",
                                 "kk",
                                 "on",
                                 ">hunter2:@/%",
                                 "~{kkachi}:*",
                                 "+@all",
                                 NULL};

    redisd_make(&tls);
    tls.is_tls = true;
    test_certificate_make(san, &own);
    test_certificate_make(san, &other);
    write_pem("cert.pem", own.pem, cert);
    write_pem("key.pem", own.key_pem, key);
    write_pem("stranger.pem", other.pem, stranger);
    snprintf(ca_option, sizeof(ca_option), "/5?ca=%s", cert);
    snprintf(other_option, sizeof(other_option), "/5?ca=%s", stranger);
    redisd_start(&tls, words);
}

static int stop_tls(void **state)
{
    redisd_remove(&tls);
    return tear_down(state);
}

#define LOGIN "kk:hunter2%3A%40%2F%25@"

static void through_tls_with_a_user_and_a_database_of_its_own(void **state)
{
    struct redis_settings good, answer_of;
    struct redis_state seen;
    struct redis *redis;

    (void)state;
    start_tls("IP:127.0.0.1");
    good = settings_at("rediss", LOGIN, tls.port, ca_option);
    grants(&good);
    CHECK_OK(redis_open(&good, &redis, &err), &err);
    CHECK_OK(redis_read_state(redis, &seen, &err), &err);
    CHECK_STR(seen.policy, "noeviction");
    redis_close(redis);
    answer_of = settings_at("rediss", "kk:hunter2@", tls.port, ca_option);
    refuses(&answer_of, KK_DENIED, "refuses the user or the password");
    answer_of = settings_at("rediss", LOGIN, tls.port, "/5?ca=/no/such/file");
    refuses(&answer_of, KK_BAD_INPUT, "the certificates in /no/such/file cannot be read");
}

static void a_certificate_of_somebody_elses_is_not_believed(void **state)
{
    struct redis_settings to;

    (void)state;
    start_tls("IP:127.0.0.1");
    to = settings_at("rediss", LOGIN, tls.port, other_option);
    refuses(&to, KK_DENIED, "its certificate is not trusted");
    to = settings_at("rediss", LOGIN, tls.port, "/5"); /* by what this machine trusts */
    refuses(&to, KK_DENIED, "its certificate is not trusted");
}

static void a_certificate_for_another_host_is_not_believed(void **state)
{
    struct redis_settings to;

    (void)state;
    start_tls("DNS:elsewhere.example,IP:127.0.0.9");
    to = settings_at("rediss", LOGIN, tls.port, ca_option);
    refuses(&to, KK_DENIED, "its certificate is not trusted: IP address mismatch");
}

static void clear_text_and_tls_that_meet_say_so(void **state)
{
    struct redis_settings to;
    struct redisd clear;

    (void)state;
    start_tls("IP:127.0.0.1");
    to = settings_at("redis", LOGIN, tls.port, "/5");
    refuses(&to, KK_UNAVAILABLE, "closed the connection");
    redisd_make(&clear);
    redisd_start(&clear, NULL);
    to = settings_at("rediss", "", clear.port, ca_option);
    refuses(&to, KK_UNAVAILABLE, "does it speak TLS?");
    redisd_remove(&clear);
}

/* Several writes into a connection that the other side has reset: a signal that nobody asked for would end the process.
 */
static void a_tls_connection_that_broke_ends_no_process(void **state)
{
    struct redis_settings to;
    struct limiter *limiter;
    size_t count;

    (void)state;
    start_tls("IP:127.0.0.1");
    to = settings_at("rediss", LOGIN, tls.port, ca_option);
    limiter = open_at(&to);
    for (int round = 0; round < 3; round++) {
        CHECK_OK(turn(limiter, 2, 1, &count), &err);
        redisd_kill(&tls);
        CHECK_EQ(turn(limiter, AGENTS, 1, &count), KK_UNAVAILABLE);
        limiter_close(limiter);
        limiter = open_at(&to);
        stop_tls(NULL);
        set_up(NULL);
        start_tls("IP:127.0.0.1");
        limiter_close(limiter);
        to = settings_at("rediss", LOGIN, tls.port, ca_option);
        limiter = open_at(&to);
    }
    limiter_close(limiter);
}

/* ---- a cluster ---- */

static void command(int port, const char *const *words)
{
    struct redis_settings settings = settings_at("redis", "", port, "");
    struct redis_answer answer = {0};
    struct redis *redis;
    struct kk_sv word[8];
    size_t count = 0;

    for (; words[count]; count++)
        word[count] = kk_sv_of(words[count]);
    CHECK_OK(redis_open(&settings, &redis, &err), &err);
    CHECK_OK(redis_ask(redis, word, count, &answer, &err), &err);
    CHECK(answer.node[0].kind != REDIS_ERROR);
    redis_close(redis);
}

static bool knows_the_other(int port)
{
    struct redis_settings settings = settings_at("redis", "", port, "");
    struct redis *redis;
    enum kk_code rc;

    CHECK_OK(redis_open(&settings, &redis, &err), &err);
    rc = redis_seek(redis, "{kkachi}:pool", &err);
    redis_close(redis);
    return rc == KK_OK;
}

static void the_node_that_has_the_pool_is_found_from_any_other(void **state)
{
    struct redisd entry, home;
    char port[16], bus[16];
    struct redis_settings to;

    (void)state;
    redisd_make(&entry);
    redisd_make(&home);
    snprintf(bus, sizeof(bus), "%d", redisd_free_port());
    redisd_start(&home, (const char *const[]){"--cluster-enabled", "yes", "--cluster-port", bus, NULL});
    snprintf(port, sizeof(port), "%d", redisd_free_port());
    redisd_start(&entry, (const char *const[]){"--cluster-enabled", "yes", "--cluster-port", port, NULL});
    to = settings_at("redis", "", entry.port, "");
    refuses(&to, KK_UNAVAILABLE, "the Redis cluster is down");
    command(home.port, (const char *const[]){"CLUSTER", "ADDSLOTSRANGE", "0", "16383", NULL});
    snprintf(port, sizeof(port), "%d", home.port);
    command(entry.port, (const char *const[]){"CLUSTER", "MEET", "127.0.0.1", port, bus, NULL});
    for (int i = 0; i < 1000 && !knows_the_other(entry.port); i++)
        usleep(20000);
    grants(&to);
    to = settings_at("redis", "", entry.port, "/3");
    refuses(&to, KK_UNAVAILABLE, "SELECT is not allowed in cluster mode");
    redisd_remove(&entry);
    redisd_remove(&home);
}

/* ---- odd servers ---- */

struct stub { /* answers each question with the next of its lines, to one client after another */
    int fd, port;
    const char *answer;
    pthread_t thread;
    atomic_bool is_over;
};

static void *run_stub(void *ctx)
{
    struct stub *stub = ctx;
    char question[4096];

    while (!atomic_load(&stub->is_over)) {
        int client = accept(stub->fd, NULL, NULL);

        while (client >= 0 && recv(client, question, sizeof(question), 0) > 0)
            if (send(client, stub->answer, strlen(stub->answer), MSG_NOSIGNAL) < 0)
                break;
        close(client);
    }
    return NULL;
}

static void start_stub(struct stub *stub, const char *answer)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval patience = {.tv_sec = 5};
    socklen_t len = sizeof(at);

    *stub = (struct stub){.answer = answer};
    stub->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(stub->fd >= 0 && bind(stub->fd, (struct sockaddr *)&at, len) == 0 && listen(stub->fd, 4) == 0);
    CHECK(setsockopt(stub->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
    CHECK(getsockname(stub->fd, (struct sockaddr *)&at, &len) == 0);
    stub->port = ntohs(at.sin_port);
    CHECK_EQ(pthread_create(&stub->thread, NULL, run_stub, stub), 0);
}

static void stop_stub(struct stub *stub)
{
    atomic_store(&stub->is_over, true);
    shutdown(stub->fd, SHUT_RDWR);
    pthread_join(stub->thread, NULL);
    close(stub->fd);
}

static void what_is_no_redis_that_we_can_use_is_named(void **state)
{
    static const struct {
        const char *answer, *says;
    } odd[] = {
        {"$41\r\nredis_version:5.0.14\r\nrun_id:0123456789\r\n\r\n", "this is Redis 5.0.14, and the limiter needs 6.2"},
        {"$21\r\nredis_version:7.0.15\n\r\n", "the other side does not say which Redis it is"},
        {"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak as a Redis does"},
        {"$2\r\nOK\r\n+more\r\n", "answered more than it was asked"},
        {"*-7\r\n", "too large"},
    };

    (void)state;
    for (size_t i = 0; i < KK_COUNT(odd); i++) {
        struct redis_settings to;
        struct stub stub;

        start_stub(&stub, odd[i].answer);
        to = settings_at("redis", "", stub.port, "");
        refuses(&to, KK_MISMATCH, odd[i].says);
        stop_stub(&stub);
    }
}

/* ---- a server in trouble ---- */

static void a_slow_redis_is_given_up_within_a_bound(void **state)
{
    struct redisd slow;
    struct redis_settings to;
    struct limiter *limiter;
    struct timespec begun, ended;
    size_t count;

    (void)state;
    redisd_make(&slow);
    redisd_start(&slow, NULL);
    to = settings_at("redis", "", slow.port, "");
    limiter = open_at(&to);
    CHECK_OK(turn(limiter, 1, 1, &count), &err);
    command(slow.port, (const char *const[]){"CLIENT", "PAUSE", "3000", NULL});
    clock_gettime(CLOCK_MONOTONIC, &begun);
    CHECK_EQ(turn(limiter, 2, 1, &count), KK_UNAVAILABLE);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    CHECK(strstr(err.msg, "did not answer in time"));
    CHECK(ended.tv_sec - begun.tv_sec <= 3);
    for (int i = 0; i < 100 && turn(limiter, 2, 1, &count); i++)
        usleep(100000);
    CHECK_EQ(count, 1); /* by itself */
    limiter_close(limiter);
    redisd_remove(&slow);
}

int main(void)
{
#define SERVER_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
#define TLS_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, stop_tls)
    const struct CMUnitTest tests[] = {
        TLS_TEST(through_tls_with_a_user_and_a_database_of_its_own),
        TLS_TEST(a_certificate_of_somebody_elses_is_not_believed),
        TLS_TEST(a_certificate_for_another_host_is_not_believed),
        TLS_TEST(clear_text_and_tls_that_meet_say_so),
        TLS_TEST(a_tls_connection_that_broke_ends_no_process),
        SERVER_TEST(the_node_that_has_the_pool_is_found_from_any_other),
        SERVER_TEST(what_is_no_redis_that_we_can_use_is_named),
        SERVER_TEST(a_slow_redis_is_given_up_within_a_bound),
    };

    if (!redisd_is_installed()) {
        print_message("[  SKIPPED ] no redis-server here: tools/setup test\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
