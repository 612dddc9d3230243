/* Facts become alerts, alerts become letters, and letters arrive. */
#include "app/alarm.h"

#include <string.h>

#include "app/deliver.h"
#include "app/manage.h"
#include "app/trigger.h"
#include "base/json.h"
#include "ports/host.h"
#include "ports/limiter.h"
#include "ports/sink.h"
#include "support/check.h"
#include "support/rig.h"

/* A place that people look at. */
static struct desk {
    struct sink base;
    struct kk_buf letters; /* one a line */
    size_t count;
    enum kk_code code;
} desk;

static enum kk_code desk_start(struct sink *s, const struct sink_event *event, struct kk_err *err)
{
    struct sink_result result = {.code = desk.code, .error = "the desk is closed"};

    (void)err;
    if (!desk.code) {
        kk_buf_add(&desk.letters, event->body);
        kk_buf_addc(&desk.letters, '\n');
        desk.count++;
    }
    s->on_delivered(s->ctx, s, event->id, &result);
    return KK_OK;
}

static void desk_nothing(struct sink *s)
{
    (void)s;
}

static const struct sink_ops desk_ops = {
    .kind = "desk", .start = desk_start, .flush = desk_nothing, .close = desk_nothing};

static void place_desk(struct rig *rig)
{
    desk.base = (struct sink){
        .ops = &desk_ops, .name = "desk", .is_notifier = true, .on_delivered = deliver_on_delivered, .ctx = &rig->app};
    rig->app.sinks[rig->app.sink_count++] = &desk.base;
}

static int open_rig(void **state)
{
    struct rig *rig = rig_open();

    for (int i = 0; i < 3; i++)
        rig_add_item(rig, 900100001 + i, 338000);
    desk = (struct desk){.letters = KK_BUF(1024 * 1024)};
    place_desk(rig);
    *state = rig;
    return 0;
}

static int close_rig(void **state)
{
    rig_close(*state);
    kk_buf_done(&desk.letters);
    return 0;
}

/* All roles go on for so long, though nothing else is to be done. */
static void live(struct rig *rig, int64_t for_ms)
{
    for (int64_t end_ms = rig->mono_ms + for_ms; rig->mono_ms < end_ms;) {
        rig_run(rig, KK_SECOND_MS);
        rig_pass(rig, KK_SECOND_MS);
    }
}

static struct alert alert_of(struct rig *rig, enum alert_key key)
{
    struct alert alerts[ALERT_COUNT];
    struct kk_err err;

    CHECK_OK(store_get_alerts(rig->app.store, alerts, &err), &err);
    return alerts[key];
}

static void check_state(struct rig *rig, enum alert_key key, const char *expected)
{
    struct alert alert = alert_of(rig, key);

    if (strcmp(alert_state_name(&alert), expected) != 0)
        print_error("%s, %s:\n", alert_rule(key)->name, alert.detail);
    CHECK_STR(alert_state_name(&alert), expected);
}

/* How often the desk was told this of the alert; *ret_with: alerts in the last such letter. */
static int told(const char *name, const char *news, size_t *ret_with)
{
    struct kk_sv rest = kk_buf_sv(&desk.letters);
    int count = 0;

    while (rest.len) {
        struct kk_sv line = kk_sv_cut(&rest, '\n');
        KK_CLEANUP(kk_json_cleanup) struct kk_json *json = NULL;
        struct kk_jv alerts;
        struct kk_err err;

        CHECK_OK(kk_json_parse(line, &json, &err), &err);
        alerts = kk_jv_get(kk_jv_get(kk_json_root(json), "data"), "alerts");
        for (size_t i = 0; i < kk_jv_count(alerts); i++) {
            struct kk_sv is_name = {0}, is_news = {0};

            kk_jv_str(kk_jv_get(kk_jv_at(alerts, i), "name"), &is_name);
            kk_jv_str(kk_jv_get(kk_jv_at(alerts, i), "news"), &is_news);
            if (kk_sv_eq(is_name, kk_sv_of(name)) && kk_sv_eq(is_news, kk_sv_of(news))) {
                count++;
                if (ret_with)
                    *ret_with = kk_jv_count(alerts);
            }
        }
    }
    return count;
}

