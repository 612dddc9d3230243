#include "adapters/sink/sink_webhook.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/http/http_curl.h"
#include "adapters/sink/webhook_signature.h"
#include "base/clock.h"
#include "base/hash.h"
#include "contract/sink_contract.h"
#include "support/check.h"
#include "support/httpd.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define NOW_MS INT64_C(1763800200123)

static int64_t still_ms(void *ctx)
{
    (void)ctx;
    return NOW_MS;
}
static const struct kk_clock still = {.wall_ms = still_ms, .mono_ms = still_ms};

#define TRACEPARENT "00-b932baba2b5d020a6fd9961721790d9d-c40e78dc24c44d47-01"
#define TEN "가가가가가가가가가가"

/* The consumer, as a team would write one: it checks the signature before it believes a word. */
static struct {
    struct httpd *httpd;
    struct http *http;
    pthread_mutex_t lock; /* for what follows */
    struct kk_buf arrived;
    bool is_failing;
    const char *answer;      /* its bytes; NULL: 204, or 500 when it is failing */
    bool is_cut, is_endless; /* after these bytes the connection ends, or never stops sending */
    int bad_count, now_count, most_count;
    char content_type[128], traceparent[64];
} hook = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A request's header by its name, in any letters. */
static struct kk_sv header(struct kk_sv headers, const char *name)
{
    while (headers.len > 0) {
        struct kk_sv value = kk_sv_cut(&headers, '\n');
        struct kk_sv found = kk_sv_cut(&value, ':');

        if (value.len > 0 && value.ptr[value.len - 1] == '\r')
            value.len--;
        if (kk_sv_eq_ci(found, kk_sv_of(name)))
            return kk_sv_trim(value);
    }
    return (struct kk_sv){0};
}

static bool is_sound(const struct httpd_call *call)
{
    struct webhook_key key;

    if (!kk_sv_eq(call->method, KK_SV("POST")) || webhook_key_parse(KK_SV(SECRET), &key, NULL))
        return false;
    return webhook_signature_check(&key, header(call->headers, "webhook-id"),
                                   header(call->headers, "webhook-timestamp"),
                                   header(call->headers, "webhook-signature"), call->body, NOW_MS, NULL) == KK_OK;
}

static bool send_endlessly(struct httpd_conn *conn)
{
    while (httpd_send(conn, KK_SV("0123456789")))
        ;
    return false;
}

static bool answer(void *ctx, struct httpd_conn *conn, const struct httpd_call *call)
{
    bool is_failing, is_cut, is_endless, stays_open;
    const char *words;

    (void)ctx;
    pthread_mutex_lock(&hook.lock);
    words = hook.answer;
    is_cut = hook.is_cut;
    is_endless = hook.is_endless;
    if (++hook.now_count > hook.most_count)
        hook.most_count = hook.now_count;
    kk_sv_copy(header(call->headers, "content-type"), hook.content_type, sizeof(hook.content_type));
    kk_sv_copy(header(call->headers, "traceparent"), hook.traceparent, sizeof(hook.traceparent));
    is_failing = hook.is_failing;
    if (!is_sound(call)) {
        hook.bad_count++;
    } else if (!is_failing) {
        kk_buf_add(&hook.arrived, call->body);
        kk_buf_addc(&hook.arrived, '\n');
    }
    pthread_mutex_unlock(&hook.lock);

    if (!words)
        stays_open = httpd_reply(conn, is_failing ? 500 : 204, "", KK_SV(""));
    else
        stays_open = httpd_send(conn, kk_sv_of(words)) && !is_cut;
    if (is_endless)
        stays_open = send_endlessly(conn);

    pthread_mutex_lock(&hook.lock);
    hook.now_count--;
    pthread_mutex_unlock(&hook.lock);
    return stays_open;
}

