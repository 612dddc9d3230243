/* Schedules at EventBridge, on an emulator. */
#include "adapters/timetable/timetable_eventbridge.h"

#include <stdio.h>
#include <string.h>

#include "adapters/clock/clock_system.h"
#include "contract/moto_world.h"
#include "support/check.h"

#define BUS "arn:aws:events:us-east-1:123456789012:event-bus/kkachi"
#define ROLE "arn:aws:iam::123456789012:role/kkachi-schedule"

static struct aws *aws;
static struct timetable *t;
static struct kk_clock system_time;
static struct kk_err err;

static void open_at(const char *bus)
{
    char url[400];

    snprintf(url, sizeof(url), "eventbridge://us-east-1/kkachi?bus=%s&role=" ROLE "&endpoint=%s", bus, moto_endpoint);
    CHECK_OK(timetable_eventbridge_open(aws, kk_sv_of(url), &system_time, &t, &err), &err);
}

static int set_up(void **state)
{
    (void)state;
    moto_reset();
    system_time = clock_system();
    aws = moto_aws();
    open_at(BUS);
    CHECK_OK(timetable_eventbridge_create(t, &err), &err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    timetable_close(t);
    aws_close(aws);
    return 0;
}

static struct seller seller_of(const char *id, int64_t hours, enum seller_state state)
{
    struct seller seller = {.state = state, .period_count = hours, .period_unit = PERIOD_HOUR};

    CHECK(kk_sv_copy(kk_sv_of(id), seller.seller_id, sizeof(seller.seller_id)));
    return seller;
}

static enum kk_code put(struct seller seller)
{
    struct timetable_result result = {0};

    t->ops->put(t, &seller, 1, &result);
    return result.code;
}

static enum kk_code look(struct seller seller)
{
    struct timetable_result result = {0};

    t->ops->look(t, &seller, 1, &result);
    return result.code;
}

static bool count(void *ctx, const char *name)
{
    (void)name;
    ++*(int *)ctx;
    return true;
}

static int count_all(void)
{
    int all = 0;

    CHECK_OK(t->ops->each(t, count, &all, &err), &err);
    return all;
}

static void a_seller_has_a_schedule_while_it_is_not_disabled(void **state)
{
    (void)state;
    CHECK_EQ(look(seller_of("lux", 6, SELLER_ACTIVE)), KK_MISMATCH);
    CHECK_EQ(put(seller_of("lux", 6, SELLER_ACTIVE)), KK_OK);
    CHECK_EQ(look(seller_of("lux", 6, SELLER_ACTIVE)), KK_OK);
    CHECK_EQ(put(seller_of("lux", 6, SELLER_ACTIVE)), KK_OK); /* twice is harmless */
    CHECK_EQ(count_all(), 1);
    CHECK_EQ(put(seller_of("lux", 6, SELLER_DISABLED)), KK_OK);
    CHECK_EQ(count_all(), 0);
    CHECK_EQ(look(seller_of("lux", 6, SELLER_DISABLED)), KK_OK);
    CHECK_EQ(put(seller_of("lux", 6, SELLER_DISABLED)), KK_OK);
}

static void what_differs_is_seen(void **state)
{
    (void)state;
    CHECK_EQ(put(seller_of("lux", 6, SELLER_ACTIVE)), KK_OK);
    CHECK_EQ(look(seller_of("lux", 7, SELLER_ACTIVE)), KK_MISMATCH);
    CHECK_EQ(look(seller_of("lux", 6, SELLER_PAUSED)), KK_MISMATCH);
    CHECK_EQ(look(seller_of("lux", 6, SELLER_DISABLED)), KK_MISMATCH);
    CHECK_EQ(put(seller_of("lux", 1, SELLER_PAUSED)), KK_OK);
    CHECK_EQ(look(seller_of("lux", 1, SELLER_PAUSED)), KK_OK);
    timetable_close(t);
    open_at("arn:aws:events:us-east-1:123456789012:event-bus/another");
    CHECK_EQ(look(seller_of("lux", 1, SELLER_PAUSED)), KK_MISMATCH);
}

static void many_are_told_at_once_and_listed_page_by_page(void **state)
{
    struct seller sellers[TIMETABLE_BATCH_MAX];
    struct timetable_result results[TIMETABLE_BATCH_MAX];
    char id[32];

    (void)state;
    for (int batch = 0; batch < 6; batch++) {
        for (int i = 0; i < TIMETABLE_BATCH_MAX; i++) {
            snprintf(id, sizeof(id), "shop-%d-%d", batch, i);
            sellers[i] = seller_of(id, 2, SELLER_ACTIVE);
        }
        memset(results, 0xff, sizeof(results));
        t->ops->put(t, sellers, TIMETABLE_BATCH_MAX, results);
        for (int i = 0; i < TIMETABLE_BATCH_MAX; i++)
            CHECK_EQ(results[i].code, KK_OK);
    }
    CHECK_EQ(count_all(), 6 * TIMETABLE_BATCH_MAX);
}

static void ids_that_a_name_cannot_hold_stay_apart(void **state)
{
    char a[TIMETABLE_NAME_BYTES], b[TIMETABLE_NAME_BYTES], longest[SELLER_ID_BYTES];
    struct seller seller;

    (void)state;
    seller = seller_of("lux@home", 1, SELLER_ACTIVE);
    t->ops->name_of(t, &seller, a);
    seller = seller_of("lux_home", 1, SELLER_ACTIVE);
    t->ops->name_of(t, &seller, b);
    CHECK(strcmp(a, b) != 0 && !strchr(a, '@'));
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    CHECK_EQ(put(seller_of(longest, 1, SELLER_ACTIVE)), KK_OK);
    longest[60] = 'y';
    CHECK_EQ(put(seller_of(longest, 1, SELLER_ACTIVE)), KK_OK);
    CHECK_EQ(count_all(), 2);
}

static bool keep_name(void *ctx, const char *name)
{
    snprintf(ctx, TIMETABLE_NAME_BYTES, "%s", name);
    return false;
}

static void one_of_nobody_can_be_removed(void **state)
{
    char name[TIMETABLE_NAME_BYTES] = "";

    (void)state;
    CHECK_EQ(put(seller_of("lux", 1, SELLER_ACTIVE)), KK_OK);
    CHECK_OK(t->ops->each(t, keep_name, name, &err), &err);
    CHECK_OK(t->ops->drop(t, name, &err), &err);
    CHECK_OK(t->ops->drop(t, name, &err), &err);
    CHECK_EQ(count_all(), 0);
}

static void a_missing_group_is_told(void **state)
{
    char url[400], text[100];

    (void)state;
    timetable_close(t);
    snprintf(url, sizeof(url), "eventbridge://us-east-1/nowhere?bus=" BUS "&role=" ROLE "&endpoint=%s", moto_endpoint);
    CHECK_OK(timetable_eventbridge_open(aws, kk_sv_of(url), &system_time, &t, &err), &err);
    CHECK_EQ(timetable_eventbridge_check(t, text, sizeof(text), &err), KK_NOT_FOUND);
    CHECK(strstr(err.msg, "nowhere"));
    CHECK(put(seller_of("lux", 1, SELLER_ACTIVE)) != KK_OK);
}

static void a_bad_address_is_refused(void **state)
{
    static const char *const bad[] = {"eventbridge://us-east-1", "eventbridge://us-east-1/g",
                                      "eventbridge://us-east-1/g?bus=" BUS, "eventbridge://us-east-1/g?role=" ROLE,
                                      "eventbridge://us-east-1/g?bus=x&role=y"};
    struct timetable *none = NULL;

    (void)state;
    for (size_t i = 0; i < KK_COUNT(bad); i++)
        CHECK_EQ(timetable_eventbridge_open(aws, kk_sv_of(bad[i]), &system_time, &none, &err), KK_BAD_INPUT);
}

int main(void)
{
#define TIMETABLE_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TIMETABLE_TEST(a_seller_has_a_schedule_while_it_is_not_disabled),
        TIMETABLE_TEST(what_differs_is_seen),
        TIMETABLE_TEST(many_are_told_at_once_and_listed_page_by_page),
        TIMETABLE_TEST(ids_that_a_name_cannot_hold_stay_apart),
        TIMETABLE_TEST(one_of_nobody_can_be_removed),
        TIMETABLE_TEST(a_missing_group_is_told),
        TIMETABLE_TEST(a_bad_address_is_refused),
    };
    int failed;

    if (!moto_start("schedules at EventBridge"))
        return 0;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    moto_stop();
    return failed;
}
