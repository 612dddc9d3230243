/* Keys where AWS's own tools find them, renewed before they end; and what calls do when AWS says no. AWS is a stub. */
#include "adapters/aws/credentials.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/aws/aws.h"
#include "support/check.h"
#include "support/folder.h"
#include "support/httpd.h"

#define NOW_MS INT64_C(1795852800000) /* 2026-11-28T08:00:00Z */

static int64_t now_ms, mono_ms;
static struct http *http;
static struct kk_err err;
static char folder[TEST_PATH_BYTES];

static int64_t wall(void *ctx)
{
    (void)ctx;
    return now_ms;
}
static int64_t mono(void *ctx)
{
    (void)ctx;
    return mono_ms;
}
static const struct kk_clock clock_of_tests = {.wall_ms = wall, .mono_ms = mono};

static uint64_t most(void *ctx)
{
    (void)ctx;
    return 1999999999999; /* the last of any hundred */
}
static uint64_t least(void *ctx)
{
    (void)ctx;
    return 1000000000000; /* the first */
}

/* ---- the stub ---- */

static struct {
    struct httpd *httpd;
    pthread_mutex_t lock;
    bool is_down, wants_token_again;
    char ends[32]; /* Expiration of what it gives */
    int key_count; /* keys given: "AKIA1", "AKIA2" … */
    char last_headers[4096];
    int calls;
    const char *script[8]; /* answers to calls of a service, one after another; NULL: 200 {} */
    int64_t clock_ms;      /* of AWS; 0: it does not look */
    char used_key[64];     /* of the last signature */
} stub = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void header_of(struct kk_sv headers, const char *name, char *ret, size_t bytes)
{
    ret[0] = '\0';
    while (headers.len) {
        struct kk_sv value = kk_sv_cut(&headers, '\n'), key = kk_sv_cut(&value, ':');

        if (value.len && value.ptr[value.len - 1] == '\r')
            value.len--;
        if (kk_sv_eq_ci(key, kk_sv_of(name)))
            kk_sv_copy(kk_sv_trim(value), ret, bytes);
    }
}

static bool give_key(struct httpd_conn *conn)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(1024);

    if (stub.is_down)
        return httpd_reply(conn, 500, "", KK_SV(""));
    stub.key_count++;
    kk_buf_addf(&body, "{\"AccessKeyId\":\"AKIA%d\",\"SecretAccessKey\":\"s\",\"Token\":\"t%d\",\"Expiration\":\"%s\"}",
                stub.key_count, stub.key_count, stub.ends);
    return httpd_reply(conn, 200, "", kk_buf_sv(&body));
}

static bool answer_machine(struct httpd_conn *conn, const struct httpd_call *call)
{
    char token[64], ttl[64];

    if (kk_sv_eq(call->path, KK_SV("/latest/api/token"))) {
        header_of(call->headers, "x-aws-ec2-metadata-token-ttl-seconds", ttl, sizeof(ttl));
        return httpd_reply(conn, kk_sv_eq(call->method, KK_SV("PUT")) && ttl[0] ? 200 : 400, "", KK_SV("imds-token"));
    }
    header_of(call->headers, "x-aws-ec2-metadata-token", token, sizeof(token));
    if (strcmp(token, "imds-token") != 0)
        return httpd_reply(conn, 401, "", KK_SV(""));
    if (kk_sv_eq(call->path, KK_SV("/latest/meta-data/iam/security-credentials/")))
        return httpd_reply(conn, 200, "", KK_SV("the-role\n"));
    if (kk_sv_eq(call->path, KK_SV("/latest/meta-data/iam/security-credentials/the-role")))
        return give_key(conn);
    return httpd_reply(conn, 404, "", KK_SV(""));
}

/* "Sat, 28 Nov 2026 08:00:00 GMT", as all clocks of these tests are of that day. */
static bool answer_service(struct httpd_conn *conn, const struct httpd_call *call)
{
    const char *words = stub.script[stub.calls];
    char date[64], authorization[512], head[128];
    int64_t minute = stub.clock_ms / KK_MINUTE_MS % (24 * 60), status = 500;
    struct kk_sv key, rest;

    stub.calls++;
    header_of(call->headers, "authorization", authorization, sizeof(authorization));
    key = kk_sv_of(strstr(authorization, "Credential=") ? strstr(authorization, "Credential=") + 11 : "");
    kk_sv_copy(kk_sv_cut(&key, '/'), stub.used_key, sizeof(stub.used_key));
    header_of(call->headers, "x-amz-date", date, sizeof(date));
    if (stub.clock_ms) {
        char hour[32];

        snprintf(head, sizeof(head), "Date: Sat, 28 Nov 2026 %02d:%02d:00 GMT\r\n", (int)(minute / 60),
                 (int)(minute % 60));
        snprintf(hour, sizeof(hour), "%02d%02d", (int)(minute / 60), (int)(minute % 60));
        if (strlen(date) < 13 || strncmp(date + 9, hour, 4) != 0)
            return httpd_reply(conn, 403, head,
                               KK_SV("{\"__type\":\"InvalidSignatureException\",\"message\":"
                                     "\"Signature expired: too old\"}"));
    }
    rest = kk_sv_of(words ? words : "200 {}");
    kk_sv_i64(kk_sv_cut(&rest, ' '), &status);
    return httpd_reply(conn, (int)status, "", rest);
}