static void make_hook(void *ctx)
{
    struct kk_err err = {0};

    (void)ctx;
    hook.arrived = KK_BUF(64 * 1024 * 1024);
    hook.is_failing = hook.is_cut = hook.is_endless = false;
    hook.answer = NULL;
    hook.bad_count = hook.now_count = hook.most_count = 0;
    hook.httpd = httpd_start(answer, NULL);
    CHECK_OK(http_open(&(struct http_settings){.max_transfers = 64}, &hook.http, &err), &err);
}

static void remove_hook(void *ctx)
{
    (void)ctx;
    http_close(hook.http);
    httpd_stop(hook.httpd);
    kk_buf_done(&hook.arrived);
}

static struct sink *open_url(const char *url, int64_t timeout_ms)
{
    struct webhook_settings settings = {.url = kk_sv_of(url), .secret = KK_SV(SECRET), .timeout_ms = timeout_ms};
    struct sink *sink = NULL;
    struct kk_err err = {0};

    CHECK_OK(sink_webhook_open(hook.http, &still, &settings, &sink, &err), &err);
    return sink;
}

static struct sink *open_hook(void *ctx)
{
    char url[HTTPD_URL_BYTES];

    (void)ctx;
    httpd_url(hook.httpd, "/hook?key=1", url);
    return open_url(url, 10000);
}

static void turn(void *ctx)
{
    struct kk_err err = {0};

    (void)ctx;
    CHECK_OK(http_wait(hook.http, NULL, 0, 20, &err), &err);
    http_turn(hook.http);
}

static void copy_arrived(void *ctx, struct kk_buf *out)
{
    (void)ctx;
    pthread_mutex_lock(&hook.lock);
    kk_buf_add(out, kk_buf_sv(&hook.arrived));
    pthread_mutex_unlock(&hook.lock);
}

static void set_failing(void *ctx, bool is_failing)
{
    (void)ctx;
    pthread_mutex_lock(&hook.lock);
    hook.is_failing = is_failing;
    pthread_mutex_unlock(&hook.lock);
}

/* One sink, and what it told last. */
static struct sink *sink;
static int told_count;
static struct sink_result told;

static void on_delivered(void *ctx, struct sink *from, int64_t id, const struct sink_result *result)
{
    (void)ctx;
    (void)from;
    (void)id;
    told_count++;
    told = *result;
}

static void use(struct sink *opened)
{
    sink = opened;
    sink->on_delivered = on_delivered;
}

static int set_up(void **state)
{
    (void)state;
    make_hook(NULL);
    use(open_hook(NULL));
    told_count = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sink_close(sink);
    remove_hook(NULL);
    return 0;
}

static void post(void)
{
    struct kk_err err = {0};
    int want = told_count + 1;

    CHECK_OK(sink_start(sink,
                        &(struct sink_event){1, KK_SV("117757690-4"), KK_SV("{\"id\":\"117757690-4\"}"), TRACEPARENT},
                        &err),
             &err);
    for (int turns = 0; told_count < want; turns++) {
        CHECK(turns < 2000);
        turn(NULL);
    }
}

static void end_answers(bool is_cut, bool is_endless)
{
    pthread_mutex_lock(&hook.lock);
    hook.is_cut = is_cut;
    hook.is_endless = is_endless;
    pthread_mutex_unlock(&hook.lock);
}

/* What each answer means to the relay. */
static void check_answer(const char *bytes, enum kk_code code, int status, int64_t retry_after_ms, const char *error)
{
    pthread_mutex_lock(&hook.lock);
    hook.answer = bytes;
    pthread_mutex_unlock(&hook.lock);
    post();
    CHECK_STR(told.error, error);
    CHECK_EQ(told.code, code);
    CHECK_EQ(told.http_status, status);
    CHECK_EQ(told.retry_after_ms, retry_after_ms);
}

