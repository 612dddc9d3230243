/* The wire's small parts without a server: answers as bytes, and a name service that does not answer. */
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "adapters/redis/redis_priv.h"
#include "support/check.h"

static struct kk_err err;

/* ---- names: this stands in for libc's, so that a lookup can hang ---- */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

int getaddrinfo(const char *restrict node, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict found)
{
    (void)service;
    (void)found;
    if (hints->ai_flags & AI_NUMERICHOST)
        return EAI_NONAME;
    if (strcmp(node, "slow.example") == 0) {
        pthread_mutex_lock(&gate);
        pthread_mutex_unlock(&gate);
    }
    return EAI_AGAIN;
}

static enum kk_code resolve(const char *name, int64_t wait_ms)
{
    struct addrinfo *found;

    return redis_resolve(name, "6379", redis_now_ms() + wait_ms, &found, &err);
}

static void a_name_service_that_is_silent_costs_no_more_than_the_time_given(void **state)
{
    int64_t begun_ms = redis_now_ms();
    enum kk_code rc = KK_TIMEOUT;

    (void)state;
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(resolve("slow.example", 30), KK_TIMEOUT);
    CHECK(strstr(err.msg, "does the name service answer?"));
    CHECK(redis_now_ms() - begun_ms < 5000);
    pthread_mutex_unlock(&gate); /* those that wait end, and make room for others */
    for (int i = 0; rc == KK_TIMEOUT && i < 500; i++) {
        poll(NULL, 0, 10);
        rc = resolve("quick.example", 1000);
    }
    CHECK_EQ(rc, KK_UNAVAILABLE);
    CHECK(strstr(err.msg, "its name has no address"));
}

/* ---- answers ---- */

static enum kk_code read_bytes(struct redis_reader *reader, const char *bytes, size_t *ret_used)
{
    return redis_read(reader, kk_sv_of(bytes), ret_used, &err);
}

static void an_answer_is_read_whole_or_not_yet(void **state)
{
    static const char whole[] = "*4\r\n$2\r\nOK\r\n:-12\r\n*2\r\n$-1\r\n*0\r\n-ERR no\r\n";
    struct redis_reader reader = {0};
    char part[sizeof(whole)];
    size_t used;

    (void)state;
    for (size_t len = 0; len + 1 < sizeof(whole); len++) {
        memcpy(part, whole, len);
        part[len] = '\0';
        CHECK_OK(read_bytes(&reader, part, &used), &err);
        CHECK_EQ(used, 0);
    }
    CHECK_OK(read_bytes(&reader, whole, &used), &err);
    CHECK_EQ(used, sizeof(whole) - 1);
    CHECK_EQ(reader.count, 7);
    CHECK(reader.node[0].kind == REDIS_LIST && reader.node[0].number == 4);
    CHECK(kk_sv_eq(reader.node[1].text, KK_SV("OK")));
    CHECK_EQ(reader.node[2].number, -12);
    CHECK(reader.node[4].kind == REDIS_NIL && reader.node[5].kind == REDIS_LIST);
    CHECK(reader.node[6].kind == REDIS_ERROR && kk_sv_eq(reader.node[6].text, KK_SV("ERR no")));
    redis_reader_done(&reader);
}

static void what_is_no_answer_of_a_redis_is_refused(void **state)
{
    static const char *const bad[] = {"HTTP/1.1 400 Bad Request\r\n",
                                      ":x\r\n",
                                      "$-2\r\n",
                                      "*400001\r\n",
                                      "$9999999999\r\n",
                                      "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"};
    struct redis_reader reader = {0};
    size_t used;

    (void)state;
    for (size_t i = 0; i < KK_COUNT(bad); i++)
        CHECK_EQ(read_bytes(&reader, bad[i], &used), KK_MISMATCH);
    CHECK_EQ(redis_read(&reader,
                        KK_SV("\0"
                              "1\r\n"),
                        &used, &err),
             KK_MISMATCH);
    redis_reader_done(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_service_that_is_silent_costs_no_more_than_the_time_given),
        cmocka_unit_test(an_answer_is_read_whole_or_not_yet),
        cmocka_unit_test(what_is_no_answer_of_a_redis_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
