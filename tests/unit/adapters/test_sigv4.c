/* The examples that AWS publishes: four of the S3 documentation, and two of its signing test suite. */
#include "adapters/aws/sigv4.h"

#include <string.h>

#include "base/clock.h"
#include "support/check.h"

#define S3_KEY \
    ((struct sigv4_key){KK_SV("AKIAIOSFODNN7EXAMPLE"), KK_SV("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), {0}})

static void check_signature(struct sigv4_request request, const char *signature, const char *target)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf wire = KK_BUF(4096), headers = KK_BUF(4096);
    struct kk_err err = {0};
    struct kk_sv all;
    size_t at;

    request.host = KK_SV("examplebucket.s3.amazonaws.com");
    request.region = KK_SV("us-east-1");
    request.service = KK_SV("s3");
    request.is_s3 = true;
    CHECK_OK(sigv4_sign(&request, &S3_KEY, kk_time_from_civil(2013, 5, 24, 0, 0, 0), &wire, &headers, &err), &err);
    all = kk_buf_sv(&headers);
    at = kk_sv_find(all, KK_SV("Signature="));
    CHECK(at < all.len);
    CHECK_STR(((struct kk_sv){all.ptr + at + 10, 64}), signature);
    CHECK_STR(kk_buf_sv(&wire), target);
}

static void an_object_is_got_in_part(void **state)
{
    const struct sigv4_pair range = {KK_SV("range"), KK_SV("bytes=0-9")};

    (void)state;
    check_signature(
        (struct sigv4_request){
            .method = KK_SV("GET"), .path = KK_SV("/test.txt"), .headers = &range, .header_count = 1},
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41", "/test.txt");
}

static void an_object_is_put(void **state)
{
    const struct sigv4_pair headers[] = {{KK_SV("x-amz-storage-class"), KK_SV("REDUCED_REDUNDANCY")},
                                         {KK_SV("date"), KK_SV("Fri, 24 May 2013 00:00:00 GMT")}};

    (void)state;
    check_signature((struct sigv4_request){.method = KK_SV("PUT"),
                                           .path = KK_SV("/test$file.text"),
                                           .headers = headers,
                                           .header_count = 2,
                                           .body = KK_SV("Welcome to Amazon S3.")},
                    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd", "/test%24file.text");
}

static void a_parameter_without_a_value_is_signed(void **state)
{
    const struct sigv4_pair query = {KK_SV("lifecycle"), {0}};

    (void)state;
    check_signature(
        (struct sigv4_request){.method = KK_SV("GET"), .path = KK_SV("/"), .query = &query, .query_count = 1},
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543", "/?lifecycle=");
}

static void a_list_is_asked_for_in_any_order(void **state)
{
    const struct sigv4_pair query[] = {{KK_SV("prefix"), KK_SV("J")}, {KK_SV("max-keys"), KK_SV("2")}};

    (void)state;
    check_signature(
        (struct sigv4_request){.method = KK_SV("GET"), .path = KK_SV("/"), .query = query, .query_count = 2},
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7", "/?max-keys=2&prefix=J");
}

static void check_suite(const struct sigv4_pair *query, size_t count, const char *signature)
{
    const struct sigv4_key key = {KK_SV("AKIDEXAMPLE"), KK_SV("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), {0}};
    const struct sigv4_request request = {.method = KK_SV("GET"),
                                          .host = KK_SV("example.amazonaws.com"),
                                          .path = KK_SV("/"),
                                          .query = query,
                                          .query_count = count,
                                          .region = KK_SV("us-east-1"),
                                          .service = KK_SV("service")};
    KK_CLEANUP(kk_buf_done) struct kk_buf wire = KK_BUF(4096), headers = KK_BUF(4096);
    struct kk_err err = {0};

    CHECK_OK(sigv4_sign(&request, &key, kk_time_from_civil(2015, 8, 30, 12, 36, 0), &wire, &headers, &err), &err);
    CHECK(strstr(kk_buf_cstr(&headers), signature));
    CHECK(strstr(kk_buf_cstr(&headers), "x-amz-date: 20150830T123600Z\n"));
}

static void the_signing_suite_comes_out(void **state)
{
    const struct sigv4_pair query[] = {{KK_SV("Param2"), KK_SV("value2")}, {KK_SV("Param1"), KK_SV("value1")}};

    (void)state;
    check_suite(NULL, 0, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    check_suite(query, 2, "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
}

static void what_would_forge_a_header_is_refused(void **state)
{
    const struct sigv4_pair evil = {KK_SV("x-amz-meta"), KK_SV("a\nhost: other")};
    const struct sigv4_request request = {
        .method = KK_SV("GET"), .path = KK_SV("/"), .headers = &evil, .header_count = 1};
    KK_CLEANUP(kk_buf_done) struct kk_buf wire = KK_BUF(4096), headers = KK_BUF(4096);
    struct kk_err err = {0};

    (void)state;
    CHECK_EQ(sigv4_sign(&request, &S3_KEY, 0, &wire, &headers, &err), KK_BAD_INPUT);
    CHECK_EQ(headers.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_is_got_in_part),
        cmocka_unit_test(an_object_is_put),
        cmocka_unit_test(a_parameter_without_a_value_is_signed),
        cmocka_unit_test(a_list_is_asked_for_in_any_order),
        cmocka_unit_test(the_signing_suite_comes_out),
        cmocka_unit_test(what_would_forge_a_header_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
