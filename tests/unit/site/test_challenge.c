#include "site/session.h"

#include "support/check.h"

static void a_page_where_json_belongs_is_a_challenge(void **state)
{
    (void)state;
    CHECK(session_is_challenge(KK_SV("text/html; charset=UTF-8"), KK_SV("<!DOCTYPE html><html></html>")));
    CHECK(session_is_challenge(KK_SV("TEXT/HTML"), KK_SV("please wait")));
    CHECK(session_is_challenge(KK_SV("application/xhtml+xml"), KK_SV("<x/>")));
    CHECK(session_is_challenge(KK_SV("application/json"), KK_SV("\xEF\xBB\xBF \r\n\t<HTML lang=ko>")));
    CHECK(session_is_challenge(KK_SV(""), KK_SV("<!-- Just a moment... --><html>")));
    CHECK(session_is_challenge(KK_SV(""), KK_SV("<script>")));
}

static void json_is_none_whatever_its_label_and_its_words(void **state)
{
    (void)state;
    CHECK(!session_is_challenge(KK_SV("application/json"), KK_SV("{\"name\":\"<html> Just a moment\"}")));
    CHECK(!session_is_challenge(KK_SV("text/html"), KK_SV(" [{\"optionNo\":1}]")));
    CHECK(!session_is_challenge(KK_SV("text/html"), KK_SV("{}")));
}

/* A body that is empty or of another kind has not the known shape; it bans nobody. */
static void what_is_no_page_is_none(void **state)
{
    (void)state;
    CHECK(!session_is_challenge(KK_SV("text/html"), KK_SV("")));
    CHECK(!session_is_challenge(KK_SV("text/html"), KK_SV(" \n")));
    CHECK(!session_is_challenge(KK_SV("text/plain"), KK_SV("oops")));
    CHECK(!session_is_challenge(KK_SV("application/xml"), KK_SV("<Error/>")));
    CHECK(session_is_challenge(KK_SV("application/xml"), KK_SV("<x><title>Access Denied</title>")));
    CHECK(!session_is_challenge(KK_SV(""), KK_SV("<")));
    CHECK(!session_is_challenge(KK_SV(""), KK_SV("\xEF\xBB\xBF")));
}

/* The home page is HTML by right, so it is asked about as plain text. */
static bool is_challenge_page(struct kk_sv body)
{
    return session_is_challenge(KK_SV("text/plain"), body);
}

static void the_home_page_is_one_by_its_title_alone(void **state)
{
    (void)state;
    CHECK(is_challenge_page(KK_SV("<html><head><title>Just a moment...</title>")));
    CHECK(is_challenge_page(KK_SV("<HTML><TITLE lang=\"en\">mustit | Human Verification</TITLE>")));
    CHECK(is_challenge_page(KK_SV("<title>Access denied")));
    CHECK(is_challenge_page(KK_SV("<title>Attention Required! | Cloudflare</title>")));
    CHECK(!is_challenge_page(KK_SV("<!DOCTYPE html><html><title>머스트잇</title><p>Just a moment</p>")));
    CHECK(!is_challenge_page(KK_SV("<html>Human Verification")));
    CHECK(!is_challenge_page(KK_SV("<html><tit")));
    CHECK(!is_challenge_page(KK_SV("")));
    CHECK(!is_challenge_page(KK_SV("{\"name\":\"<title>Just a moment</title>\"}")));
}

static void a_title_far_inside_a_page_is_not_looked_for(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf page = KK_BUF(65536);

    (void)state;
    kk_buf_addc(&page, '<');
    for (int i = 0; i < 20000; i++)
        kk_buf_addc(&page, ' ');
    kk_buf_add(&page, KK_SV("<title>Just a moment...</title>"));
    CHECK(!is_challenge_page(kk_buf_sv(&page)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_where_json_belongs_is_a_challenge),
        cmocka_unit_test(json_is_none_whatever_its_label_and_its_words),
        cmocka_unit_test(what_is_no_page_is_none),
        cmocka_unit_test(the_home_page_is_one_by_its_title_alone),
        cmocka_unit_test(a_title_far_inside_a_page_is_not_looked_for),
    };

    return cmocka_run_group_tests_name("site/challenge", tests, NULL, NULL);
}
