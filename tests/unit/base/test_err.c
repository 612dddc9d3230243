#include "base/err.h"

#include "support/check.h"

static void a_failure_carries_its_code_and_its_sentence(void **state)
{
    struct kk_err err = {0};

    (void)state;
    CHECK_EQ(kk_fail(&err, KK_NOT_FOUND, "seller %s is unknown", "luxmaison"), KK_NOT_FOUND);
    CHECK_EQ(err.code, KK_NOT_FOUND);
    CHECK_STR(err.msg, "seller luxmaison is unknown");
}

static void nobody_needs_to_ask_for_the_sentence(void **state)
{
    (void)state;
    CHECK_EQ(kk_fail(NULL, KK_BUSY, "locked"), KK_BUSY);
    CHECK_EQ(kk_while(NULL, KK_BUSY, "insert task"), KK_BUSY);
}

static void each_layer_puts_what_it_did_in_front(void **state)
{
    struct kk_err err;

    (void)state;
    kk_fail(&err, KK_BUSY, "database is locked");
    kk_while(&err, KK_BUSY, "insert task");
    CHECK_EQ(kk_while(&err, KK_BUSY, "start crawl of seller %d", 42), KK_BUSY);
    CHECK_STR(err.msg, "start crawl of seller 42: insert task: database is locked");
}

static void a_layer_without_a_cause_below_it_ends_with_no_colon(void **state)
{
    struct kk_err err = {0};

    (void)state;
    kk_while(&err, KK_TIMEOUT, "fetch page %d", 3);
    CHECK_STR(err.msg, "fetch page 3");
    CHECK_EQ(err.code, KK_TIMEOUT);
}

static void a_sentence_may_be_made_from_itself(void **state)
{
    struct kk_err err;

    (void)state;
    kk_fail(&err, KK_FULL, "disk full");
    kk_fail(&err, err.code, "archive: %s", err.msg);
    CHECK_STR(err.msg, "archive: disk full");
}

static void control_bytes_of_others_become_spaces(void **state)
{
    struct kk_err err;

    (void)state;
    kk_fail(&err, KK_MISMATCH, "got \"%s\"", "a\nb\r\tc\x1b[31m\x7f");
    CHECK_STR(err.msg, "got \"a b  c [31m \"");
}

static void what_is_too_long_is_cut_at_a_whole_character(void **state)
{
    struct kk_err err;
    char text[400];

    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        size_t at = 0;

        for (; at < shift; at++)
            text[at] = 'x';
        for (; at + 3 < sizeof(text); at += 3)
            memcpy(text + at, "가", 3);
        text[at] = '\0';
        kk_fail(&err, KK_BAD_INPUT, "%s", text);

        size_t kept = strlen(err.msg);

        CHECK(kept < KK_ERR_MSG_BYTES && kept > KK_ERR_MSG_BYTES - 4);
        CHECK_EQ((kept - shift) % 3, 0);
        CHECK(memcmp(err.msg, text, kept) == 0);
    }
}

static void a_cut_leaves_a_character_that_just_fits(void **state)
{
    struct kk_err err;
    char text[KK_ERR_MSG_BYTES + 1];

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text + KK_ERR_MSG_BYTES - 1 - 3, "가", 3);
    text[KK_ERR_MSG_BYTES] = '\0';
    kk_fail(&err, KK_BAD_INPUT, "%s", text);
    CHECK_EQ(strlen(err.msg), KK_ERR_MSG_BYTES - 1);
}

static void a_cut_in_bytes_that_are_no_text_is_made_anywhere(void **state)
{
    struct kk_err err;
    char text[KK_ERR_MSG_BYTES + 10];

    (void)state;
    memset(text, '\x80', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    kk_fail(&err, KK_BAD_INPUT, "%s", text);
    CHECK_EQ(strlen(err.msg), KK_ERR_MSG_BYTES - 1);
}

static void every_code_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = 0; a < KK_CODE_COUNT; a++)
        for (int b = 0; b < a; b++)
            CHECK(strcmp(kk_code_name((enum kk_code)a), kk_code_name((enum kk_code)b)) != 0);
    CHECK_STR(kk_code_name(KK_UNAVAILABLE), "unavailable");
    CHECK_EQ(KK_OK, 0);
}

static void only_what_may_pass_by_itself_may_be_retried(void **state)
{
    (void)state;
    CHECK(kk_code_may_retry(KK_BUSY));
    CHECK(kk_code_may_retry(KK_NO_MEMORY));
    CHECK(!kk_code_may_retry(KK_OK));
    CHECK(!kk_code_may_retry(KK_CORRUPT));
    CHECK(!kk_code_may_retry(KK_BAD_INPUT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_carries_its_code_and_its_sentence),
        cmocka_unit_test(nobody_needs_to_ask_for_the_sentence),
        cmocka_unit_test(each_layer_puts_what_it_did_in_front),
        cmocka_unit_test(a_layer_without_a_cause_below_it_ends_with_no_colon),
        cmocka_unit_test(a_sentence_may_be_made_from_itself),
        cmocka_unit_test(control_bytes_of_others_become_spaces),
        cmocka_unit_test(what_is_too_long_is_cut_at_a_whole_character),
        cmocka_unit_test(a_cut_leaves_a_character_that_just_fits),
        cmocka_unit_test(a_cut_in_bytes_that_are_no_text_is_made_anywhere),
        cmocka_unit_test(every_code_has_a_name_of_its_own),
        cmocka_unit_test(only_what_may_pass_by_itself_may_be_retried),
    };

    return cmocka_run_group_tests_name("base/err", tests, NULL, NULL);
}
