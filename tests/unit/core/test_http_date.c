#include "core/backoff.h"

#include "base/clock.h"
#include "support/check.h"

static int64_t date_ms(const char *text)
{
    int64_t ms = 42;

    if (http_date_ms(kk_sv_of(text), &ms))
        return ms;
    CHECK_EQ(ms, 42);
    return -1;
}

static void all_spellings_of_a_date_are_one_date(void **state)
{
    static const char *const same[] = {
        "Tue, 24 Feb 2026 01:02:03 GMT", "Tue, 24-Feb-2026 01:02:03 GMT", "Tuesday, 24-Feb-26 01:02:03 GMT",
        "Tue Feb 24 01:02:03 2026",      "tue, 24 feb 2026 1:02:03 gmt",  "Tue, 24 Feb 2026 01:02:03 UTC",
    };

    (void)state;
    for (size_t i = 0; i < KK_COUNT(same); i++)
        CHECK_EQ(date_ms(same[i]), 1771894923000);
    CHECK_EQ(date_ms("Sun Nov  6 08:49:37 1994"), 784111777000); /* RFC 9110's own example */
    CHECK_EQ(date_ms("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
}

static void two_digits_of_a_year_are_read_as_cookies_have_them(void **state)
{
    (void)state;
    CHECK_EQ(date_ms("Thu, 01-Jan-70 00:00:00 GMT"), 0);
    CHECK_EQ(date_ms("Fri, 01-Jan-69 00:00:00 GMT"), kk_time_from_civil(2069, 1, 1, 0, 0, 0));
    CHECK_EQ(date_ms("Fri, 31-Dec-99 23:59:59 GMT"), kk_time_from_civil(1999, 12, 31, 23, 59, 59));
}

static void the_calendar_is_kept(void **state)
{
    (void)state;
    CHECK_EQ(date_ms("Thu, 29 Feb 2024 00:00:00 GMT"), kk_time_from_civil(2024, 2, 29, 0, 0, 0));
    CHECK_EQ(date_ms("Tue, 29 Feb 2000 00:00:00 GMT"), kk_time_from_civil(2000, 2, 29, 0, 0, 0));
    CHECK_EQ(date_ms("Sat, 29 Feb 2025 00:00:00 GMT"), -1);
    CHECK_EQ(date_ms("Thu, 29 Feb 2100 00:00:00 GMT"), -1);
    CHECK_EQ(date_ms("Thu, 31 Apr 2026 00:00:00 GMT"), -1);
    CHECK_EQ(date_ms("Mon, 01 Jan 1601 00:00:00 GMT"), kk_time_from_civil(1601, 1, 1, 0, 0, 0));
    CHECK_EQ(date_ms("Thu, 00 Apr 2026 00:00:00 GMT"), -1);
    CHECK_EQ(date_ms("Wed, 31 Dec 2025 23:59:60 GMT"), kk_time_from_civil(2026, 1, 1, 0, 0, 0));
}

static void what_is_no_date_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "   ",
        "Tue",
        "Tue, 24",
        "Tue, 24 Feb",
        "Tue, 24 Feb 2026",
        "Tue, 24 Feb 2026 01:02:03",
        "Tue, 24 Feb 2026 01:02:03 KST",
        "Tue, 24 Feb 2026 01:02:03 GMT+9",
        "Tue, 24 Feb 2026 01:02:03 GMT more",
        "Tue, 24 Feb 2026 24:00:00 GMT",
        "Tue, 24 Feb 2026 00:60:00 GMT",
        "Tue, 24 Feb 2026 00:00:61 GMT",
        "Tue, 24 Feb 2026 00:00 GMT",
        "Tue, 24 Feb 2026 00:0:00 GMT",
        "Tue, 24 Feb 2026 00:00:00:00 GMT",
        "Tue, 24 Feb 2026 xx:00:00 GMT",
        "Tue, 24 Feb 026 00:00:00 GMT",
        "Tue, 24 Feb 1600 00:00:00 GMT",
        "Tue, 24 Feb 20260 00:00:00 GMT",
        "Tue, 2/ Feb 2026 00:00:00 GMT",
        "Tue, 2x Feb 2026 00:00:00 GMT",
        "Tue, 240 Feb 2026 00:00:00 GMT",
        "Tue, 24 Xxx 2026 00:00:00 GMT",
        "Tue, 24 Febr 2026 00:00:00 GMT",
        "Tue Feb xx 01:02:03 2026",
        "Tue Feb 24 01:02 2026",
        "Tue Feb 24 01:02:03 xx",
        "2026-02-24T01:02:03Z",
    };

    (void)state;
    for (size_t i = 0; i < KK_COUNT(bad); i++) {
        if (date_ms(bad[i]) != -1)
            print_error("\"%s\"\n", bad[i]);
        CHECK_EQ(date_ms(bad[i]), -1);
    }
    CHECK_EQ(date_ms(NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_spellings_of_a_date_are_one_date),
        cmocka_unit_test(two_digits_of_a_year_are_read_as_cookies_have_them),
        cmocka_unit_test(the_calendar_is_kept),
        cmocka_unit_test(what_is_no_date_is_refused),
    };

    return cmocka_run_group_tests_name("core/http_date", tests, NULL, NULL);
}