static void a_challenge_page_is_told_once_and_resolved(void **state)
{
    struct rig *rig = *state;

    rig->site.body = "<!doctype html><html><head><title>Just a moment...</title></head><body></body></html>";
    CHECK_OK(trigger_crawl(&rig->app, KK_SV(RIG_SHOP), RUN_BY_PERSON, &(struct run){0}, &(bool){false}, NULL), NULL);
    live(rig, 30 * KK_SECOND_MS);
    check_state(rig, ALERT_AGENTS_BLOCKED, "raised");
    CHECK_EQ(told("KkachiAgentsBlocked", "raised", NULL), 1);
    CHECK_STR(alert_of(rig, ALERT_AGENTS_BLOCKED).detail, "agents at rest after a challenge page: 1");
    live(rig, 2 * KK_MINUTE_MS);
    CHECK_EQ(told("KkachiAgentsBlocked", "raised", NULL), 1);
    rig->site.body = NULL;
    live(rig, RIG_COOLDOWN_MS + 2 * KK_MINUTE_MS);
    check_state(rig, ALERT_AGENTS_BLOCKED, "well");
    CHECK_EQ(told("KkachiAgentsBlocked", "resolved", NULL), 1);
    CHECK(strstr(kk_buf_cstr(&desk.letters), "\"type\":\"kkachi.alert\""));
    CHECK(!strstr(kk_buf_cstr(&rig->told), "kkachi.alert")); /* changes have their own destinations */
}

static void a_list_without_items_and_a_clock_that_was_set_are_told(void **state)
{
    struct rig *rig = *state;

    rig_crawl(rig);
    for (int i = 0; i < 3; i++)
        rig->site.item[i].is_listed = false;
    rig_crawl(rig);             /* empty */
    rig->wall_ms += KK_HOUR_MS; /* and the clock was set */
    live(rig, 20 * KK_SECOND_MS);
    CHECK_EQ(told("KkachiSellersEmpty", "raised", NULL), 1);
    CHECK_EQ(told("KkachiClockJumped", "raised", NULL), 1);
    CHECK_STR(alert_of(rig, ALERT_SELLERS_EMPTY).detail, "1 seller: " RIG_SHOP);
    CHECK_STR(alert_of(rig, ALERT_CLOCK_JUMPED).detail, "by +3600 s");
    live(rig, 12 * KK_MINUTE_MS); /* a jump is told of for ten minutes */
    CHECK_EQ(told("KkachiClockJumped", "resolved", NULL), 1);
    CHECK_EQ(told("KkachiSellersEmpty", "resolved", NULL), 0);
}

static enum kk_code away(struct limiter *l, const int64_t *ids, size_t count, struct limiter_agent *ret,
                         struct kk_err *err)
{
    (void)l, (void)ids, (void)count, (void)ret;
    return kk_fail(err, KK_UNAVAILABLE, "it is away");
}

static void disk_of(struct host *h, struct host_figures *ret)
{
    (void)h;
    ret->disk_bytes = INT64_C(100) * 1000000000;
    ret->disk_free_bytes = INT64_C(4) * 1000000000;
}

static void one_look_of_many_alerts_is_one_letter(void **state)
{
    struct rig *rig = *state;
    const struct limiter_ops *ops = rig->app.limiter->ops;
    struct limiter_ops broken = *ops;
    struct host host = {.look = disk_of};
    size_t with = 0;

    broken.look = away;
    rig->app.limiter->ops = &broken; /* only while an alert looks at it: the adapter knows its own */
    alarm_turn(&rig->app);
    check_state(rig, ALERT_LIMITER_AWAY, "pending");
    rig->app.host = &host;
    rig_pass(rig, 30 * KK_SECOND_MS);
    alarm_turn(&rig->app);
    rig->app.limiter->ops = ops;
    live(rig, KK_SECOND_MS);
    CHECK_EQ(told("KkachiLimiterAway", "raised", NULL), 1);
    CHECK_EQ(told("KkachiDiskFull", "raised", &with), 1);
    CHECK_EQ(with, 2);
    CHECK_EQ(desk.count, 1);
    CHECK_STR(alert_of(rig, ALERT_DISK_FULL).detail, "4000 MB are free");
    rig->app.host = NULL;
}

