#include "core/alert.h"

#include <ctype.h>
#include <string.h>

#include "support/check.h"

#define START_MS INT64_C(1763800200000)
#define EACH_MS (10 * KK_SECOND_MS)
static const struct alert_settings plain = {.repeat_ms = 4 * KK_HOUR_MS, .calm_ms = KK_MINUTE_MS};

/* An alert and the clock it is looked at by. */
struct scene {
    struct alert alert;
    struct alert_settings settings;
    int64_t now_ms;
};

static struct scene scene_of(enum alert_key key)
{
    return (struct scene){.alert = {.key = key}, .settings = plain, .now_ms = START_MS};
}

static enum alert_news look_of(struct scene *scene, bool is_so, int64_t size)
{
    const struct alert_look look = {.is_so = is_so, .size = size};

    return alert_step(&scene->alert, &look, &scene->settings, scene->now_ms);
}

/* Looks every ten seconds for so long; the first news that come, or none. */
static enum alert_news pass(struct scene *scene, bool is_so, int64_t for_ms)
{
    enum alert_news first = ALERT_NO_NEWS;

    for (int64_t end_ms = scene->now_ms + for_ms; scene->now_ms < end_ms; scene->now_ms += EACH_MS) {
        enum alert_news news = look_of(scene, is_so, 0);

        if (!first)
            first = news;
    }
    return first;
}

static void every_rule_has_all_that_people_need(void **state)
{
    (void)state;
    for (int i = 0; i < ALERT_COUNT; i++) {
        const struct alert_rule *rule = alert_rule((enum alert_key)i);
        enum alert_key found = ALERT_COUNT;

        CHECK(strncmp(rule->name, "Kkachi", 6) == 0);
        for (const char *at = rule->name; *at; at++)
            CHECK(isalpha((unsigned char)*at));
        CHECK(rule->severity == ALERT_WARNING || rule->severity == ALERT_CRITICAL);
        CHECK(rule->hold_ms >= 0 && rule->hold_ms <= KK_HOUR_MS);
        CHECK(*rule->expr && *rule->meaning && *rule->action);
        CHECK(rule->action[strlen(rule->action) - 1] != '.'); /* the pages put it there */
        CHECK(alert_parse(kk_sv_of(rule->name), &found));
        CHECK_EQ(found, i); /* no name twice */
    }
    CHECK(!alert_parse(KK_SV("KkachiNothing"), &(enum alert_key){ALERT_COUNT}));
    CHECK_STR(alert_severity_name(ALERT_WARNING), "warning");
    CHECK_STR(alert_severity_name(ALERT_CRITICAL), "critical");
}

static void it_is_told_once_it_was_so_for_long_enough(void **state)
{
    struct scene scene = scene_of(ALERT_SELLERS_STALE); /* after 10 minutes */

    (void)state;
    CHECK_STR(alert_state_name(&scene.alert), "well");
    CHECK_EQ(pass(&scene, true, 10 * KK_MINUTE_MS), ALERT_NO_NEWS);
    CHECK_STR(alert_state_name(&scene.alert), "pending");
    CHECK_EQ(look_of(&scene, true, 0), ALERT_IS_RAISED);
    CHECK_STR(alert_state_name(&scene.alert), "raised");
    CHECK_EQ(scene.alert.since_ms, START_MS);
    CHECK_EQ(scene.alert.raised_at_ms, scene.now_ms);
    CHECK_EQ(scene.alert.told_count, 1);
}

static void what_passes_before_that_is_not_told(void **state)
{
    struct scene scene = scene_of(ALERT_SELLERS_STALE);

    (void)state;
    CHECK_EQ(pass(&scene, true, 9 * KK_MINUTE_MS), ALERT_NO_NEWS);
    CHECK_EQ(look_of(&scene, false, 0), ALERT_NO_NEWS);
    CHECK_EQ(scene.alert.since_ms, 0);
    CHECK_EQ(pass(&scene, true, 9 * KK_MINUTE_MS), ALERT_NO_NEWS);
    CHECK_EQ(scene.alert.resolved_at_ms, 0);
}

