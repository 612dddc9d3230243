#include "base/clock.h"

#include "support/check.h"

static void times_are_printed_in_utc_far_and_near(void **state)
{
    static const struct {
        int64_t wall_ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(1795339800123), "2026-11-22T09:30:00.123Z"},
        {INT64_C(951782399999), "2000-02-28T23:59:59.999Z"},
        {INT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
        {INT64_C(4107542400000), "2100-03-01T00:00:00.000Z"},
        {INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
        {INT64_C(253402300800000), "9999-12-31T23:59:59.999Z"},
        {INT64_C(-62167219200001), "0000-01-01T00:00:00.000Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
        {INT64_MIN, "0000-01-01T00:00:00.000Z"},
    };
    char text[KK_ISO_BYTES];

    (void)state;
    for (size_t i = 0; i < KK_COUNT(rows); i++) {
        kk_time_iso(rows[i].wall_ms, text);
        CHECK_STR(text, rows[i].text);
    }
}

static void the_calendar_agrees_with_the_c_librarys(void **state)
{
    (void)state;
    /* 400 years and some, every 17 hours and odd seconds: every month's end and leap rule comes by. */
    for (int64_t second = -7000000000; second < 7000000000; second += 61261) {
        time_t when = (time_t)second;
        struct tm tm;
        char want[KK_ISO_BYTES], got[KK_ISO_BYTES];

        CHECK(gmtime_r(&when, &tm) != NULL);
        CHECK(strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000Z", &tm) > 0);
        kk_time_iso(second * 1000, got);
        CHECK_STR(got, want);
        CHECK_EQ(kk_time_from_civil(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec),
                 second * 1000);
    }
}

static void far_years_do_not_overflow(void **state)
{
    (void)state;
    CHECK_EQ(kk_time_from_civil(0, 1, 1, 0, 0, 0), INT64_C(-62167219200000));
    CHECK_EQ(kk_time_from_civil(9999, 12, 31, 23, 59, 59), INT64_C(253402300799000));
    CHECK(kk_time_from_civil(INT32_MAX, 12, 31, 0, 0, 0) > 0);
    CHECK(kk_time_from_civil(INT32_MIN, 1, 1, 0, 0, 0) < 0);
}

static void durations_need_a_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"500ms", 500},
        {"90s", 90000},
        {"10m", 600000},
        {"1h", 3600000},
        {"2d", 172800000},
        {"0s", 0},
        {"9223372036854775807ms", INT64_MAX},
    };
    static const char *const bad[] = {
        "",
        "10",
        "s",
        "-1s",
        "1.5h",
        "1 h",
        "1H",
        "1hh",
        "h1",
        " 1h",
        "1h ",
        "1h30m",
        "9223372036854775808ms",
        "106751991168d",
        "10MiB",
    };
    int64_t ms = 77;

    (void)state;
    for (size_t i = 0; i < KK_COUNT(good); i++) {
        CHECK(kk_duration_parse(kk_sv_of(good[i].text), &ms));
        CHECK_EQ(ms, good[i].ms);
    }
    ms = 77;
    for (size_t i = 0; i < KK_COUNT(bad); i++)
        CHECK(!kk_duration_parse(kk_sv_of(bad[i]), &ms));
    CHECK_EQ(ms, 77);
}

static void sizes_need_a_unit_too(void **state)
{
    int64_t bytes = 77;

    (void)state;
    CHECK(kk_size_parse(KK_SV("16MiB"), &bytes));
    CHECK_EQ(bytes, 16777216);
    CHECK(kk_size_parse(KK_SV("64KiB"), &bytes));
    CHECK_EQ(bytes, 65536);
    CHECK(kk_size_parse(KK_SV("10B"), &bytes));
    CHECK_EQ(bytes, 10);
    CHECK(kk_size_parse(KK_SV("1GiB"), &bytes));
    CHECK_EQ(bytes, 1073741824);
    CHECK(!kk_size_parse(KK_SV("16"), &bytes));
    CHECK(!kk_size_parse(KK_SV("16MB"), &bytes));
    CHECK(!kk_size_parse(KK_SV("-1B"), &bytes));
    CHECK(!kk_size_parse(KK_SV("9223372036854775807KiB"), &bytes));
}

static void what_is_printed_parses_to_the_same_number(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "0ms"}, {1500, "1500ms"}, {5000, "5s"}, {90000, "90s"}, {3600000, "1h"}, {86400000, "1d"}, {5400000, "90m"},
    };
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(100);
    int64_t back;

    (void)state;
    for (size_t i = 0; i < KK_COUNT(rows); i++) {
        kk_buf_clear(&buf);
        kk_duration_print(rows[i].ms, &buf);
        CHECK_STR(kk_buf_sv(&buf), rows[i].text);
        CHECK(kk_duration_parse(kk_buf_sv(&buf), &back));
        CHECK_EQ(back, rows[i].ms);
    }
    kk_buf_clear(&buf);
    kk_size_print(16 << 20, &buf);
    kk_buf_addc(&buf, ' ');
    kk_size_print(1000, &buf);
    CHECK_STR(kk_buf_sv(&buf), "16MiB 1000B");
}

static int64_t fixed(void *ctx)
{
    return *(int64_t *)ctx;
}

static void a_clock_says_what_it_was_made_to_say(void **state)
{
    int64_t now = 5;
    struct kk_clock clock = {fixed, fixed, &now};

    (void)state;
    CHECK_EQ(kk_wall_ms(&clock), 5);
    now = 6;
    CHECK_EQ(kk_mono_ms(&clock), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_printed_in_utc_far_and_near),
        cmocka_unit_test(the_calendar_agrees_with_the_c_librarys),
        cmocka_unit_test(far_years_do_not_overflow),
        cmocka_unit_test(durations_need_a_unit),
        cmocka_unit_test(sizes_need_a_unit_too),
        cmocka_unit_test(what_is_printed_parses_to_the_same_number),
        cmocka_unit_test(a_clock_says_what_it_was_made_to_say),
    };

    return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