static bool answer(void *ctx, struct httpd_conn *conn, const struct httpd_call *call)
{
    bool stays;

    (void)ctx;
    pthread_mutex_lock(&stub.lock);
    kk_sv_copy(call->headers, stub.last_headers, sizeof(stub.last_headers));
    if (kk_sv_starts(call->path, KK_SV("/latest/")))
        stays = answer_machine(conn, call);
    else if (kk_sv_eq(call->path, KK_SV("/ecs")))
        stays = give_key(conn);
    else
        stays = answer_service(conn, call);
    pthread_mutex_unlock(&stub.lock);
    return stays;
}

/* ---- each test begins with an empty environment ---- */

static void forget_environment(void)
{
    static const char *const names[] = {"AWS_ACCESS_KEY_ID",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",
                                        "AWS_PROFILE",
                                        "AWS_REGION",
                                        "AWS_DEFAULT_REGION",
                                        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                                        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                        "AWS_EC2_METADATA_DISABLED"};

    for (size_t i = 0; i < KK_COUNT(names); i++)
        unsetenv(names[i]);
}

static void write_file(const char *name, const char *text, char ret_path[TEST_PATH_BYTES])
{
    test_path(folder, name, ret_path);
    test_file_write(ret_path, kk_sv_of(text));
}

static int set_up(void **state)
{
    char url[HTTPD_URL_BYTES], path[TEST_PATH_BYTES];

    (void)state;
    forget_environment();
    test_folder_make(folder);
    write_file("none", "", path);
    setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1);
    setenv("AWS_CONFIG_FILE", path, 1);
    now_ms = NOW_MS;
    mono_ms = 0;
    stub.is_down = false;
    stub.key_count = stub.calls = 0;
    stub.clock_ms = 0;
    memset(stub.script, 0, sizeof(stub.script));
    snprintf(stub.ends, sizeof(stub.ends), "2026-11-28T09:00:00Z");
    stub.httpd = httpd_start(answer, NULL);
    httpd_url(stub.httpd, "", url);
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url, 1);
    CHECK_OK(http_open(&(struct http_settings){.max_transfers = 4}, &http, &err), &err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_close(http);
    httpd_stop(stub.httpd);
    test_folder_remove(folder);
    return 0;
}

static enum kk_code get(struct credentials *keys)
{
    return credentials_get(keys, http, &clock_of_tests, &err);
}

static void use_ecs(void)
{
    char url[HTTPD_URL_BYTES];

    httpd_url(stub.httpd, "/ecs", url);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc", 1);
}

/* ---- where keys are found ---- */

static void the_environment_comes_first(void **state)
{
    struct credentials keys = {0};

    (void)state;
    use_ecs();
    setenv("AWS_ACCESS_KEY_ID", "AKIAENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "hush", 1);
    setenv("AWS_SESSION_TOKEN", "session", 1);
    CHECK_OK(get(&keys), &err);
    CHECK_STR(keys.access_key, "AKIAENV");
    CHECK_STR(keys.token, "session");
    CHECK_EQ(httpd_call_count(stub.httpd), 0);
}

static void a_profile_is_read_from_both_files(void **state)
{
    struct credentials keys = {0};
    char path[TEST_PATH_BYTES], region[AWS_REGION_BYTES];

    (void)state;
    write_file("credentials",
               "[default]\naws_access_key_id = AKIADEF\naws_secret_access_key = d\n"
               "[team]\naws_access_key_id=AKIATEAM\naws_secret_access_key=t/+=\n",
               path);
    setenv("AWS_SHARED_CREDENTIALS_FILE", path, 1);
    write_file("config",
               "[default]\nregion = us-east-1\n[profile team]\nregion = ap-northeast-2\n"
               "[profile other]\naws_access_key_id=AKIAOTHER\naws_secret_access_key=o\n",
               path);
    setenv("AWS_CONFIG_FILE", path, 1);
    CHECK_OK(get(&keys), &err);
    CHECK_STR(keys.access_key, "AKIADEF");

    setenv("AWS_PROFILE", "team", 1);
    keys = (struct credentials){0};
    CHECK_OK(get(&keys), &err);
    CHECK_STR(keys.access_key, "AKIATEAM");
    CHECK_STR(keys.secret, "t/+=");
    credentials_region(region);
    CHECK_STR(region, "ap-northeast-2");

    setenv("AWS_PROFILE", "other", 1);
    keys = (struct credentials){0};
    CHECK_OK(get(&keys), &err);
    CHECK_STR(keys.access_key, "AKIAOTHER");
    setenv("AWS_REGION", "eu-west-1", 1);
    credentials_region(region);
    CHECK_STR(region, "eu-west-1");
}

static void a_container_asks_its_endpoint_with_its_token(void **state)
{
    struct credentials keys = {0};
    char path[TEST_PATH_BYTES], sent[64];

    (void)state;
    use_ecs();
    CHECK_OK(get(&keys), &err);
    CHECK_STR(keys.access_key, "AKIA1");
    CHECK_STR(keys.token, "t1");
    header_of(kk_sv_of(stub.last_headers), "authorization", sent, sizeof(sent));
    CHECK_STR(sent, "Basic abc");
    write_file("token", "from-file\n", path);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path, 1);
    keys = (struct credentials){0};
    CHECK_OK(get(&keys), &err);
    header_of(kk_sv_of(stub.last_headers), "authorization", sent, sizeof(sent));
    CHECK_STR(sent, "from-file");
}