static void it_is_repeated_by_a_schedule_and_resolved_once(void **state)
{
    struct scene scene = scene_of(ALERT_DEAD_LETTERS);

    (void)state;
    CHECK_EQ(look_of(&scene, true, 0), ALERT_IS_RAISED);
    CHECK_EQ(pass(&scene, true, 4 * KK_HOUR_MS), ALERT_NO_NEWS);
    CHECK_EQ(pass(&scene, true, EACH_MS), ALERT_IS_STILL);
    CHECK_EQ(pass(&scene, true, 4 * KK_HOUR_MS - EACH_MS), ALERT_NO_NEWS);
    CHECK_EQ(pass(&scene, true, EACH_MS), ALERT_IS_STILL);
    CHECK_EQ(pass(&scene, false, KK_MINUTE_MS), ALERT_NO_NEWS); /* until it is calm */
    CHECK_STR(alert_state_name(&scene.alert), "raised");
    CHECK_EQ(pass(&scene, false, EACH_MS), ALERT_IS_RESOLVED);
    CHECK_STR(alert_state_name(&scene.alert), "well");
    CHECK_EQ(pass(&scene, false, KK_DAY_MS), ALERT_NO_NEWS);
    CHECK_EQ(scene.alert.told_count, 4);
    CHECK_EQ(look_of(&scene, true, 0), ALERT_IS_RAISED);
    CHECK_EQ(scene.alert.told_count, 5); /* never the same number twice: it is part of the message's id */
}

static void without_a_schedule_it_is_told_once(void **state)
{
    struct scene scene = scene_of(ALERT_DEAD_LETTERS);

    (void)state;
    scene.settings.repeat_ms = 0;
    CHECK_EQ(look_of(&scene, true, 0), ALERT_IS_RAISED);
    CHECK_EQ(pass(&scene, true, 3 * KK_DAY_MS), ALERT_NO_NEWS);
}

static void what_comes_and_goes_is_one_alert(void **state)
{
    struct scene scene = scene_of(ALERT_DISK_FULL);

    (void)state;
    CHECK_EQ(look_of(&scene, true, 0), ALERT_IS_RAISED);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(pass(&scene, false, 50 * KK_SECOND_MS), ALERT_NO_NEWS);
        CHECK_EQ(pass(&scene, true, 20 * KK_SECOND_MS), ALERT_NO_NEWS);
    }
    scene.settings.calm_ms = 0;
    CHECK_EQ(look_of(&scene, false, 0), ALERT_IS_RESOLVED);
}

static void twice_as_many_are_news(void **state)
{
    struct scene scene = scene_of(ALERT_SELLERS_EMPTY);

    (void)state;
    CHECK_EQ(look_of(&scene, true, 1), ALERT_IS_RAISED);
    CHECK_EQ(look_of(&scene, true, 2), ALERT_NO_NEWS); /* so soon after the other */
    scene.now_ms += ALERT_WORSE_MS;
    CHECK_EQ(look_of(&scene, true, 2), ALERT_IS_WORSE);
    scene.now_ms += ALERT_WORSE_MS;
    CHECK_EQ(look_of(&scene, true, 3), ALERT_NO_NEWS);
    CHECK_EQ(look_of(&scene, true, 4), ALERT_IS_WORSE);
    scene.now_ms += ALERT_WORSE_MS;
    CHECK_EQ(look_of(&scene, true, 1), ALERT_NO_NEWS);
    CHECK_EQ(look_of(&scene, true, 7), ALERT_NO_NEWS);
    CHECK_EQ(scene.alert.size, 7);
    CHECK_EQ(scene.alert.told_size, 4);
}

static void in_quiet_hours_warnings_wait(void **state)
{
    struct scene scene = scene_of(ALERT_SELLERS_INCOMPLETE);

    (void)state;
    scene.settings.is_quiet = true;
    CHECK_EQ(pass(&scene, true, KK_HOUR_MS), ALERT_NO_NEWS);
    CHECK_STR(alert_state_name(&scene.alert), "raised"); /* the list shows it all the same */
    scene.settings.is_quiet = false;
    CHECK_EQ(look_of(&scene, true, 0), ALERT_IS_RAISED);
}

