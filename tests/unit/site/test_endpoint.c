#include "site/endpoint.h"

#include <string.h>

#include "site/paths.h"
#include "support/check.h"

static const struct site mustit = {
    {"https://m.web.mustit.co.kr", 26}, {SITE_LIST_PATH, sizeof(SITE_LIST_PATH) - 1}, 500};
static const struct site sandbox = {{"http://127.0.0.1:8621", 21}, {SITE_LIST_PATH, sizeof(SITE_LIST_PATH) - 1}, 20};

static void url_of(const struct site *site, enum task_kind kind, int64_t item_no, int64_t page, int64_t page_size,
                   struct kk_buf *out)
{
    struct task task = {.kind = kind, .item_no = item_no, .page = page};
    struct kk_err err;

    kk_sv_copy(KK_SV("dinapino2014@x"), task.seller_id, sizeof(task.seller_id));
    CHECK_OK(endpoint_path(site, kind, item_no, task.endpoint, sizeof(task.endpoint), &err), &err);
    endpoint_url(site, &task, page_size, out);
    CHECK_EQ(out->failed, KK_OK);
}

static void the_three_addresses(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf list = KK_BUF(SITE_URL_MAX_BYTES), detail = KK_BUF(SITE_URL_MAX_BYTES);
    KK_CLEANUP(kk_buf_done) struct kk_buf options = KK_BUF(SITE_URL_MAX_BYTES);

    (void)state;
    url_of(&mustit, TASK_LIST, 0, 3, 0, &list);
    CHECK_STR(kk_buf_sv(&list), "https://m.web.mustit.co.kr/mustit-api/facade-api/v1/search/mini-shop-search"
                                "?sellerId=dinapino2014%40x&pageNo=3&pageSize=500&order=LATEST");
    url_of(&mustit, TASK_DETAIL, INT64_MAX, 0, 0, &detail);
    CHECK_STR(kk_buf_sv(&detail),
              "https://m.web.mustit.co.kr/mustit-api/facade-api/v1/item/9223372036854775807/detail/top");
    url_of(&sandbox, TASK_OPTIONS, 117757690, 0, 0, &options);
    CHECK_STR(kk_buf_sv(&options), "http://127.0.0.1:8621/mustit-api/legacy-api/v1/auction_products/117757690/options");
}

static void a_run_that_knows_the_page_size_of_the_site_uses_it(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf url = KK_BUF(SITE_URL_MAX_BYTES);

    (void)state;
    url_of(&mustit, TASK_LIST, 0, 0, 40, &url);
    CHECK(strstr(kk_buf_cstr(&url), "&pageSize=40&") != NULL);
}

static void a_path_that_moved_needs_no_build(void **state)
{
    struct site site = {mustit.base_url, KK_SV("/v1/searchmini-shop-search"), 500};
    char path[TASK_ENDPOINT_BYTES];
    struct kk_err err;

    (void)state;
    CHECK_OK(endpoint_path(&site, TASK_LIST, 0, path, sizeof(path), &err), &err);
    CHECK_STR(path, "/v1/searchmini-shop-search");
}

static void what_makes_no_path_is_refused(void **state)
{
    char long_path[TASK_ENDPOINT_BYTES + 1], path[TASK_ENDPOINT_BYTES];
    struct site site = {mustit.base_url, {long_path, TASK_ENDPOINT_BYTES}, 500};
    struct kk_err err;

    (void)state;
    memset(long_path, '/', sizeof(long_path));
    CHECK_EQ(endpoint_path(&site, TASK_LIST, 0, path, sizeof(path), &err), KK_BAD_INPUT);
    site.list_path.len = 0;
    CHECK_EQ(endpoint_path(&site, TASK_LIST, 0, path, sizeof(path), &err), KK_BAD_INPUT);
    CHECK_EQ(endpoint_path(&mustit, TASK_DETAIL, 0, path, sizeof(path), &err), KK_BAD_INPUT);
    CHECK_EQ(endpoint_path(&mustit, TASK_OPTIONS, -1, path, sizeof(path), &err), KK_BAD_INPUT);
}

#define FROM "https://m.web.mustit.co.kr/a/b?q=1#f"

static void check_redirect(const struct site *site, const char *from, const char *location, const char *expected)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf url = KK_BUF(SITE_URL_MAX_BYTES);
    struct kk_err err = {0};
    enum kk_code rc = endpoint_redirect(site, kk_sv_of(from), kk_sv_of(location), &url, &err);

    if (rc != (expected ? KK_OK : KK_DENIED))
        print_error("%s -> %s: %s %s\n", from, location, kk_code_name(rc), err.msg);
    CHECK_EQ(rc, expected ? KK_OK : KK_DENIED);
    if (expected)
        CHECK_STR(kk_buf_sv(&url), expected);
}

