#include "site/session.h"

#include <string.h>

#include "base/clock.h"
#include "support/check.h"

#define NOW_MS INT64_C(1771891200000) /* 2026-02-24T00:00:00Z */

static struct session after(const char *set_cookie)
{
    struct session session = {0};

    session_set_cookie(&session, kk_sv_of(set_cookie), NOW_MS);
    return session;
}

static void the_three_cookies_are_taken_and_others_are_not(void **state)
{
    struct session session = {0};

    (void)state;
    session_set_cookie(&session, KK_SV("token=aa.bb.cc; Path=/; HttpOnly; Secure"), NOW_MS);
    session_set_cookie(&session, KK_SV("token_type=Bearer; Path=/"), NOW_MS);
    session_set_cookie(&session, KK_SV("nid=3f0c0000-0000-4000-8000-000000000001"), NOW_MS);
    session_set_cookie(&session, KK_SV(" mustit_uid = 1764000000000.123456 ;Path=/"), NOW_MS);
    session_set_cookie(&session, KK_SV("Token=other"), NOW_MS);
    CHECK_STR(session.token, "aa.bb.cc");
    CHECK_STR(session.nid, "3f0c0000-0000-4000-8000-000000000001");
    CHECK_STR(session.mustit_uid, "1764000000000.123456");
    CHECK_EQ(session.expires_at_ms, 0);
}

static void max_age_wins_over_expires_wherever_it_stands(void **state)
{
    (void)state;
    CHECK_EQ(after("token=t; Max-Age=7200").expires_at_ms, NOW_MS + 7200000);
    CHECK_EQ(after("token=t; Expires=Tue, 24 Feb 2026 01:00:00 GMT").expires_at_ms, NOW_MS + KK_HOUR_MS);
    CHECK_EQ(after("token=t; Expires=Tue, 24-Feb-2026 01:00:00 GMT").expires_at_ms, NOW_MS + KK_HOUR_MS);
    CHECK_EQ(after("token=t; max-age=60; expires=Tue, 24 Feb 2026 01:00:00 GMT").expires_at_ms, NOW_MS + 60000);
    CHECK_EQ(after("token=t; EXPIRES=Tue, 24 Feb 2026 01:00:00 GMT; MAX-AGE=60").expires_at_ms, NOW_MS + 60000);
}

static void what_cannot_be_read_says_nothing(void **state)
{
    (void)state;
    CHECK_EQ(after("token=t; Max-Age=soon").expires_at_ms, 0);
    CHECK_EQ(after("token=t; Max-Age=").expires_at_ms, 0);
    CHECK_EQ(after("token=t; Expires=tomorrow").expires_at_ms, 0);
    CHECK_EQ(after("token=t; Max-Age=x; Expires=Tue, 24 Feb 2026 01:00:00 GMT").expires_at_ms, NOW_MS + KK_HOUR_MS);
    CHECK_STR(after("token=t; Max-Age=soon").token, "t");
}

static void no_life_is_longer_than_a_browser_would_give(void **state)
{
    (void)state;
    CHECK_EQ(after("token=t; Max-Age=9223372036854775807").expires_at_ms, NOW_MS + 400 * KK_DAY_MS);
    CHECK_EQ(after("token=t; Expires=Fri, 31 Dec 9999 23:59:59 GMT").expires_at_ms, NOW_MS + 400 * KK_DAY_MS);
}

static void a_cookie_that_is_over_is_ignored(void **state)
{
    static const char *const over[] = {
        "token=new; Max-Age=0",
        "token=new; Max-Age=-1",
        "token=new; Max-Age=-9223372036854775808",
        "token=new; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "token=new; Expires=Thu, 01-Jan-1970 00:00:01 GMT",
        "token=new; Expires=Tue, 24 Feb 2026 00:00:00 GMT",
        "token=new; Max-Age=0; Expires=Tue, 24 Feb 2099 00:00:00 GMT",
    };

    (void)state;
    for (size_t i = 0; i < KK_COUNT(over); i++) {
        struct session session = after("token=old; Max-Age=60");

        session_set_cookie(&session, kk_sv_of(over[i]), NOW_MS);
        CHECK_STR(session.token, "old");
        CHECK_EQ(session.expires_at_ms, NOW_MS + 60000);
    }
}

static void a_later_token_brings_its_own_end(void **state)
{
    struct session session = after("token=old; Max-Age=60");

    (void)state;
    session_set_cookie(&session, KK_SV("token=new"), NOW_MS);
    CHECK_STR(session.token, "new");
    CHECK_EQ(session.expires_at_ms, 0);
    session_set_cookie(&session, KK_SV("nid=n; Max-Age=5"), NOW_MS);
    CHECK_EQ(session.expires_at_ms, 0);
}

/* The value goes back out in a header. */
static void what_could_break_a_header_is_no_value(void **state)
{
    static const char *const bad[] = {"token=",     "token=a b",  "token=a\rX", "token=a\nX", "token=a,b", "token=a\"b",
                                      "token=a\\b", "token=가",   "token",      "",           ";",         "=",
                                      "=x",         "token=\x7f", "token=\"a",  "token=a\""};

    (void)state;
    for (size_t i = 0; i < KK_COUNT(bad); i++)
        CHECK_STR(after(bad[i]).token, "");
    CHECK_STR(after("token=\"quoted\"").token, "quoted");
    CHECK_STR(after("token=\"").token, "");
    CHECK_STR(after("token=a=b==").token, "a=b==");
    CHECK_STR(after("token=!~").token, "!~");
    CHECK_STR(after("token=\"\"").token, "");
}

static void a_value_that_does_not_fit_is_ignored(void **state)
{
    char text[AGENT_TOKEN_BYTES + 64] = "token=";
    struct session session = {0};

    (void)state;
    memset(text + 6, 't', sizeof(text) - 6);
    session_set_cookie(&session, (struct kk_sv){text, 6 + AGENT_TOKEN_BYTES}, NOW_MS);
    CHECK_STR(session.token, "");
    session_set_cookie(&session, (struct kk_sv){text, 6 + AGENT_TOKEN_BYTES - 1}, NOW_MS);
    CHECK_EQ(strlen(session.token), AGENT_TOKEN_BYTES - 1);
    memcpy(text, "nid=tt", 6);
    session_set_cookie(&session, (struct kk_sv){text, 4 + AGENT_ID_COOKIE_BYTES}, NOW_MS);
    CHECK_STR(session.nid, "");
    memcpy(text, "mustit_uid=", 11);
    session_set_cookie(&session, (struct kk_sv){text, 11 + AGENT_ID_COOKIE_BYTES}, NOW_MS);
    CHECK_STR(session.mustit_uid, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_cookies_are_taken_and_others_are_not),
        cmocka_unit_test(max_age_wins_over_expires_wherever_it_stands),
        cmocka_unit_test(what_cannot_be_read_says_nothing),
        cmocka_unit_test(no_life_is_longer_than_a_browser_would_give),
        cmocka_unit_test(a_cookie_that_is_over_is_ignored),
        cmocka_unit_test(a_later_token_brings_its_own_end),
        cmocka_unit_test(what_could_break_a_header_is_no_value),
        cmocka_unit_test(a_value_that_does_not_fit_is_ignored),
    };

    return cmocka_run_group_tests_name("site/cookie", tests, NULL, NULL);
}