static void another_shape_and_dead_letters_are_told_with_their_numbers(void **state)
{
    struct rig *rig = *state;

    rig->site.body = "{\"items\":7}";
    for (int i = 0; i < 4; i++)
        rig_crawl(rig);
    live(rig, 20 * KK_SECOND_MS);
    CHECK_EQ(told("KkachiSchemaDrift", "raised", NULL), 1);
    CHECK_EQ(told("KkachiSellersIncomplete", "raised", NULL), 1);
    check_state(rig, ALERT_DEAD_LETTERS, "well"); /* no more than twenty */
    live(rig, 20 * KK_MINUTE_MS);
    CHECK_EQ(told("KkachiSchemaDrift", "resolved", NULL), 1); /* none for a quarter of an hour */
}

static void an_endpoint_without_a_success_is_told(void **state)
{
    struct rig *rig = *state;

    rig_crawl(rig);
    live(rig, 20 * KK_SECOND_MS); /* it was looked at while all was well */
    for (int i = 0; i < 3; i++)
        rig->site.item[i].options_status = 500;
    for (int i = 0; i < 4; i++)
        rig_crawl(rig); /* three items, three attempts each: 36 */
    live(rig, 20 * KK_SECOND_MS);
    CHECK_STR(alert_of(rig, ALERT_ENDPOINT_SILENT).detail, "options: 36 requests without a success");
    live(rig, 11 * KK_MINUTE_MS);
    check_state(rig, ALERT_ENDPOINT_SILENT, "raised");
    CHECK_EQ(told("KkachiEndpointSilent", "raised", NULL), 1);
    for (int i = 0; i < 3; i++)
        rig->site.item[i].options_status = 200;
    rig_crawl(rig);
    live(rig, 2 * KK_MINUTE_MS);
    CHECK_EQ(told("KkachiEndpointSilent", "resolved", NULL), 1);
}

static void a_stale_seller_is_told_unless_people_paused_everything(void **state)
{
    struct rig *rig = *state;

    rig_crawl(rig);
    CHECK_OK(manage_pause(&rig->app, true, "test", "", NULL), NULL);
    rig_pass(rig, 900 * KK_DAY_MS);
    live(rig, 12 * KK_MINUTE_MS);
    check_state(rig, ALERT_SELLERS_STALE, "well");
    rig->site.is_silent = true;
    CHECK_OK(manage_pause(&rig->app, false, "test", "", NULL), NULL);
    live(rig, 12 * KK_MINUTE_MS);
    CHECK_EQ(told("KkachiSellersStale", "raised", NULL), 1);
}

static void changes_that_nobody_takes_are_told(void **state)
{
    struct rig *rig = *state;

    rig->sink_code = KK_UNAVAILABLE;
    rig_crawl(rig);
    live(rig, 17 * KK_MINUTE_MS); /* older than ten minutes, for five */
    CHECK_EQ(told("KkachiOutboxOld", "raised", NULL), 1);
    CHECK(strstr(alert_of(rig, ALERT_OUTBOX_OLD).detail, "3 for event:rig, the oldest of "));
    rig->sink_code = KK_OK;
    live(rig, 15 * KK_MINUTE_MS);
    CHECK_EQ(told("KkachiOutboxOld", "resolved", NULL), 1);
}

/* A network that fails does not cost a letter, and they come in order. */
static void a_letter_waits_for_a_desk_that_is_closed(void **state)
{
    struct rig *rig = *state;
    const char *text;

    desk.code = KK_UNAVAILABLE;
    rig_crawl(rig);
    for (int i = 0; i < 3; i++)
        rig->site.item[i].is_listed = false;
    rig_crawl(rig);
    live(rig, KK_MINUTE_MS);
    rig->site.item[0].is_listed = true;
    rig_crawl(rig);
    live(rig, 2 * KK_MINUTE_MS);
    check_state(rig, ALERT_SELLERS_EMPTY, "well");
    CHECK_EQ(desk.count, 0);
    desk.code = KK_OK;
    live(rig, 11 * KK_MINUTE_MS);
    CHECK_EQ(told("KkachiSellersEmpty", "raised", NULL), 1);
    CHECK_EQ(told("KkachiSellersEmpty", "resolved", NULL), 1);
    text = kk_buf_cstr(&desk.letters);
    CHECK(strstr(text, "\"raised\"") < strstr(text, "\"resolved\""));
}