static void critical_ones_do_not(void **state)
{
    struct scene scene = scene_of(ALERT_AGENTS_BLOCKED);

    (void)state;
    scene.settings.is_quiet = true;
    CHECK_EQ(look_of(&scene, true, 0), ALERT_IS_RAISED);
    CHECK_EQ(pass(&scene, false, 2 * KK_MINUTE_MS), ALERT_IS_RESOLVED);
}

static void a_warning_of_the_night_that_is_over_is_never_told(void **state)
{
    struct scene scene = scene_of(ALERT_SELLERS_INCOMPLETE);

    (void)state;
    scene.settings.is_quiet = true;
    CHECK_EQ(pass(&scene, true, KK_HOUR_MS), ALERT_NO_NEWS);
    CHECK_EQ(pass(&scene, false, KK_HOUR_MS), ALERT_NO_NEWS);
    CHECK(scene.alert.resolved_at_ms > 0);
    scene.settings.is_quiet = false;
    CHECK_EQ(pass(&scene, false, KK_HOUR_MS), ALERT_NO_NEWS);
    CHECK_EQ(scene.alert.told_count, 0);
}

static void what_was_told_by_day_and_ends_by_night_is_resolved_in_the_morning(void **state)
{
    struct scene scene = scene_of(ALERT_SELLERS_INCOMPLETE);

    (void)state;
    CHECK_EQ(look_of(&scene, true, 0), ALERT_IS_RAISED);
    scene.settings.is_quiet = true;
    CHECK_EQ(pass(&scene, false, KK_HOUR_MS), ALERT_NO_NEWS);
    CHECK_STR(alert_state_name(&scene.alert), "well");
    scene.settings.is_quiet = false;
    CHECK_EQ(look_of(&scene, false, 0), ALERT_IS_RESOLVED);
    CHECK_EQ(pass(&scene, false, KK_HOUR_MS), ALERT_NO_NEWS);
}

/* For who reads the messages it never ended. */
static void what_is_back_before_the_morning_was_never_away(void **state)
{
    struct scene scene = scene_of(ALERT_SELLERS_INCOMPLETE);

    (void)state;
    CHECK_EQ(look_of(&scene, true, 0), ALERT_IS_RAISED);
    scene.settings.is_quiet = true;
    CHECK_EQ(pass(&scene, false, KK_HOUR_MS), ALERT_NO_NEWS);
    CHECK_EQ(pass(&scene, true, KK_HOUR_MS), ALERT_NO_NEWS);
    scene.settings.is_quiet = false;
    CHECK_EQ(pass(&scene, true, KK_HOUR_MS), ALERT_NO_NEWS);
    CHECK_EQ(pass(&scene, true, 2 * KK_HOUR_MS), ALERT_IS_STILL);
}

static void a_clock_that_was_set_back_keeps_nothing_waiting(void **state)
{
    struct scene scene = scene_of(ALERT_SELLERS_STALE);

    (void)state;
    CHECK_EQ(look_of(&scene, true, 0), ALERT_NO_NEWS);
    scene.now_ms -= 30 * KK_DAY_MS;
    CHECK_EQ(pass(&scene, true, 11 * KK_MINUTE_MS), ALERT_IS_RAISED);
    scene.now_ms -= 30 * KK_DAY_MS;
    CHECK_EQ(pass(&scene, true, 4 * KK_HOUR_MS + EACH_MS), ALERT_IS_STILL);
    CHECK_EQ(look_of(&scene, false, 0), ALERT_NO_NEWS);
    scene.now_ms -= 30 * KK_DAY_MS;
    CHECK_EQ(pass(&scene, false, 2 * KK_MINUTE_MS), ALERT_IS_RESOLVED);
}

static void news_have_names(void **state)
{
    (void)state;
    CHECK_STR(alert_news_name(ALERT_IS_RAISED), "raised");
    CHECK_STR(alert_news_name(ALERT_IS_STILL), "still");
    CHECK_STR(alert_news_name(ALERT_IS_WORSE), "worse");
    CHECK_STR(alert_news_name(ALERT_IS_RESOLVED), "resolved");
    CHECK_STR(alert_news_name(ALERT_NO_NEWS), "none");
}

