#include "site/session.h"

#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "support/check.h"

#define NOW_MS INT64_C(1771891200000) /* 2026-02-24T00:00:00Z */

/* A session whose token is "<header>.<claims in base64url>.<signature>". */
static struct session jwt(const char *claims)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(4096);
    struct session session = {0};

    kk_base64(kk_sv_of(claims), &text);
    for (size_t i = 0; i < text.len; i++)
        text.ptr[i] = text.ptr[i] == '+' ? '-' : text.ptr[i] == '/' ? '_' : text.ptr[i];
    while (text.len > 0 && text.ptr[text.len - 1] == '=')
        text.len--;
    snprintf(session.token, sizeof(session.token), "eyJhbGciOiJIUzI1NiJ9.%s.c2ln", kk_buf_cstr(&text));
    return session;
}

static void the_cookies_end_wins_over_the_tokens_own(void **state)
{
    struct session session = jwt("{\"exp\":1771894800}");

    (void)state;
    CHECK_EQ(session_expires_at_ms(&session, NOW_MS), NOW_MS + KK_HOUR_MS);
    session.expires_at_ms = NOW_MS + 5000;
    CHECK_EQ(session_expires_at_ms(&session, NOW_MS), NOW_MS + 5000);
}

/* Claims whose base64 has the letters that base64url spells otherwise. */
static void base64url_is_read_in_every_length(void **state)
{
    static const char *const claims[] = {"{\"exp\":1771898400}", "{\"exp\":1771898400 }",
                                         "{\"exp\":1771898400,\"a\":1}", "{\"sub\":\"?>?>?>~~~\",\"exp\":1771898400}"};

    (void)state;
    for (size_t i = 0; i < KK_COUNT(claims); i++) {
        struct session session = jwt(claims[i]);

        CHECK_EQ(session_expires_at_ms(&session, NOW_MS), NOW_MS + 2 * KK_HOUR_MS);
    }
}

static void a_token_that_says_nothing_lives_an_hour(void **state)
{
    static const char *const claims[] = {"{}",           "[]",       "{\"exp\":\"soon\"}",   "{\"exp\":0}",
                                         "{\"exp\":-5}", "not json", "{\"exp\":1771891200}", "{\"exp\":5}"};
    static const char *const tokens[] = {"", "opaque", "a.b", "a..c", "a.!!!.c", "a.YWJj.", "..", "a.YWJ.c"};

    (void)state;
    for (size_t i = 0; i < KK_COUNT(claims); i++) {
        struct session session = jwt(claims[i]);

        CHECK_EQ(session_expires_at_ms(&session, NOW_MS), NOW_MS + SESSION_TOKEN_LIFE_MS);
    }
    for (size_t i = 0; i < KK_COUNT(tokens); i++) {
        struct session session = {0};

        kk_sv_copy(kk_sv_of(tokens[i]), session.token, sizeof(session.token));
        CHECK_EQ(session_expires_at_ms(&session, NOW_MS), NOW_MS + SESSION_TOKEN_LIFE_MS);
    }
}

static void no_token_lives_longer_than_a_cookie_may(void **state)
{
    struct session session = jwt("{\"exp\":9223372036854775807}"), later = jwt("{\"exp\":4102444800}");

    (void)state;
    CHECK_EQ(session_expires_at_ms(&session, NOW_MS), NOW_MS + 400 * KK_DAY_MS);
    CHECK_EQ(session_expires_at_ms(&later, NOW_MS), NOW_MS + 400 * KK_DAY_MS);
}

static struct agent agent_with(const char *token, const char *nid, const char *uid)
{
    struct agent agent = {.state = AGENT_ACTIVE};

    kk_sv_copy(KK_SV("Mozilla/5.0 (Linux)"), agent.user_agent, sizeof(agent.user_agent));
    kk_sv_copy(kk_sv_of(token), agent.token, sizeof(agent.token));
    kk_sv_copy(kk_sv_of(nid), agent.nid, sizeof(agent.nid));
    kk_sv_copy(kk_sv_of(uid), agent.mustit_uid, sizeof(agent.mustit_uid));
    return agent;
}

static void a_call_sends_the_token_in_its_header_and_the_visitor_as_cookies(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(8192);
    struct agent agent = agent_with("aa.bb.cc", "n-1", "17.3");

    (void)state;
    session_headers(&agent, false, &out);
    CHECK_STR(kk_buf_sv(&out), "User-Agent: Mozilla/5.0 (Linux)\n"
                               "Accept: */*\n"
                               "Accept-Language: ko-KR,ko;q=0.9\n"
                               "Authorization: Bearer aa.bb.cc\n"
                               "Cookie: nid=n-1; mustit_uid=17.3\n");
}

static void half_a_visitor_is_not_sent(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf one = KK_BUF(8192), other = KK_BUF(8192), none = KK_BUF(8192);
    struct agent no_uid = agent_with("t", "n-1", ""), no_nid = agent_with("t", "", "17.3"),
                 bare = agent_with("", "", "");

    (void)state;
    session_headers(&no_uid, false, &one);
    session_headers(&no_nid, false, &other);
    session_headers(&bare, false, &none);
    CHECK(!strstr(kk_buf_cstr(&one), "Cookie"));
    CHECK(!strstr(kk_buf_cstr(&other), "Cookie"));
    CHECK(!strstr(kk_buf_cstr(&none), "Authorization"));
}

static void the_home_page_is_asked_for_as_a_browser_does_without_token(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf out = KK_BUF(8192);
    struct agent agent = agent_with("aa.bb.cc", "n-1", "17.3");

    (void)state;
    session_headers(&agent, true, &out);
    CHECK_STR(kk_buf_sv(&out), "User-Agent: Mozilla/5.0 (Linux)\n"
                               "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\n"
                               "Accept-Language: ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cookies_end_wins_over_the_tokens_own),
        cmocka_unit_test(base64url_is_read_in_every_length),
        cmocka_unit_test(a_token_that_says_nothing_lives_an_hour),
        cmocka_unit_test(no_token_lives_longer_than_a_cookie_may),
        cmocka_unit_test(a_call_sends_the_token_in_its_header_and_the_visitor_as_cookies),
        cmocka_unit_test(half_a_visitor_is_not_sent),
        cmocka_unit_test(the_home_page_is_asked_for_as_a_browser_does_without_token),
    };

    return cmocka_run_group_tests_name("site/session", tests, NULL, NULL);
}