static void a_token_is_sent_to_no_far_host(void **state)
{
    struct credentials keys = {0};

    (void)state;
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/ecs", 1);
    CHECK_EQ(get(&keys), KK_BAD_INPUT);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1.evil.example/ecs", 1);
    CHECK_EQ(get(&keys), KK_BAD_INPUT);
}

static void a_machine_is_asked_as_imdsv2_wants(void **state)
{
    struct credentials keys = {0};

    (void)state;
    CHECK_OK(get(&keys), &err);
    CHECK_STR(keys.access_key, "AKIA1");
    CHECK_EQ(keys.ends_at_ms, NOW_MS + KK_HOUR_MS);
    CHECK_EQ(httpd_call_count(stub.httpd), 3);
}

static void without_any_the_sentence_says_where_they_may_be_put(void **state)
{
    struct credentials keys = {0};

    (void)state;
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    CHECK_EQ(get(&keys), KK_DENIED);
    CHECK(strstr(err.msg, "AWS_ACCESS_KEY_ID") && strstr(err.msg, "role"));
}

/* ---- keys that end ---- */

static void keys_are_renewed_before_they_end(void **state)
{
    struct credentials keys = {0};

    (void)state;
    use_ecs();
    CHECK_OK(get(&keys), &err);
    now_ms = NOW_MS + 54 * KK_MINUTE_MS;
    CHECK_OK(get(&keys), &err);
    CHECK_STR(keys.access_key, "AKIA1");
    now_ms = NOW_MS + 56 * KK_MINUTE_MS;
    snprintf(stub.ends, sizeof(stub.ends), "2026-11-28T10:00:00Z");
    CHECK_OK(get(&keys), &err);
    CHECK_STR(keys.access_key, "AKIA2");
    CHECK_EQ(keys.ends_at_ms, NOW_MS + 2 * KK_HOUR_MS);
}

static void an_old_key_serves_while_it_lasts_and_no_longer(void **state)
{
    struct credentials keys = {0};

    (void)state;
    use_ecs();
    CHECK_OK(get(&keys), &err);
    stub.is_down = true;
    now_ms = NOW_MS + 57 * KK_MINUTE_MS;
    CHECK_OK(get(&keys), &err);
    CHECK_STR(keys.access_key, "AKIA1");
    CHECK_EQ(httpd_call_count(stub.httpd), 2);
    CHECK_OK(get(&keys), &err);
    CHECK_EQ(httpd_call_count(stub.httpd), 2); /* not at once again */
    now_ms = NOW_MS + KK_HOUR_MS;
    CHECK_EQ(get(&keys), KK_DENIED);
    stub.is_down = false;
    CHECK_OK(get(&keys), &err);
    CHECK_STR(keys.access_key, "AKIA2");
}

/* ---- what calls do when AWS says no ---- */

static struct aws_place place;
static struct kk_rng rng;

static enum kk_code call(struct aws *aws)
{
    const struct aws_request request = {.place = &place,
                                        .method = HTTP_POST,
                                        .body = KK_SV("{}"),
                                        .timeout_ms = 5000,
                                        .max_body_bytes = 4096,
                                        .what = "call"};
    struct aws_reply reply;
    enum kk_code rc = aws_call_one(aws, &request, &reply, &err);

    aws_reply_done(&reply);
    return rc;
}

