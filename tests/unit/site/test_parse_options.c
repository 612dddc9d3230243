#include "site/parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "unit/site/body.h"

#define ITEM 900200001

static enum kk_code parse(const char *name, struct snapshot *ret, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = body_read(name);

    return parse_options(kk_buf_sv(&body), ITEM, ret, err);
}

static void each_row_is_an_option(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot s = {0};
    struct kk_err err;

    (void)state;
    CHECK_OK(parse("options", &s, &err), &err);
    CHECK(s.has_options);
    CHECK_EQ(s.option_count, 3);
    CHECK_EQ(s.option[0].option_no, 5900200001);
    CHECK_STR(s.option[0].color, "브라운");
    CHECK_STR(s.option[0].size, "S");
    CHECK_EQ(s.option[0].stock, 2);
    CHECK_EQ(s.option[1].stock, 0);
    CHECK_STR(s.option[2].color, "그레이/031");
}

static bool options_eq(const struct snapshot *a, const struct snapshot *b)
{
    bool is_equal = a->option_count == b->option_count && a->has_options == b->has_options;

    for (size_t i = 0; is_equal && i < a->option_count; i++)
        is_equal = a->option[i].option_no == b->option[i].option_no && a->option[i].stock == b->option[i].stock &&
                   kk_sv_eq(a->option[i].color, b->option[i].color) && kk_sv_eq(a->option[i].size, b->option[i].size);
    return is_equal;
}

static void order_spelling_and_unicode_form_do_not_matter(void **state)
{
    static const char *const same[] = {"options_in_another_order", "options_numbers_as_text",
                                       "options_hangul_decomposed"};
    KK_CLEANUP(snapshot_done) struct snapshot expected = {0};
    struct kk_err err;

    (void)state;
    CHECK_OK(parse("options", &expected, &err), &err);
    for (size_t i = 0; i < KK_COUNT(same); i++) {
        KK_CLEANUP(snapshot_done) struct snapshot s = {0};

        CHECK_OK(parse(same[i], &s, &err), &err);
        CHECK(options_eq(&s, &expected));
    }
}

/* B9 of the peers: [] is an answer, not a failure. */
static void no_rows_and_a_row_without_axes_are_two_things(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot none = {0}, one = {0}, null = {0};
    struct kk_err err;

    (void)state;
    CHECK_OK(parse("options_empty", &none, &err), &err);
    CHECK(none.has_options);
    CHECK_EQ(none.option_count, 0);
    CHECK_OK(parse("options_one_row_without_axes", &one, &err), &err);
    CHECK_EQ(one.option_count, 1);
    CHECK_STR(one.option[0].color, "");
    CHECK_EQ(one.option[0].stock, 5);
    CHECK_OK(parse("options_axes_null", &null, &err), &err);
    CHECK(options_eq(&one, &null));
}

static void one_axis_is_enough(void **state)
{
    KK_CLEANUP(snapshot_done) struct snapshot s = {0};
    struct kk_err err;

    (void)state;
    CHECK_OK(parse("options_size_only", &s, &err), &err);
    CHECK_EQ(s.option_count, 2);
    CHECK_STR(s.option[1].color, "");
    CHECK_STR(s.option[1].size, "US 6");
}

static void another_shape_is_a_mismatch_that_names_its_path(void **state)
{
    static const struct {
        const char *name, *path;
    } cases[] = {
        {"options_of_another_item", "[1].itemNo is 900200002"},
        {"options_twice", "option 5900200001 is there twice"},
        {"options_is_object", "the options are no list"},
        {"options_stock_missing", "[0].stock is missing"},
        {"options_stock_negative", "[0].stock is no integer"},
        {"options_number_is_zero", "[0].optionNo is no integer over 0"},
        {"options_color_missing", "[0].color is missing"},
        {"options_size_is_number", "[0].size is no text"},
        {"options_holds_null", "[0].optionNo is missing"},
        {"detail", "the options are no list"},
    };

    (void)state;
    for (size_t i = 0; i < KK_COUNT(cases); i++) {
        struct snapshot s = {.item_no = 42};
        struct kk_err err = {0};

        if (parse(cases[i].name, &s, &err) != KK_MISMATCH || !strstr(err.msg, cases[i].path))
            print_error("%s: \"%s\" does not say \"%s\"\n", cases[i].name, err.msg, cases[i].path);
        CHECK_EQ(err.code, KK_MISMATCH);
        CHECK(strstr(err.msg, cases[i].path) != NULL);
        CHECK_EQ(s.item_no, 42);
    }
}

static void more_options_than_an_item_may_have_are_a_mismatch(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(2 * BODY_MAX_BYTES);
    struct snapshot s = {0};
    struct kk_err err;

    (void)state;
    kk_jw_open(&body, '[');
    for (int64_t no = 1; no <= SNAPSHOT_OPTIONS_MAX + 1; no++) {
        kk_jw_open(&body, '{');
        kk_jw_key_i64(&body, "optionNo", no);
        kk_jw_key_i64(&body, "itemNo", ITEM);
        kk_jw_key_str(&body, "color", KK_SV(""));
        kk_jw_key_str(&body, "size", KK_SV(""));
        kk_jw_key_i64(&body, "stock", 1);
        kk_jw_close(&body, '}');
    }
    kk_jw_close(&body, ']');
    CHECK_EQ(parse_options(kk_buf_sv(&body), ITEM, &s, &err), KK_MISMATCH);
    CHECK(strstr(err.msg, "more than 5000 options") != NULL);
}

static void bytes_that_are_no_json_are_a_mismatch(void **state)
{
    char *huge = calloc(1, PARSE_MAX_BYTES + 1);
    struct snapshot s = {0};

    (void)state;
    CHECK(huge != NULL);
    CHECK_EQ(parse_options(KK_SV(""), ITEM, &s, NULL), KK_MISMATCH);
    CHECK_EQ(parse_options(KK_SV("[{]"), ITEM, &s, NULL), KK_MISMATCH);
    CHECK_EQ(parse_options((struct kk_sv){huge, PARSE_MAX_BYTES + 1}, ITEM, &s, NULL), KK_MISMATCH);
    free(huge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_an_option),
        cmocka_unit_test(order_spelling_and_unicode_form_do_not_matter),
        cmocka_unit_test(no_rows_and_a_row_without_axes_are_two_things),
        cmocka_unit_test(one_axis_is_enough),
        cmocka_unit_test(another_shape_is_a_mismatch_that_names_its_path),
        cmocka_unit_test(more_options_than_an_item_may_have_are_a_mismatch),
        cmocka_unit_test(bytes_that_are_no_json_are_a_mismatch),
    };

    return cmocka_run_group_tests_name("site/parse_options", tests, NULL, NULL);
}
