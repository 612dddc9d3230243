#include "base/text.h"

#include <utf8proc.h>

#include "support/check.h"

static const struct kk_sv broken[] = {
    {"\x80", 1},     /* a tail without a head */
    {"\xC0\xAF", 2}, /* over-long '/' */
    {"\xC1\xBF", 2},
    {"\xE0\x9F\xBF", 3},     /* over-long in three bytes */
    {"\xF0\x8F\xBF\xBF", 4}, /* and in four */
    {"\xED\xA0\x80", 3},     /* the first surrogate */
    {"\xED\xBF\xBF", 3},     /* the last one */
    {"\xF4\x90\x80\x80", 4}, /* past U+10FFFF */
    {"\xF5\x80\x80\x80", 4},
    {"\xFF", 1},
    {"\xC3", 1}, /* cut short */
    {"\xEA\xB0", 2},
    {"\xF0\x9F\x98", 3},
    {"abcdefgh\xEA\xB0", 10},
    {"\xC3\x28", 2},
    {"\xEA\xB0\x28", 3},
    {"\xF0\x9F\x98\x28", 4},
};

static void only_well_formed_utf8_is_valid(void **state)
{
    (void)state;
    for (size_t i = 0; i < KK_COUNT(broken); i++)
        CHECK(!kk_utf8_valid(broken[i]));
    CHECK(kk_utf8_valid(KK_SV("")));
    CHECK(kk_utf8_valid((struct kk_sv){0}));
    CHECK(kk_utf8_valid(KK_SV("a\0b plain, 까치, \xF0\x9F\x90\xA6, \xC2\x80 \xDF\xBF \xE0\xA0\x80 \xEF\xBF\xBF")));
    CHECK(kk_utf8_valid(KK_SV("\xED\x9F\xBF\xEE\x80\x80\xF0\x90\x80\x80\xF4\x8F\xBF\xBF")));
}

static void every_code_point_is_judged_as_utf8proc_judges_it(void **state)
{
    (void)state;
    for (utf8proc_int32_t c = 0; c < 0x110000; c++) {
        utf8proc_uint8_t bytes[4];
        utf8proc_ssize_t len;

        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        len = utf8proc_encode_char(c, bytes);
        CHECK(kk_utf8_valid((struct kk_sv){(const char *)bytes, (size_t)len}));
    }
}

static void nfc_refuses_broken_text_and_says_where(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(100);
    struct kk_err err;

    (void)state;
    for (size_t i = 0; i < KK_COUNT(broken); i++)
        CHECK_EQ(kk_nfc(broken[i], &buf, NULL), KK_BAD_INPUT);
    CHECK_EQ(buf.len, 0);
    CHECK_EQ(kk_nfc(KK_SV("abc\xFF"), &buf, &err), KK_BAD_INPUT);
    CHECK_STR(err.msg, "the text is no UTF-8 at byte 3");
}

static void loose_letters_are_joined(void **state)
{
    static const char *const rows[][2] = {
        {"e\xCC\x81", "\xC3\xA9"},                      /* e, acute */
        {"\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8", "각"}, /* the three letters of one syllable */
        {"가\xE1\x86\xA8", "각"},                       /* a syllable and its final consonant */
        {"네이비 XL 100%", "네이비 XL 100%"},
        {"\xE2\x84\xAB", "\xC3\x85"},                  /* the Angstrom sign is an A with a ring */
        {"a\xCC\x81\xCC\xA3", "\xE1\xBA\xA1\xCC\x81"}, /* marks come into their order first */
        {"\xEF\xBC\xA1", "\xEF\xBC\xA1"},              /* a full-width A stays one: NFC, not NFKC */
    };
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(100);
    struct kk_err err;

    (void)state;
    for (size_t i = 0; i < KK_COUNT(rows); i++) {
        kk_buf_clear(&buf);
        CHECK_OK(kk_nfc(kk_sv_of(rows[i][0]), &buf, &err), &err);
        CHECK_STR(kk_buf_sv(&buf), rows[i][1]);
    }
}

