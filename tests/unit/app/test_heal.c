/* A seller for which the site only fails is paused and goes on after its rest (X4). */
#include "app/heal.h"

#include "app/manage.h"
#include "app/trigger.h"
#include "ports/alerts.h"
#include "ports/rests.h"
#include "ports/store.h"
#include "support/check.h"
#include "support/rig.h"

static int open_rig(void **state)
{
    struct rig *rig = rig_open();

    for (int i = 0; i < 8; i++)
        rig_add_item(rig, 900100001 + i, 338000);
    rig->app.limits.task_attempts = 100; /* so that one crawl fails often enough */
    *state = rig;
    return 0;
}

static int close_rig(void **state)
{
    rig_close(*state);
    return 0;
}

static void live(struct rig *rig, int64_t for_ms)
{
    for (int64_t end_ms = rig->mono_ms + for_ms; rig->mono_ms < end_ms;) {
        rig_run(rig, KK_SECOND_MS);
        rig_pass(rig, KK_SECOND_MS);
    }
}

static struct seller seller_of(struct rig *rig)
{
    struct seller seller;
    struct kk_err err;

    CHECK_OK(store_get_seller(rig->app.store, KK_SV(RIG_SHOP), &seller, &err), &err);
    return seller;
}

static struct rest rest_of(struct rig *rig)
{
    struct rest rest;
    struct kk_err err;

    CHECK_OK(store_get_rest(rig->app.store, KK_SV(RIG_SHOP), &rest, &err), &err);
    return rest;
}

static void begin(struct rig *rig)
{
    struct run run;
    bool is_created;
    struct kk_err err;

    CHECK_OK(trigger_crawl(&rig->app, KK_SV(RIG_SHOP), RUN_BY_PERSON, &run, &is_created, &err), &err);
}

/* Details and options fail; the list that came before is a success. */
static void fail_all(struct rig *rig)
{
    begin(rig);
    rig->site.status = 503;
    rig->app.limits.task_backoff_ms = rig->app.limits.task_backoff_max_ms = 1000;
    live(rig, KK_MINUTE_MS);
}

static void only_failures_pause_the_seller_and_it_is_told(void **state)
{
    struct rig *rig = *state;
    struct alert alerts[ALERT_COUNT];
    size_t request_count;

    fail_all(rig);
    CHECK_EQ(seller_of(rig).state, SELLER_PAUSED);
    CHECK(rest_of(rig).is_resting);
    CHECK_EQ(rest_of(rig).until_ms - rest_of(rig).since_ms, KK_HOUR_MS);
    CHECK_OK(store_get_alerts(rig->app.store, alerts, NULL), NULL);
    CHECK_STR(alert_state_name(&alerts[ALERT_SELLERS_RESTED]), "raised");
    CHECK_STR(alerts[ALERT_SELLERS_RESTED].detail, "1 seller: " RIG_SHOP);
    request_count = rig->site.request_count;
    live(rig, 50 * KK_MINUTE_MS);
    CHECK_EQ(rig->site.request_count, request_count);
}

static void after_its_rest_it_goes_on_and_ends_its_crawl(void **state)
{
    struct rig *rig = *state;

    fail_all(rig);
    rig->site.status = 200;
    live(rig, KK_HOUR_MS + 10 * KK_MINUTE_MS);
    CHECK_EQ(seller_of(rig).state, SELLER_ACTIVE);
    CHECK(!rest_of(rig).is_resting);
    CHECK_EQ(rig_last_run(rig).state, RUN_COMPLETE);
    CHECK_EQ(rig->told_count, 8);
}

static void a_site_that_still_fails_is_given_a_longer_rest(void **state)
{
    struct rig *rig = *state;

    fail_all(rig);
    live(rig, KK_HOUR_MS + 10 * KK_MINUTE_MS);
    CHECK_EQ(seller_of(rig).state, SELLER_PAUSED);
    CHECK_EQ(rest_of(rig).until_ms - rest_of(rig).since_ms, 2 * KK_HOUR_MS);
}

static void a_success_between_them_means_that_the_site_lives(void **state)
{
    struct rig *rig = *state;

    for (int i = 0; i < 7; i++)
        rig->site.item[i].options_status = 500;
    rig->app.limits.task_backoff_ms = rig->app.limits.task_backoff_max_ms = 1000;
    rig->app.limits.task_attempts = 4;
    rig_crawl(rig); /* 28 failures, details and one item's options between them */
    live(rig, KK_MINUTE_MS);
    CHECK_EQ(seller_of(rig).state, SELLER_ACTIVE);
}

static void a_429_is_no_reason(void **state)
{
    struct rig *rig = *state;

    begin(rig);
    rig->site.status = 429;
    rig->app.limits.agent.cooldown_ms = rig->app.limits.agent.cooldown_max_ms = 1000;
    rig->app.limits.task_backoff_ms = rig->app.limits.task_backoff_max_ms = 1000;
    live(rig, 3 * KK_MINUTE_MS);
    CHECK(rig->site.request_count > 20);
    CHECK_EQ(seller_of(rig).state, SELLER_ACTIVE);
}

static void who_was_changed_by_a_person_stays_as_that_person_left_it(void **state)
{
    struct rig *rig = *state;
    struct seller seller;

    fail_all(rig);
    CHECK_OK(manage_change_seller(&rig->app, KK_SV(RIG_SHOP), &(struct seller_change){.name = "가게"}, &seller, NULL),
             NULL);
    live(rig, KK_HOUR_MS + 10 * KK_MINUTE_MS);
    CHECK_EQ(seller_of(rig).state, SELLER_PAUSED); /* looked after by hand now */
    CHECK_OK(manage_change_seller(&rig->app, KK_SV(RIG_SHOP), &(struct seller_change){.state = SELLER_DISABLED},
                                  &seller, NULL),
             NULL);
    live(rig, 3 * KK_HOUR_MS);
    CHECK_EQ(seller_of(rig).state, SELLER_DISABLED);
}

static void without_the_setting_nobody_rests(void **state)
{
    struct rig *rig = *state;

    rig->app.limits.rest.rest_ms = 0;
    fail_all(rig);
    CHECK_EQ(seller_of(rig).state, SELLER_ACTIVE);
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(only_failures_pause_the_seller_and_it_is_told),
        RIG_TEST(after_its_rest_it_goes_on_and_ends_its_crawl),
        RIG_TEST(a_site_that_still_fails_is_given_a_longer_rest),
        RIG_TEST(a_success_between_them_means_that_the_site_lives),
        RIG_TEST(a_429_is_no_reason),
        RIG_TEST(who_was_changed_by_a_person_stays_as_that_person_left_it),
        RIG_TEST(without_the_setting_nobody_rests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