static void an_event_is_signed_and_typed(void **state)
{
    (void)state;
    post();
    CHECK_EQ(told.code, KK_OK);
    CHECK_EQ(told.http_status, 204);
    CHECK_EQ(hook.bad_count, 0);
    CHECK_STR(hook.content_type, "application/cloudevents+json; charset=utf-8");
    CHECK_STR(hook.traceparent, TRACEPARENT);
    CHECK_STR(kk_buf_sv(&hook.arrived), "{\"id\":\"117757690-4\"}\n");
}

/* Its beginning, as one line of whole characters. */
static void what_was_answered_is_kept(void **state)
{
    char want[sizeof(told.answer)] = "";

    (void)state;
    check_answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na\nb\x7f!", KK_OK, 200, 0, "");
    CHECK_STR(told.answer, "a b !");
    check_answer("HTTP/1.1 500 Oh\r\nContent-Length: 9\r\n\r\n나중에", KK_UNAVAILABLE, 500, 0, "answered 500");
    CHECK_STR(told.answer, "나중에");
    for (size_t i = 0; i < 53; i++)
        memcpy(want + 3 * i, "가", 4);
    check_answer("HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN, KK_OK, 200,
                 0, "");
    CHECK_STR(told.answer, want);
}

static void every_2xx_is_delivered(void **state)
{
    (void)state;
    check_answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", KK_OK, 200, 0, "");
    check_answer("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", KK_OK, 202, 0, "");
    end_answers(true, false);
    check_answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut", KK_OK, 200, 0, "");
}

static void what_else_is_answered_is_told(void **state)
{
    (void)state;
    check_answer("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", KK_UNAVAILABLE, 500, 0, "answered 500");
    check_answer("HTTP/1.1 503 Oh\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n", KK_UNAVAILABLE, 503, 120000,
                 "answered 503");
    check_answer("HTTP/1.1 429 Oh\r\nRetry-After: Sat, 22 Nov 2025 08:31:00 GMT\r\nContent-Length: 0\r\n\r\n",
                 KK_LIMITED, 429, 59877, "answered 429");
    check_answer("HTTP/1.1 503 Oh\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n", KK_UNAVAILABLE, 503, 0,
                 "answered 503");
    check_answer("HTTP/1.1 408 Oh\r\nContent-Length: 0\r\n\r\n", KK_UNAVAILABLE, 408, 0, "answered 408");
    check_answer("HTTP/1.1 401 Oh\r\nContent-Length: 0\r\n\r\n", KK_DENIED, 401, 0, "answered 401");
    check_answer("HTTP/1.1 410 Oh\r\nContent-Length: 0\r\n\r\n", KK_DENIED, 410, 0, "answered 410");
}

static void a_redirect_is_not_followed(void **state)
{
    (void)state;
    check_answer("HTTP/1.1 307 Oh\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", KK_DENIED, 307, 0,
                 "answered 307; redirects are not followed");
    CHECK_EQ(httpd_call_count(hook.httpd), 1);
}

static void an_answer_without_end_is_not_read(void **state)
{
    (void)state;
    end_answers(false, true);
    check_answer("HTTP/1.1 200 OK\r\n\r\n", KK_OK, 200, 0, "");
}

static void a_lost_connection_is_told(void **state)
{
    (void)state;
    end_answers(true, false);
    check_answer("", KK_UNAVAILABLE, 0, 0, "the connection ended without an answer");
}

static void a_silent_hook_times_out(void **state)
{
    char url[HTTPD_URL_BYTES];

    (void)state;
    sink_close(sink);
    httpd_url(hook.httpd, "/", url);
    use(open_url(url, 100));
    check_answer("HTTP/1.1 100 Continue\r\n\r\n", KK_TIMEOUT, 0, 0, "no answer within 100ms");
}

static void a_hook_that_is_not_there_is_told(void **state)
{
    char url[HTTPD_URL_BYTES];

    (void)state;
    sink_close(sink);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/", httpd_free_port());
    use(open_url(url, 10000));
    post();
    CHECK_EQ(told.code, KK_UNAVAILABLE);
    CHECK(kk_sv_starts(kk_sv_of(told.error), KK_SV("could not connect to 127.0.0.1:")));
}

