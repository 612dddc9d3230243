#include "ports/fetcher.h"

#include "support/check.h"

#define HEADERS                        \
    "content-type: application/json\n" \
    "set-cookie: a=1; Path=/\n"        \
    "set-cookie-2: no\n"               \
    "no colon here\n"                  \
    "x-empty: \n"                      \
    "set-cookie: b=x:y\n"

static void a_header_is_found_by_its_whole_name(void **state)
{
    (void)state;
    CHECK_STR(fetch_header(KK_SV(HEADERS), "content-type"), "application/json");
    CHECK_STR(fetch_header(KK_SV(HEADERS), "set-cookie-2"), "no");
    CHECK(!fetch_header(KK_SV(HEADERS), "content").ptr);
    CHECK(!fetch_header(KK_SV(HEADERS), "no colon here").ptr);
    CHECK(!fetch_header((struct kk_sv){0}, "content-type").ptr);
}

static void an_empty_header_is_there(void **state)
{
    (void)state;
    CHECK(fetch_header(KK_SV(HEADERS), "x-empty").ptr);
    CHECK_EQ(fetch_header(KK_SV(HEADERS), "x-empty").len, 0);
}

static void all_headers_of_a_name_come_in_turn(void **state)
{
    struct kk_sv rest = KK_SV(HEADERS);

    (void)state;
    CHECK_STR(fetch_header_next(&rest, "set-cookie"), "a=1; Path=/");
    CHECK_STR(fetch_header_next(&rest, "set-cookie"), "b=x:y");
    CHECK(!fetch_header_next(&rest, "set-cookie").ptr);
    CHECK(!fetch_header_next(&rest, "set-cookie").ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_is_found_by_its_whole_name),
        cmocka_unit_test(an_empty_header_is_there),
        cmocka_unit_test(all_headers_of_a_name_come_in_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
