#include "sandbox/token.h"

#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "sandbox/gate.h"

#include "support/check.h"

static void a_token_is_three_parts_of_base64url_with_its_times(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf claims = KK_BUF(1024), padded = KK_BUF(1024);
    char text[GATE_TOKEN_BYTES];
    struct kk_sv rest, middle;

    (void)state;
    token_write(1, 42, 1700000000000, 1700007200000, text, sizeof(text));
    rest = kk_sv_of(text);
    for (size_t i = 0; i < rest.len; i++)
        CHECK(rest.ptr[i] == '.' || rest.ptr[i] == '-' || rest.ptr[i] == '_' || isalnum((unsigned char)rest.ptr[i]));
    kk_sv_cut(&rest, '.');
    middle = kk_sv_cut(&rest, '.');
    CHECK(rest.len > 0 && kk_sv_find(rest, KK_SV(".")) == rest.len);
    kk_buf_add(&padded, middle);
    while (padded.len % 4)
        kk_buf_addc(&padded, '=');
    CHECK(kk_base64_decode(kk_buf_sv(&padded), &claims));
    CHECK_STR(kk_buf_sv(&claims), "{\"sub\":\"guest\",\"jti\":42,\"iat\":1700000000,\"exp\":1700007200}");
}

static void tokens_differ_by_number_and_by_seed(void **state)
{
    char first[GATE_TOKEN_BYTES], second[GATE_TOKEN_BYTES], third[GATE_TOKEN_BYTES];

    (void)state;
    token_write(1, 1, 0, 1000, first, sizeof(first));
    token_write(1, 2, 0, 1000, second, sizeof(second));
    token_write(2, 1, 0, 1000, third, sizeof(third));
    CHECK(strcmp(first, second) != 0);
    CHECK(strcmp(first, third) != 0);
}

static void the_largest_token_fits(void **state)
{
    char text[GATE_TOKEN_BYTES];

    (void)state;
    token_write(UINT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, text, sizeof(text));
    CHECK(strlen(text) < sizeof(text));
}

static void a_nid_is_a_uuid_of_version_four(void **state)
{
    char nid[TOKEN_NID_BYTES];

    (void)state;
    for (uint64_t dice = 0; dice < 200; dice++) {
        token_nid(dice, nid);
        CHECK_EQ(strlen(nid), 36);
        CHECK(nid[8] == '-' && nid[13] == '-' && nid[18] == '-' && nid[23] == '-');
        CHECK_EQ(nid[14], '4');
        CHECK(strchr("89ab", nid[19]));
    }
}

static void dates_are_written_in_both_spellings(void **state)
{
    char text[TOKEN_DATE_BYTES];

    (void)state;
    token_date(kk_time_from_civil(2026, 2, 24, 0, 0, 0), DATE_SPACES, text);
    CHECK_STR((const char *)text, "Tue, 24 Feb 2026 00:00:00 GMT");
    token_date(kk_time_from_civil(2000, 2, 29, 23, 59, 59) + 999, DATE_DASHES, text);
    CHECK_STR((const char *)text, "Tue, 29-Feb-2000 23:59:59 GMT");
    token_date(0, DATE_SPACES, text);
    CHECK_STR((const char *)text, "Thu, 01 Jan 1970 00:00:00 GMT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_three_parts_of_base64url_with_its_times),
        cmocka_unit_test(tokens_differ_by_number_and_by_seed),
        cmocka_unit_test(the_largest_token_fits),
        cmocka_unit_test(a_nid_is_a_uuid_of_version_four),
        cmocka_unit_test(dates_are_written_in_both_spellings),
    };

    return cmocka_run_group_tests_name("sandbox/token", tests, NULL, NULL);
}