static void a_redirect_within_the_site_is_resolved(void **state)
{
    static const struct {
        const char *location, *path;
    } cases[] = {
        {"https://m.web.mustit.co.kr/x?y=1", "/x?y=1"},
        {"HTTPS://M.Web.Mustit.co.kr/x", "/x"},
        {"https://m.web.mustit.co.kr:443/x", "/x"},
        {"https://m.web.mustit.co.kr", "/"},
        {"https://m.web.mustit.co.kr?y=1", "/?y=1"},
        {"//m.web.mustit.co.kr/x", "/x"},
        {"/x", "/x"},
        {"/x#part", "/x"},
        {"/x?u=http://other.example/", "/x?u=http://other.example/"},
        {"x", "/a/x"},
        {"zZ[", "/a/zZ["},
        {"a/Z:z", "/a/a/Z:z"},
        {"AZaz", "/a/AZaz"},
        {"1:x", "/a/1:x"},
        {"{:x", "/a/{:x"},
        {"https://m.web.mustit.co.kr:/x", "/x"},
        {"https://m.web.mustit.co.kr/443:/x", "/443:/x"},
        {"../x", "/a/../x"},
        {"?z=2", "/a/b?z=2"},
        {" /x ", "/x"},
        {"/%EA%B9%8C", "/%EA%B9%8C"},
        {"/까", "/%EA%B9%8C"},
    };

    (void)state;
    for (size_t i = 0; i < KK_COUNT(cases); i++) {
        char expected[256] = "https://m.web.mustit.co.kr";

        kk_sv_copy(kk_sv_of(cases[i].path), expected + 26, sizeof(expected) - 26);
        check_redirect(&mustit, FROM, cases[i].location, expected);
    }
}

static void a_redirect_off_the_site_is_denied(void **state)
{
    static const char *const bad[] = {
        "",
        "  ",
        "#top",
        "http://m.web.mustit.co.kr/x",
        "https://mustit.co.kr/x",
        "https://web.mustit.co.kr/x",
        "https://m.web.mustit.co.kr.evil.example/x",
        "https://m.web.mustit.co.kr@evil.example/x",
        "https://evil.example/https://m.web.mustit.co.kr/",
        "https://evil.example#@m.web.mustit.co.kr/",
        "https://evil.example?https://m.web.mustit.co.kr/",
        "https:\\\\evil.example/",
        "/\\evil.example/",
        "//evil.example/x",
        "///evil.example/x",
        "https:///x",
        "https:/x",
        "https:x",
        "https://m.web.mustit.co.kr:8443/x",
        "https://m.web.mustit.co.kr.:443/x",
        "https://m.web.mustit.co.kr:443:443/x",
        "javascript:alert(1)",
        "https://name@m.web.mustit.co.kr/x",
        "https://:443@m.web.mustit.co.kr/x",
        "a:x",
        "z:x",
        "A:x",
        "Z:x",
        "https:////",
        "https://:443/x",
        "https://443/x",
        "https://m.web.mustit.co.kr:4/43/x",
        "data:text/html,x",
        "file:///etc/passwd",
        "/x y",
        "/x\r\nCookie: a=b",
        "/\x7f",
    };

    (void)state;
    for (size_t i = 0; i < KK_COUNT(bad); i++)
        check_redirect(&mustit, FROM, bad[i], NULL);
}

static void ports_are_part_of_the_site(void **state)
{
    static const struct site ipv6 = {{"http://[::1]:8621", 17}, {"/", 1}, 20},
                             bare = {{"http://[::1]", 12}, {"/", 1}, 20};
    static const struct site nines = {{"http://h:9009", 13}, {"/", 1}, 20};
    static const struct site nowhere = {{"127.0.0.1", 9}, {"/", 1}, 20};

    (void)state;
    check_redirect(&sandbox, "http://127.0.0.1:8621/", "http://127.0.0.1:8621/x", "http://127.0.0.1:8621/x");
    check_redirect(&sandbox, "http://127.0.0.1:8621", "x", "http://127.0.0.1:8621/x");
    check_redirect(&sandbox, "http://127.0.0.1:8621", "?x", "http://127.0.0.1:8621/?x");
    check_redirect(&sandbox, "http://127.0.0.1:8621/", "http://127.0.0.1/x", NULL);
    check_redirect(&sandbox, "http://127.0.0.1:8621/", "https://127.0.0.1:8621/x", NULL);
    check_redirect(&ipv6, "http://[::1]:8621/", "http://[::1]:8621/x", "http://[::1]:8621/x");
    check_redirect(&ipv6, "http://[::1]:8621/", "http://[::1]/x", NULL);
    check_redirect(&nines, "http://h:9009/", "http://h:9009/x", "http://h:9009/x");
    check_redirect(&nines, "http://h:9009/", "http://h/x", NULL);
    check_redirect(&bare, "http://[::1]/", "http://[::1]:80/x", "http://[::1]/x");
    check_redirect(&sandbox, "not an address", "/x", NULL);
    check_redirect(&nowhere, "http://127.0.0.1:8621/", "/x", NULL);
}

static void a_location_without_end_is_denied(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf url = KK_BUF(SITE_URL_MAX_BYTES);
    char location[SITE_URL_MAX_BYTES + 1];

    (void)state;
    memset(location, '/', sizeof(location));
    location[1] = 'x';
    CHECK_EQ(endpoint_redirect(&mustit, KK_SV(FROM), (struct kk_sv){location, sizeof(location)}, &url, NULL),
             KK_DENIED);
    CHECK_EQ(endpoint_redirect(&mustit, KK_SV(FROM), (struct kk_sv){location, SITE_URL_MAX_BYTES}, &url, NULL),
             KK_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_addresses),
        cmocka_unit_test(a_run_that_knows_the_page_size_of_the_site_uses_it),
        cmocka_unit_test(a_path_that_moved_needs_no_build),
        cmocka_unit_test(what_makes_no_path_is_refused),
        cmocka_unit_test(a_redirect_within_the_site_is_resolved),
        cmocka_unit_test(a_redirect_off_the_site_is_denied),
        cmocka_unit_test(ports_are_part_of_the_site),
        cmocka_unit_test(a_location_without_end_is_denied),
    };

    return cmocka_run_group_tests_name("site/endpoint", tests, NULL, NULL);
}