static struct aws *open_aws(uint64_t (*chance)(void *ctx))
{
    struct aws *aws = NULL;
    char url[HTTPD_URL_BYTES];

    httpd_url(stub.httpd, "", url);
    rng = (struct kk_rng){.next = chance};
    CHECK_OK(aws_open(&clock_of_tests, &rng, &aws, &err), &err);
    CHECK_OK(aws_place_set(&place, "sqs", KK_SV("us-east-1"), kk_sv_of(url), &err), &err);
    return aws;
}

static int64_t real_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void a_wrong_clock_is_noticed_and_made_good(void **state)
{
    struct aws *aws;

    (void)state;
    use_ecs();
    aws = open_aws(least);
    stub.clock_ms = NOW_MS + 25 * KK_MINUTE_MS;
    CHECK_OK(call(aws), &err);
    CHECK_EQ(stub.calls, 2);
    CHECK_EQ(aws_skew_ms(aws), 25 * KK_MINUTE_MS);
    CHECK_OK(call(aws), &err); /* from now on at the first try */
    CHECK_EQ(stub.calls, 3);
    stub.clock_ms = NOW_MS; /* somebody set ours right */
    CHECK_OK(call(aws), &err);
    CHECK_EQ(aws_skew_ms(aws), 0);
    aws_close(aws);
}

static void throttling_is_waited_out_with_jitter(void **state)
{
    static const char *const answers[][2] = {
        {"400 {\"__type\":\"ThrottlingException\"}", "503 <Error><Code>SlowDown</Code></Error>"},
        {"429 {}", "503 "},
    };
    struct aws *aws;
    int64_t began_ms;

    (void)state;
    use_ecs();
    for (size_t i = 0; i < KK_COUNT(answers); i++) {
        stub.calls = 0;
        stub.script[0] = answers[i][0];
        stub.script[1] = answers[i][1];
        aws = open_aws(most); /* the longest waits: 100 and 200 ms */
        began_ms = real_ms();
        CHECK_OK(call(aws), &err);
        CHECK_EQ(stub.calls, 3);
        CHECK(real_ms() - began_ms >= 290);
        aws_close(aws);
    }
    stub.calls = 0;
    aws = open_aws(least); /* none */
    began_ms = real_ms();
    CHECK_OK(call(aws), &err);
    CHECK(real_ms() - began_ms < 200);
    stub.calls = 0;
    stub.script[2] = "400 {\"__type\":\"ThrottlingException\"}";
    CHECK_EQ(call(aws), KK_LIMITED); /* three tries, and the caller's own patience comes next */
    CHECK_EQ(stub.calls, 3);
    aws_close(aws);
}

static void a_key_that_ended_early_is_renewed_at_once(void **state)
{
    struct aws *aws;

    (void)state;
    use_ecs();
    aws = open_aws(least);
    stub.script[0] = "400 {\"__type\":\"com.amazon.coral.service#ExpiredTokenException\"}";
    CHECK_OK(call(aws), &err);
    CHECK_EQ(stub.calls, 2);
    CHECK_STR(stub.used_key, "AKIA2");
    aws_close(aws);
}

static void a_missing_right_is_named_and_not_tried_again(void **state)
{
    struct aws *aws;

    (void)state;
    use_ecs();
    aws = open_aws(least);
    stub.script[0] = "400 {\"__type\":\"AccessDeniedException\",\"Message\":\"User: arn:aws:iam::1:user/x is not "
                     "authorized to perform: sqs:SendMessage on resource: arn:x because no policy allows it\"}";
    CHECK_EQ(call(aws), KK_DENIED);
    CHECK_STR(err.msg, "call: the role lacks the right sqs:SendMessage: add it to its policy");
    CHECK_EQ(stub.calls, 1);
    aws_close(aws);
}

int main(void)
{
#define KEYS_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        KEYS_TEST(the_environment_comes_first),
        KEYS_TEST(a_profile_is_read_from_both_files),
        KEYS_TEST(a_container_asks_its_endpoint_with_its_token),
        KEYS_TEST(a_token_is_sent_to_no_far_host),
        KEYS_TEST(a_machine_is_asked_as_imdsv2_wants),
        KEYS_TEST(without_any_the_sentence_says_where_they_may_be_put),
        KEYS_TEST(keys_are_renewed_before_they_end),
        KEYS_TEST(an_old_key_serves_while_it_lasts_and_no_longer),
        KEYS_TEST(a_wrong_clock_is_noticed_and_made_good),
        KEYS_TEST(throttling_is_waited_out_with_jitter),
        KEYS_TEST(a_key_that_ended_early_is_renewed_at_once),
        KEYS_TEST(a_missing_right_is_named_and_not_tried_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