/* ---- quiet hours ---- */

static bool is_quiet(const char *hours, int utc_hour, int utc_minute)
{
    struct quiet_hours quiet;
    struct kk_err err;

    CHECK_OK(quiet_hours_parse(kk_sv_of(hours), &quiet, &err), &err);
    return quiet_hours_now(&quiet, 20000 * KK_DAY_MS + utc_hour * KK_HOUR_MS + utc_minute * KK_MINUTE_MS);
}

static void quiet_hours_go_over_midnight_and_over_zones(void **state)
{
    (void)state;
    CHECK(!is_quiet("", 3, 0));
    CHECK(!is_quiet("   ", 3, 0));
    CHECK(is_quiet("22:00-07:00", 22, 0));
    CHECK(is_quiet("22:00-07:00", 6, 59));
    CHECK(!is_quiet("22:00-07:00", 7, 0));
    CHECK(!is_quiet("22:00-07:00", 21, 59));
    CHECK(is_quiet("12:00-13:30", 13, 29));
    CHECK(!is_quiet("12:00-13:30", 13, 30));
    CHECK(!is_quiet("12:00-13:30", 11, 59));
    CHECK(!is_quiet("08:00-08:00", 8, 0)); /* no hours at all */
    /* Seoul's 22 o'clock is 13 o'clock UTC. */
    CHECK(is_quiet(" 22:00-07:00 +09:00 ", 13, 0));
    CHECK(!is_quiet("22:00-07:00   +09:00", 12, 59));
    CHECK(is_quiet("22:00-07:00 +09:00", 21, 59));
    CHECK(!is_quiet("22:00-07:00 +09:00", 22, 0));
    CHECK(is_quiet("22:00-07:00 -03:30", 1, 30));
    CHECK(!is_quiet("22:00-07:00 -03:30", 1, 29));
}

static void what_are_no_hours_is_said(void **state)
{
    static const char *const bad[] = {
        "22-7",
        "22:00",
        "22:00-",
        "24:00-07:00",
        "22:60-07:00",
        "-22:00-07:00",
        "22:00-07:00 9",
        "22:00-07:00 KST",
        "22:00-07:00 +9:00",
        "22:00-07:00 +15:00",
        "22:00-07:00 +09:0x",
        "a",
        "22:00-7:00",
        "2x:00-07:00",
        "22:00-07:-1",
        "22:00-07:00+09:00",
    };
    struct quiet_hours quiet = {.from_minute = 1};
    struct kk_err err;

    (void)state;
    for (size_t i = 0; i < KK_COUNT(bad); i++) {
        if (quiet_hours_parse(kk_sv_of(bad[i]), &quiet, &err) != KK_BAD_INPUT)
            CHECK_STR(bad[i], "refused");
        CHECK(strstr(err.msg, "22:00-07:00 +09:00"));
    }
    CHECK_EQ(quiet.from_minute, 1); /* as it was */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_has_all_that_people_need),
        cmocka_unit_test(it_is_told_once_it_was_so_for_long_enough),
        cmocka_unit_test(what_passes_before_that_is_not_told),
        cmocka_unit_test(it_is_repeated_by_a_schedule_and_resolved_once),
        cmocka_unit_test(without_a_schedule_it_is_told_once),
        cmocka_unit_test(what_comes_and_goes_is_one_alert),
        cmocka_unit_test(twice_as_many_are_news),
        cmocka_unit_test(in_quiet_hours_warnings_wait),
        cmocka_unit_test(critical_ones_do_not),
        cmocka_unit_test(a_warning_of_the_night_that_is_over_is_never_told),
        cmocka_unit_test(what_was_told_by_day_and_ends_by_night_is_resolved_in_the_morning),
        cmocka_unit_test(what_is_back_before_the_morning_was_never_away),
        cmocka_unit_test(a_clock_that_was_set_back_keeps_nothing_waiting),
        cmocka_unit_test(news_have_names),
        cmocka_unit_test(quiet_hours_go_over_midnight_and_over_zones),
        cmocka_unit_test(what_are_no_hours_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
