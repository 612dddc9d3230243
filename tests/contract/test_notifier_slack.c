/* Slack, as its incoming webhooks behave. */
#include "adapters/notifier/notifier_slack.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/http/http_curl.h"
#include "base/clock.h"
#include "base/json.h"
#include "ports/sink.h"
#include "support/check.h"
#include "support/httpd.h"

static struct {
    struct httpd *httpd;
    struct http *http;
    pthread_mutex_t lock; /* for what follows */
    struct kk_buf arrived;
    int status;
    const char *headers;
    bool is_stalling;
} slack = {.lock = PTHREAD_MUTEX_INITIALIZER};
static struct sink *sink;
static int told_count;
static struct sink_result told;

static bool answer(void *ctx, struct httpd_conn *conn, const struct httpd_call *call)
{
    int status;
    const char *headers;

    (void)ctx;
    pthread_mutex_lock(&slack.lock);
    kk_buf_clear(&slack.arrived);
    kk_buf_add(&slack.arrived, call->body);
    status = slack.status;
    headers = slack.headers;
    pthread_mutex_unlock(&slack.lock);
    if (slack.is_stalling) {
        httpd_stall(conn);
        return false;
    }
    return httpd_reply(conn, status, headers, status == 200 ? KK_SV("ok") : KK_SV("no_service"));
}

static void on_delivered(void *ctx, struct sink *from, int64_t id, const struct sink_result *result)
{
    (void)ctx, (void)from, (void)id;
    told_count++;
    told = *result;
}

static int set_up(void **state)
{
    char url[HTTPD_URL_BYTES];
    struct kk_err err = {0};

    (void)state;
    slack.arrived = KK_BUF(1024 * 1024);
    slack.status = 200;
    slack.headers = "";
    slack.is_stalling = false;
    told_count = 0;
    slack.httpd = httpd_start(answer, NULL);
    CHECK_OK(http_open(&(struct http_settings){.max_transfers = 4}, &slack.http, &err), &err);
    httpd_url(slack.httpd, "/services/T000/B000/secret", url);
    CHECK_OK(notifier_slack_open(slack.http, kk_sv_of(url), &sink, &err), &err);
    sink->on_delivered = on_delivered;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sink_close(sink);
    http_close(slack.http);
    httpd_stop(slack.httpd);
    kk_buf_done(&slack.arrived);
    return 0;
}

#define LETTER(alerts, more) "{\"id\":\"a\",\"data\":{\"alerts\":[" alerts "]" more "}}"
#define ALERT(name, news, severity, detail)                                                                \
    "{\"name\":\"" name "\",\"news\":\"" news "\",\"severity\":\"" severity "\",\"meaning\":\"it is so\"," \
    "\"detail\":\"" detail "\",\"action\":\"do it\"}"
#define ONE LETTER(ALERT("KkachiDiskFull", "raised", "critical", "4 MB are free"), "")

static void turn_until_told(void)
{
    struct kk_err err = {0};
    int want = told_count + 1;

    for (int turns = 0; told_count < want; turns++) {
        CHECK(turns < 2000);
        CHECK_OK(http_wait(slack.http, NULL, 0, 20, &err), &err);
        http_turn(slack.http);
    }
}

static void post(const char *letter)
{
    struct kk_err err = {0};

    CHECK_OK(sink_start(sink, &(struct sink_event){1, KK_SV("a"), kk_sv_of(letter), ""}, &err), &err);
    sink_flush(sink);
    turn_until_told();
}

/* The text of the nth block, of what arrived. */
static void check_block(size_t at, const char *expected)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_jv block;
    struct kk_sv text = {0}, type = {0};
    struct kk_err err;

    CHECK_OK(kk_json_parse(kk_buf_sv(&slack.arrived), &json, &err), &err);
    block = kk_jv_at(kk_jv_get(kk_json_root(json), "blocks"), at);
    kk_jv_str(kk_jv_get(block, "type"), &type);
    kk_jv_str(kk_jv_get(kk_jv_get(block, "text"), "text"), &text);
    CHECK_STR(type, "section");
    CHECK_STR(text, expected);
}

static void check_summary(const char *expected)
{
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_sv text = {0};
    struct kk_err err;

    CHECK_OK(kk_json_parse(kk_buf_sv(&slack.arrived), &json, &err), &err);
    kk_jv_str(kk_jv_get(kk_json_root(json), "text"), &text);
    CHECK_STR(text, expected);
}

static void a_letter_is_blocks_and_a_line_for_phones(void **state)
{
    (void)state;
    post(LETTER(ALERT("KkachiDiskFull", "raised", "critical", "4 MB are free") "," ALERT(
                    "KkachiSellersStale", "still", "warning", "") "," ALERT("KkachiDeadLetters", "resolved", "warning",
                                                                            "21 dead letters"),
                ",\"console\":\"https://kkachi.example/?a=1&b=2\""));
    CHECK_EQ(told.code, KK_OK);
    check_summary("kkachi: KkachiDiskFull raised, KkachiSellersStale still, KkachiDeadLetters resolved");
    check_block(0, ":rotating_light: *KkachiDiskFull*\nit is so (4 MB are free)\n_What to do:_ do it");
    check_block(1, ":warning: *KkachiSellersStale*\nit is so\n_What to do:_ do it");
    check_block(2, ":white_check_mark: *KkachiDeadLetters* is resolved\nit is so (21 dead letters)");
    check_block(3, "<https://kkachi.example/?a=1&amp;b=2|Open the console>");
}

