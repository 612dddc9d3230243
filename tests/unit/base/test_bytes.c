#include "base/bytes.h"

#include "support/check.h"

static void views_compare_by_bytes_and_then_by_length(void **state)
{
    (void)state;
    CHECK(kk_sv_eq(KK_SV("a\0b"), KK_SV("a\0b")));
    CHECK(!kk_sv_eq(KK_SV("a\0b"), KK_SV("a\0c")));
    CHECK(kk_sv_eq(KK_SV(""), (struct kk_sv){0}));
    CHECK(kk_sv_cmp(KK_SV("ab"), KK_SV("abc")) < 0);
    CHECK(kk_sv_cmp(KK_SV("b"), KK_SV("abc")) > 0);
    CHECK(kk_sv_cmp(KK_SV("\xff"), KK_SV("a")) > 0);
    CHECK_EQ(kk_sv_cmp((struct kk_sv){0}, KK_SV("")), 0);
}

static void case_is_ignored_for_ascii_letters_only(void **state)
{
    (void)state;
    CHECK(kk_sv_eq_ci(KK_SV("Set-Cookie"), KK_SV("sET-cOOKIE")));
    CHECK(!kk_sv_eq_ci(KK_SV("["), KK_SV("{")));
    CHECK(!kk_sv_eq_ci(KK_SV("\xc0"), KK_SV("\xe0")));
    CHECK(!kk_sv_eq_ci(KK_SV("a"), KK_SV("aa")));
}

static void a_c_string_that_is_not_there_is_the_empty_view(void **state)
{
    (void)state;
    CHECK_EQ(kk_sv_of(NULL).len, 0);
    CHECK_STR(kk_sv_of("abc"), KK_SV("abc"));
}

static void starts_and_trim_and_find(void **state)
{
    (void)state;
    CHECK(kk_sv_starts(KK_SV("kk_base"), KK_SV("kk_")));
    CHECK(kk_sv_starts(KK_SV("k"), KK_SV("")));
    CHECK(!kk_sv_starts(KK_SV("k"), KK_SV("kk")));
    CHECK_STR(kk_sv_trim(KK_SV(" \t a b\t ")), "a b");
    CHECK_STR(kk_sv_trim(KK_SV(" \t ")), "");
    CHECK_STR(kk_sv_trim((struct kk_sv){0}), "");
    CHECK_EQ(kk_sv_find(KK_SV("Max-Age=1"), KK_SV("=")), 7);
    CHECK_EQ(kk_sv_find(KK_SV("abc"), KK_SV("d")), 3);
    CHECK_EQ(kk_sv_find(KK_SV("abc"), KK_SV("")), 0);
    CHECK_EQ(kk_sv_find(KK_SV("ab"), KK_SV("abc")), 2);
    CHECK_EQ(kk_sv_find((struct kk_sv){0}, KK_SV("a")), 0);
}

static void cutting_walks_through_all_parts_and_stops(void **state)
{
    struct kk_sv rest = KK_SV("a;;b");

    (void)state;
    CHECK_STR(kk_sv_cut(&rest, ';'), "a");
    CHECK_STR(kk_sv_cut(&rest, ';'), "");
    CHECK_STR(kk_sv_cut(&rest, ';'), "b");
    CHECK_EQ(rest.len, 0);
    CHECK_STR(kk_sv_cut(&rest, ';'), "");
}

static void numbers_are_decimal_whole_and_within_64_bits(void **state)
{
    static const struct {
        const char *text;
        int64_t number;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"007", 7},
        {"-12", -12},
        {"545600", 545600},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    static const char *const bad[] = {
        "",
        "-",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "1e3",
        "0x10",
        "--1",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999999999",
        "1,000",
        "一",
    };
    int64_t number = 77;

    (void)state;
    for (size_t i = 0; i < KK_COUNT(good); i++) {
        CHECK(kk_sv_i64(kk_sv_of(good[i].text), &number));
        CHECK_EQ(number, good[i].number);
    }
    number = 77;
    for (size_t i = 0; i < KK_COUNT(bad); i++)
        CHECK(!kk_sv_i64(kk_sv_of(bad[i]), &number));
    CHECK_EQ(number, 77);
}

static void a_fixed_array_gets_all_of_a_text_or_nothing(void **state)
{
    char dst[4] = "old";

    (void)state;
    CHECK(kk_sv_copy(KK_SV("abc"), dst, sizeof(dst)));
    CHECK_STR(dst, "abc");
    CHECK(!kk_sv_copy(KK_SV("abcd"), dst, sizeof(dst)));
    CHECK_STR(dst, "");
    CHECK(!kk_sv_copy(KK_SV("a\0b"), dst, sizeof(dst)));
    CHECK_STR(dst, "");
    CHECK(kk_sv_copy((struct kk_sv){0}, dst, sizeof(dst)));
    CHECK_STR(dst, "");
}