static void the_empty_view_has_the_empty_form(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(100);
    struct kk_err err;

    (void)state;
    CHECK_OK(kk_nfc((struct kk_sv){0}, &buf, &err), &err);
    CHECK_OK(kk_nfc(KK_SV(""), &buf, &err), &err);
    CHECK_EQ(buf.len, 0);
}

/* The fast path must never keep what the slow one would change: each character alone, and behind an 'e' that a mark
 * would join. */
static void the_fast_path_agrees_with_utf8proc_for_every_character(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(100);

    (void)state;
    for (utf8proc_int32_t c = 1; c < 0x30000; c++) {
        utf8proc_uint8_t text[8] = {'e'};
        utf8proc_uint8_t *want;

        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        text[1 + utf8proc_encode_char(c, text + 1)] = '\0';
        want = utf8proc_NFC(text);
        kk_buf_clear(&buf);
        CHECK_OK(kk_nfc(kk_sv_of((const char *)text), &buf, NULL), NULL);
        CHECK_STR(kk_buf_sv(&buf), (const char *)want);
        free(want);
    }
}

static void nfc_stops_at_the_buffers_ceiling(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(2);

    (void)state;
    CHECK_EQ(kk_nfc(KK_SV("abc"), &buf, NULL), KK_BAD_INPUT);
    kk_buf_clear(&buf);
    CHECK_EQ(kk_nfc(KK_SV("가\xE1\x86\xA8"), &buf, NULL), KK_BAD_INPUT);
}

static void columns_are_what_a_terminal_draws(void **state)
{
    (void)state;
    CHECK_EQ(kk_text_columns(KK_SV("abc")), 3);
    CHECK_EQ(kk_text_columns(KK_SV("까치")), 4);
    CHECK_EQ(kk_text_columns(KK_SV("e\xCC\x81")), 1);
    CHECK_EQ(kk_text_columns(KK_SV("\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8")), 2);
    CHECK_EQ(kk_text_columns(KK_SV("a\tb\x1b")), 2);
    CHECK_EQ(kk_text_columns(KK_SV("\xFF")), 1);
    CHECK_EQ(kk_text_columns((struct kk_sv){0}), 0);
}

static void fitting_never_splits_a_character(void **state)
{
    (void)state;
    CHECK_STR(kk_text_fit(KK_SV("까치가 왔다"), 5), "까치");
    CHECK_STR(kk_text_fit(KK_SV("까치가 왔다"), 6), "까치가");
    CHECK_STR(kk_text_fit(KK_SV("까치"), 100), "까치");
    CHECK_STR(kk_text_fit(KK_SV("까치"), 1), "");
    CHECK_STR(kk_text_fit(KK_SV("e\xCC\x81x"), 1), "e\xCC\x81");
    CHECK_STR(kk_text_fit(KK_SV("abc"), 0), "");
}

static void percent_encoding_keeps_the_unreserved_and_nothing_else(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf buf = KK_BUF(100);

    (void)state;
    kk_percent_encode(KK_SV("aZ09-._~ /%+까\0"), &buf);
    CHECK_STR(kk_buf_sv(&buf), "aZ09-._~%20%2F%25%2B%EA%B9%8C%00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_well_formed_utf8_is_valid),
        cmocka_unit_test(every_code_point_is_judged_as_utf8proc_judges_it),
        cmocka_unit_test(nfc_refuses_broken_text_and_says_where),
        cmocka_unit_test(loose_letters_are_joined),
        cmocka_unit_test(the_empty_view_has_the_empty_form),
        cmocka_unit_test(the_fast_path_agrees_with_utf8proc_for_every_character),
        cmocka_unit_test(nfc_stops_at_the_buffers_ceiling),
        cmocka_unit_test(columns_are_what_a_terminal_draws),
        cmocka_unit_test(fitting_never_splits_a_character),
        cmocka_unit_test(percent_encoding_keeps_the_unreserved_and_nothing_else),
    };

    return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}