/* A seller's name is foreign text: no mention, no link, no formatting by angle brackets. */
static void foreign_text_stays_text(void **state)
{
    (void)state;
    post(LETTER(ALERT("KkachiSellersEmpty", "raised", "critical", "1 seller: <!channel> & <https://x|y>"), ""));
    check_block(0, ":rotating_light: *KkachiSellersEmpty*\nit is so (1 seller: &lt;!channel&gt; &amp; "
                   "&lt;https://x|y&gt;)\n_What to do:_ do it");
}

static void what_slack_answers_is_told_without_its_address(void **state)
{
    (void)state;
    slack.status = 500;
    post(ONE);
    CHECK_EQ(told.code, KK_UNAVAILABLE);
    CHECK_STR(told.error, "Slack answered 500");
    slack.status = 404;
    post(ONE);
    CHECK_EQ(told.code, KK_DENIED);
    slack.status = 429;
    slack.headers = "Retry-After: 7\r\n";
    post(ONE);
    CHECK_EQ(told.code, KK_LIMITED);
    CHECK_EQ(told.retry_after_ms, 7 * KK_SECOND_MS);
    slack.headers = "Retry-After: 99999999999999999\r\n";
    post(ONE);
    CHECK_EQ(told.retry_after_ms, 30 * KK_SECOND_MS);
    slack.headers = "";
    post(ONE);
    CHECK_EQ(told.retry_after_ms, 30 * KK_SECOND_MS);
    httpd_stop(slack.httpd);
    slack.httpd = NULL;
    post(ONE);
    CHECK_EQ(told.code, KK_UNAVAILABLE);
    CHECK(!strstr(told.error, "secret"));
    CHECK(told.error[0]);
}

static void one_letter_at_a_time(void **state)
{
    struct kk_err err = {0};

    (void)state;
    CHECK_OK(sink_start(sink, &(struct sink_event){1, KK_SV("a"), KK_SV(ONE), ""}, &err), &err);
    CHECK_EQ(sink_start(sink, &(struct sink_event){2, KK_SV("b"), KK_SV(ONE), ""}, &err), KK_BUSY);
    turn_until_told();
    CHECK_OK(sink_start(sink, &(struct sink_event){2, KK_SV("b"), KK_SV(ONE), ""}, &err), &err);
    turn_until_told();
    CHECK_EQ(httpd_call_count(slack.httpd), 2);
}

static void a_slack_that_stalls_does_not_keep_the_program(void **state)
{
    struct kk_err err = {0};

    (void)state;
    slack.is_stalling = true;
    CHECK_OK(sink_start(sink, &(struct sink_event){1, KK_SV("a"), KK_SV(ONE), ""}, &err), &err);
    for (int i = 0; i < 5; i++) {
        CHECK_OK(http_wait(slack.http, NULL, 0, 20, &err), &err);
        http_turn(slack.http);
    }
    CHECK_EQ(told_count, 0); /* tear_down closes it under way: nothing leaks, nobody waits */
}

static void what_is_no_letter_is_refused(void **state)
{
    static const char *const bad[] = {
        "", "{", "[]", "{}", "{\"data\":{}}", "{\"data\":{\"alerts\":[]}}", "{\"data\":{\"alerts\":7}}"};
    struct kk_err err = {0};

    (void)state;
    for (size_t i = 0; i < KK_COUNT(bad); i++)
        CHECK_EQ(sink_start(sink, &(struct sink_event){1, KK_SV("a"), kk_sv_of(bad[i]), ""}, &err), KK_MISMATCH);
    post(LETTER("7,{\"name\":8}", "")); /* nothing to show of them, and no harm */
    CHECK_EQ(told.code, KK_OK);
}

static void many_alerts_stay_within_slacks_bounds(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf letter = KK_BUF(1024 * 1024);
    KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
    struct kk_err err;

    (void)state;
    kk_buf_add(&letter, KK_SV("{\"data\":{\"alerts\":["));
    for (int i = 0; i < 200; i++)
        kk_buf_addf(&letter, "%s{\"name\":\"N%d\",\"news\":\"raised\",\"detail\":\"%0500d\"}", i ? "," : "", i, 0);
    kk_buf_add(&letter, KK_SV("]}}"));
    post(kk_buf_cstr(&letter));
    CHECK_EQ(told.code, KK_OK);
    CHECK_OK(kk_json_parse(kk_buf_sv(&slack.arrived), &json, &err), &err);
    CHECK(kk_jv_count(kk_jv_get(kk_json_root(json), "blocks")) <= 50);
}

static void an_address_that_is_none_is_refused(void **state)
{
    struct sink *other = NULL;
    struct kk_err err = {0};

    (void)state;
    CHECK_EQ(notifier_slack_open(slack.http, KK_SV("http://hooks.slack.com/services/T/B/x"), &other, &err),
             KK_BAD_INPUT);
    CHECK_STR(err.msg, "an incoming webhook of Slack begins with https://hooks.slack.com/services/");
    CHECK_EQ(notifier_slack_open(slack.http, KK_SV(""), &other, &err), KK_BAD_INPUT);
}

#define SLACK_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SLACK_TEST(a_letter_is_blocks_and_a_line_for_phones),       SLACK_TEST(foreign_text_stays_text),
        SLACK_TEST(what_slack_answers_is_told_without_its_address), SLACK_TEST(one_letter_at_a_time),
        SLACK_TEST(a_slack_that_stalls_does_not_keep_the_program),  SLACK_TEST(what_is_no_letter_is_refused),
        SLACK_TEST(many_alerts_stay_within_slacks_bounds),          SLACK_TEST(an_address_that_is_none_is_refused),
    };

    setenv("no_proxy", "127.0.0.1", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