static void a_buffer_grows_up_to_its_ceiling_and_no_further(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(1000);
    struct kk_err err;

    (void)state;
    for (int i = 0; i < 1000; i++)
        kk_buf_addc(&buf, 'x');
    CHECK_EQ(buf.failed, KK_OK);
    CHECK_EQ(buf.len, 1000);
    CHECK(buf.cap <= 1001);
    kk_buf_addc(&buf, 'x');
    CHECK_EQ(buf.failed, KK_BAD_INPUT);
    CHECK_EQ(buf.len, 1000);
    CHECK_EQ(kk_buf_check(&buf, "the message", &err), KK_BAD_INPUT);
    CHECK_STR(err.msg, "the message is longer than the 1000 bytes it may have");
}

static void the_first_failure_sticks_until_cleared(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(4);

    (void)state;
    kk_buf_add(&buf, KK_SV("abc"));
    kk_buf_add(&buf, KK_SV("de"));
    kk_buf_add(&buf, KK_SV("f"));
    kk_buf_addf(&buf, "%d", 1);
    kk_buf_add_i64(&buf, 1);
    CHECK(kk_buf_room(&buf, 1) == NULL);
    CHECK_STR(kk_buf_sv(&buf), "abc");
    CHECK_STR(kk_buf_cstr(&buf), "");
    kk_buf_clear(&buf);
    kk_buf_add(&buf, KK_SV("wxyz"));
    CHECK_STR(kk_buf_cstr(&buf), "wxyz");
    CHECK_EQ(kk_buf_check(&buf, "it", NULL), KK_OK);
}

static void a_zeroed_buffer_is_empty_and_refuses_to_grow(void **state)
{
    struct kk_buf buf = {0};

    (void)state;
    CHECK_STR(kk_buf_cstr(&buf), "");
    kk_buf_add(&buf, (struct kk_sv){0});
    CHECK_EQ(buf.failed, KK_OK);
    kk_buf_addc(&buf, 'x');
    CHECK_EQ(buf.failed, KK_BAD_INPUT);
    kk_buf_done(&buf);
    kk_buf_done(&buf);
    kk_buf_done(NULL);
}

static void absurd_sizes_are_refused_without_wrapping_round(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(100);

    (void)state;
    kk_buf_addc(&buf, 'x');
    CHECK(kk_buf_room(&buf, SIZE_MAX) == NULL);
    CHECK_EQ(buf.failed, KK_BAD_INPUT);
    kk_buf_clear(&buf);
    CHECK(kk_buf_room(&buf, SIZE_MAX - 1) == NULL);
    kk_buf_clear(&buf);
    CHECK(kk_buf_room(&buf, 100) != NULL);
}

static void formatted_text_may_be_longer_than_the_scratch_space(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(2000);

    (void)state;
    kk_buf_addf(&buf, "%s-%0999d", "a", 7);
    CHECK_EQ(buf.len, 1001);
    CHECK_EQ(buf.ptr[1000], '7');
    kk_buf_addf(&buf, "%d", 8);
    CHECK_EQ(kk_buf_cstr(&buf)[1001], '8');
    kk_buf_addf(&buf, "%0999d", 7);
    CHECK_EQ(buf.failed, KK_BAD_INPUT);
}

static void whole_numbers_are_written_at_both_ends_of_their_range(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(200);

    (void)state;
    kk_buf_add_i64(&buf, INT64_MIN);
    kk_buf_addc(&buf, ' ');
    kk_buf_add_i64(&buf, INT64_MAX);
    kk_buf_addc(&buf, ' ');
    kk_buf_add_i64(&buf, 0);
    kk_buf_addc(&buf, ' ');
    kk_buf_add_i64(&buf, -10);
    CHECK_STR(kk_buf_sv(&buf), "-9223372036854775808 9223372036854775807 0 -10");
}

static void room_is_written_to_and_then_counted(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(10);
    char *room = kk_buf_room(&buf, 10);

    (void)state;
    CHECK(room != NULL);
    memcpy(room, "0123456789", 10);
    buf.len += 10;
    CHECK_STR(kk_buf_cstr(&buf), "0123456789");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare_by_bytes_and_then_by_length),
        cmocka_unit_test(case_is_ignored_for_ascii_letters_only),
        cmocka_unit_test(a_c_string_that_is_not_there_is_the_empty_view),
        cmocka_unit_test(starts_and_trim_and_find),
        cmocka_unit_test(cutting_walks_through_all_parts_and_stops),
        cmocka_unit_test(numbers_are_decimal_whole_and_within_64_bits),
        cmocka_unit_test(a_fixed_array_gets_all_of_a_text_or_nothing),
        cmocka_unit_test(a_buffer_grows_up_to_its_ceiling_and_no_further),
        cmocka_unit_test(the_first_failure_sticks_until_cleared),
        cmocka_unit_test(a_zeroed_buffer_is_empty_and_refuses_to_grow),
        cmocka_unit_test(absurd_sizes_are_refused_without_wrapping_round),
        cmocka_unit_test(formatted_text_may_be_longer_than_the_scratch_space),
        cmocka_unit_test(whole_numbers_are_written_at_both_ends_of_their_range),
        cmocka_unit_test(room_is_written_to_and_then_counted),
    };

    return cmocka_run_group_tests_name("base/bytes", tests, NULL, NULL);
}