static void at_most_sixteen_are_under_way(void **state)
{
    struct kk_err err = {0};
    char id[32];
    int count = 0;

    (void)state;
    for (int started = 0; count < 200;) {
        snprintf(id, sizeof(id), "%d-1", started);
        if (started < 200 &&
            sink_start(sink, &(struct sink_event){started, kk_sv_of(id), KK_SV("{}"), ""}, &err) == KK_OK) {
            started++;
            continue;
        }
        if (started < 200)
            CHECK_STR(err.msg, "16 events are under way, as many as may be");
        CHECK(started - told_count <= WEBHOOK_INFLIGHT_MAX);
        turn(NULL);
        count = told_count;
    }
    CHECK_EQ(told_count, 200);
    CHECK(hook.most_count <= WEBHOOK_INFLIGHT_MAX);
    CHECK_EQ(hook.bad_count, 0);
}

static void a_name_hides_the_address_and_outlives_a_password(void **state)
{
    struct sink *plain = open_url("https://internal.example/hook?a=b@c", 1000);
    struct sink *with_user = open_url("https://me:first@internal.example/hook?a=b@c", 1000);
    struct sink *other_password = open_url("https://me:second@internal.example/hook?a=b@c", 1000);
    struct sink *other = open_url("https://internal.example/hook?a=x@c", 1000);
    struct kk_hash hash = kk_sha256(KK_SV("https://internal.example/hook?a=b@c"));
    char name[64];

    (void)state;
    snprintf(name, sizeof(name), "webhook-%02x%02x%02x%02x", hash.byte[0], hash.byte[1], hash.byte[2], hash.byte[3]);
    CHECK_STR(plain->name, name);
    CHECK_STR(with_user->name, name);
    CHECK_STR(other_password->name, name);
    CHECK(strcmp(other->name, name) != 0);
    sink_close(plain);
    sink_close(with_user);
    sink_close(other_password);
    sink_close(other);
}

static void what_cannot_work_is_refused_at_once(void **state)
{
    struct webhook_settings settings = {.url = KK_SV("https://h/"), .secret = KK_SV(""), .timeout_ms = 1000};
    struct sink *other = NULL;
    struct kk_err err = {0};

    (void)state;
    CHECK_EQ(sink_webhook_open(hook.http, &still, &settings, &other, &err), KK_BAD_INPUT);
    CHECK_STR(err.msg, "the webhook's secret must have 1 to 256 bytes");
    settings = (struct webhook_settings){.url = KK_SV("ftp://h/"), .secret = KK_SV("s"), .timeout_ms = 1000};
    CHECK_EQ(sink_webhook_open(hook.http, &still, &settings, &other, &err), KK_BAD_INPUT);
    CHECK_EQ(sink_start(sink, &(struct sink_event){1, KK_SV("a\nb: c"), KK_SV("{}"), ""}, &err), KK_BAD_INPUT);
    CHECK_EQ(sink_start(sink, &(struct sink_event){1, KK_SV(""), KK_SV("{}"), ""}, &err), KK_BAD_INPUT);
    turn(NULL);
    CHECK_EQ(told_count, 0);
}

int main(void)
{
    const struct sink_world contract = {.make = make_hook,
                                        .open = open_hook,
                                        .remove = remove_hook,
                                        .turn = turn,
                                        .arrived = copy_arrived,
                                        .set_failing = set_failing};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_event_is_signed_and_typed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_answered_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_2xx_is_delivered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_else_is_answered_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_redirect_is_not_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_without_end_is_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lost_connection_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_silent_hook_times_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_hook_that_is_not_there_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(at_most_sixteen_are_under_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_hides_the_address_and_outlives_a_password, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_work_is_refused_at_once, set_up, tear_down),
    };

    setenv("no_proxy", "127.0.0.1", 1);
    return sink_contract_run("sink_webhook", &contract) + cmocka_run_group_tests(tests, NULL, NULL);
}
