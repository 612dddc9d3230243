#include "core/seller.h"

#include <string.h>

#include "base/clock.h"
#include "support/check.h"

static void an_id_is_of_the_bytes_the_site_uses(void **state)
{
    static const char *const good[] = {"luxmaison", "LUXMAISON", "a", "dinapino2014", "a.b_c-d@e", "azAZ09"};
    static const char *const bad[] = {"", " ", "a b", "a/b", "a%b", "셀러", "a\n", "a'", "a\"", "a;--", "a:b"};
    char longest[SELLER_ID_BYTES + 1];
    struct kk_err err;

    (void)state;
    for (size_t i = 0; i < KK_COUNT(good); i++)
        CHECK_OK(seller_id_check(kk_sv_of(good[i]), &err), &err);
    for (size_t i = 0; i < KK_COUNT(bad); i++)
        CHECK_EQ(seller_id_check(kk_sv_of(bad[i]), &err), KK_BAD_INPUT);
    memset(longest, 'a', sizeof(longest));
    CHECK_OK(seller_id_check((struct kk_sv){longest, SELLER_ID_BYTES - 1}, &err), &err);
    CHECK_EQ(seller_id_check((struct kk_sv){longest, SELLER_ID_BYTES}, &err), KK_BAD_INPUT);
}

static void the_sentence_says_what_is_wrong_with_an_id(void **state)
{
    struct kk_err err;

    (void)state;
    seller_id_check(KK_SV("ab c"), &err);
    CHECK(strstr(err.msg, "character 3"));
}

static void a_period_is_whole_hours_or_days(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"1h", KK_HOUR_MS},
                {"6h", 6 * KK_HOUR_MS},
                {"8760h", 365 * KK_DAY_MS},
                {"1d", KK_DAY_MS},
                {"365d", 365 * KK_DAY_MS}};
    static const char *const bad[] = {"",
                                      "h",
                                      "d",
                                      "6",
                                      "6m",
                                      "0h",
                                      "0d",
                                      "-1h",
                                      "8761h",
                                      "366d",
                                      "1.5h",
                                      "6 h",
                                      " 6h",
                                      "6h ",
                                      "6hours",
                                      "+6h",
                                      "6H",
                                      "99999999999999999999h",
                                      "a text that is much too long to be shown in full"};

    (void)state;
    for (size_t i = 0; i < KK_COUNT(good); i++) {
        KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(32);
        struct seller seller = {0};
        struct kk_err err;

        CHECK_OK(seller_period_parse(kk_sv_of(good[i].text), &seller.period_count, &seller.period_unit, &err), &err);
        CHECK_EQ(seller_period_ms(&seller), good[i].ms);
        seller_period_print(&seller, &out);
        CHECK_STR(kk_buf_sv(&out), good[i].text);
    }
    for (size_t i = 0; i < KK_COUNT(bad); i++) {
        int64_t count = 42;
        enum period_unit unit = PERIOD_DAY;

        CHECK_EQ(seller_period_parse(kk_sv_of(bad[i]), &count, &unit, NULL), KK_BAD_INPUT);
        CHECK_EQ(count, 42);
    }
}

static void a_seller_that_never_ran_is_due_at_once(void **state)
{
    struct seller seller = {.period_count = 6, .period_unit = PERIOD_HOUR};

    (void)state;
    CHECK_EQ(seller_next_run_at_ms(&seller, 1000), 1000);
}

/* S3: the new period counts from the last start, not from the moment it was changed. */
static void a_changed_period_takes_effect_on_the_next_schedule(void **state)
{
    struct seller seller = {.period_count = 6, .period_unit = PERIOD_HOUR, .last_started_at_ms = 10 * KK_HOUR_MS};

    (void)state;
    CHECK_EQ(seller_next_run_at_ms(&seller, 11 * KK_HOUR_MS), 16 * KK_HOUR_MS);
    seller.period_count = 2;
    CHECK_EQ(seller_next_run_at_ms(&seller, 11 * KK_HOUR_MS), 12 * KK_HOUR_MS);
    seller.period_count = 1;
    CHECK_EQ(seller_next_run_at_ms(&seller, 11 * KK_HOUR_MS + 5), 11 * KK_HOUR_MS + 5);
}

static void starts_stay_on_the_grid_and_missed_ones_are_skipped(void **state)
{
    struct seller seller = {.period_count = 1, .period_unit = PERIOD_HOUR, .next_run_at_ms = 5 * KK_HOUR_MS};

    (void)state;
    CHECK_EQ(seller_after_start_ms(&seller, 5 * KK_HOUR_MS), 6 * KK_HOUR_MS);
    CHECK_EQ(seller_after_start_ms(&seller, 5 * KK_HOUR_MS + 1), 6 * KK_HOUR_MS);
    CHECK_EQ(seller_after_start_ms(&seller, 6 * KK_HOUR_MS - 1), 6 * KK_HOUR_MS);
    CHECK_EQ(seller_after_start_ms(&seller, 6 * KK_HOUR_MS), 7 * KK_HOUR_MS);
    CHECK_EQ(seller_after_start_ms(&seller, 99 * KK_HOUR_MS + 30), 100 * KK_HOUR_MS);
}

static void a_start_by_hand_leaves_the_grid_alone(void **state)
{
    struct seller seller = {.period_count = 1, .period_unit = PERIOD_DAY, .next_run_at_ms = 10 * KK_DAY_MS};

    (void)state;
    CHECK_EQ(seller_after_start_ms(&seller, 9 * KK_DAY_MS + 7), 10 * KK_DAY_MS);
}

static void every_name_is_read_back(void **state)
{
    enum seller_state seller_state;
    enum period_unit unit;
    enum crawl_mode mode;

    (void)state;
    for (int s = SELLER_ACTIVE; s <= SELLER_DISABLED; s++) {
        CHECK(seller_state_parse(kk_sv_of(seller_state_name((enum seller_state)s)), &seller_state));
        CHECK_EQ(seller_state, s);
    }
    for (int u = PERIOD_HOUR; u <= PERIOD_DAY; u++) {
        CHECK(period_unit_parse(kk_sv_of(period_unit_name((enum period_unit)u)), &unit));
        CHECK_EQ(unit, u);
    }
    for (int m = CRAWL_FULL; m <= CRAWL_DELTA; m++) {
        CHECK(crawl_mode_parse(kk_sv_of(crawl_mode_name((enum crawl_mode)m)), &mode));
        CHECK_EQ(mode, m);
    }
    CHECK(!seller_state_parse(KK_SV("active"), &seller_state));
    CHECK(!period_unit_parse(KK_SV("WEEK"), &unit));
    CHECK(!crawl_mode_parse(KK_SV(""), &mode));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_of_the_bytes_the_site_uses),
        cmocka_unit_test(the_sentence_says_what_is_wrong_with_an_id),
        cmocka_unit_test(a_period_is_whole_hours_or_days),
        cmocka_unit_test(a_seller_that_never_ran_is_due_at_once),
        cmocka_unit_test(a_changed_period_takes_effect_on_the_next_schedule),
        cmocka_unit_test(starts_stay_on_the_grid_and_missed_ones_are_skipped),
        cmocka_unit_test(a_start_by_hand_leaves_the_grid_alone),
        cmocka_unit_test(every_name_is_read_back),
    };

    return cmocka_run_group_tests_name("core/seller", tests, NULL, NULL);
}