static void a_process_that_dies_and_comes_again_raises_nothing_twice(void **state)
{
    struct rig *rig = *state;

    rig_crawl(rig);
    for (int i = 0; i < 3; i++)
        rig->site.item[i].is_listed = false;
    rig_crawl(rig);
    live(rig, 20 * KK_SECOND_MS);
    CHECK_EQ(told("KkachiSellersEmpty", "raised", NULL), 1);
    rig_crash(rig);
    place_desk(rig);
    live(rig, 2 * KK_MINUTE_MS);
    CHECK_EQ(told("KkachiSellersEmpty", "raised", NULL), 1);
    live(rig, 4 * KK_HOUR_MS);
    CHECK_EQ(told("KkachiSellersEmpty", "still", NULL), 1);
}

/* What two of them remember of endpoints is not the same. */
static void of_two_janitors_one_looks_and_the_other_takes_over(void **state)
{
    struct rig *rig = *state;
    struct app other = rig->app;
    struct host host = {.look = disk_of};
    struct kk_err err;

    live(rig, 20 * KK_SECOND_MS);
    CHECK_OK(alarm_create(&other, &other.alarm, &err), &err);
    other.host = &host;
    alarm_turn(&other);
    check_state(rig, ALERT_DISK_FULL, "well"); /* it may not look */
    rig_pass(rig, 31 * KK_SECOND_MS);          /* and the first one is silent */
    alarm_turn(&other);
    check_state(rig, ALERT_DISK_FULL, "raised");
    alarm_turn(&rig->app);
    check_state(rig, ALERT_DISK_FULL, "raised");
    alarm_destroy(other.alarm);
}

static void in_quiet_hours_only_what_is_critical_is_told(void **state)
{
    struct rig *rig = *state;

    CHECK_OK(quiet_hours_parse(KK_SV("00:00-23:59"), &rig->app.limits.alert_quiet, NULL), NULL);
    rig_crawl(rig);
    rig->site.count_lie = 2;
    rig_crawl(rig);
    live(rig, 30 * KK_SECOND_MS);
    check_state(rig, ALERT_SELLERS_INCOMPLETE, "raised");
    CHECK_EQ(desk.count, 0);
    rig->app.limits.alert_quiet = (struct quiet_hours){0};
    live(rig, 20 * KK_SECOND_MS);
    CHECK_EQ(told("KkachiSellersIncomplete", "raised", NULL), 1);
}

static void a_test_goes_the_way_of_alerts(void **state)
{
    struct rig *rig = *state;
    char id[OUTBOX_KEY_BYTES];
    size_t count = 0;
    struct kk_err err;

    rig->app.console_url = KK_SV("https://kkachi.example/");
    CHECK_OK(alarm_test(&rig->app, id, &count, &err), &err);
    CHECK_EQ(count, 1); /* the file of changes is no place for it */
    live(rig, KK_SECOND_MS);
    CHECK_EQ(told("KkachiTest", "raised", NULL), 1);
    CHECK(strstr(kk_buf_cstr(&desk.letters), "\"console\":\"https://kkachi.example/\""));
    rig->app.sink_count--;
    CHECK_OK(alarm_test(&rig->app, id, &count, &err), &err);
    CHECK_EQ(count, 0);
    place_desk(rig);
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(a_challenge_page_is_told_once_and_resolved),
        RIG_TEST(a_list_without_items_and_a_clock_that_was_set_are_told),
        RIG_TEST(one_look_of_many_alerts_is_one_letter),
        RIG_TEST(another_shape_and_dead_letters_are_told_with_their_numbers),
        RIG_TEST(an_endpoint_without_a_success_is_told),
        RIG_TEST(a_stale_seller_is_told_unless_people_paused_everything),
        RIG_TEST(changes_that_nobody_takes_are_told),
        RIG_TEST(a_letter_waits_for_a_desk_that_is_closed),
        RIG_TEST(a_process_that_dies_and_comes_again_raises_nothing_twice),
        RIG_TEST(of_two_janitors_one_looks_and_the_other_takes_over),
        RIG_TEST(in_quiet_hours_only_what_is_critical_is_told),
        RIG_TEST(a_test_goes_the_way_of_alerts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
