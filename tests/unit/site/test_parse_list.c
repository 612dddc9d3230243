#include "site/parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "unit/site/body.h"

static enum kk_code parse(const char *name, struct list_page *ret, struct kk_err *err)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = body_read(name);

    return parse_list(kk_buf_sv(&body), ret, err);
}

static struct list_page page_of(const char *name)
{
    struct list_page page;
    struct kk_err err;

    CHECK_OK(parse(name, &page, &err), &err);
    return page;
}

static void a_page_gives_the_count_and_its_items_in_order(void **state)
{
    KK_CLEANUP(list_page_done) struct list_page page = page_of("list");

    (void)state;
    CHECK_EQ(page.count, 1764);
    CHECK_EQ(page.entry_count, 2);
    CHECK_EQ(page.entry[0].item_no, 900200001);
    CHECK_EQ(page.entry[1].item_no, 900200000);
    CHECK(!kk_hash_eq(&page.entry[0].hash, &page.entry[1].hash));
}

static void a_page_without_items_is_a_page(void **state)
{
    KK_CLEANUP(list_page_done) struct list_page page = page_of("list_empty");

    (void)state;
    CHECK_EQ(page.count, 0);
    CHECK_EQ(page.entry_count, 0);
}

static void a_count_has_a_maximum(void **state)
{
    KK_CLEANUP(list_page_done) struct list_page page = {0};
    struct kk_err err;

    (void)state;
    CHECK_OK(parse_list(KK_SV("{\"count\":1000000,\"items\":[]}"), &page, &err), &err);
    CHECK_EQ(page.count, PARSE_LIST_COUNT_MAX);
}

static void the_same_item_twice_is_one_entry_of_two_rows(void **state)
{
    KK_CLEANUP(list_page_done) struct list_page page = page_of("list_same_item_twice");

    (void)state;
    CHECK_EQ(page.row_count, 3);
    CHECK_EQ(page.entry_count, 2);
    CHECK_EQ(page.entry[1].item_no, 900200000);
}

/* Whether the two pages give their first entry, and their second, the same hash. */
static void check_same(const char *left_name, const char *right_name, bool is_first_same)
{
    KK_CLEANUP(list_page_done) struct list_page left = page_of(left_name);
    KK_CLEANUP(list_page_done) struct list_page right = page_of(right_name);

    CHECK_EQ(left.entry[0].item_no, right.entry[0].item_no);
    CHECK_EQ(kk_hash_eq(&left.entry[0].hash, &right.entry[0].hash), is_first_same);
    CHECK(kk_hash_eq(&left.entry[1].hash, &right.entry[1].hash));
}

static void an_entry_has_another_hash_exactly_when_something_counts(void **state)
{
    (void)state;
    check_same("list", "list_noise_moved", true);
    check_same("list", "list_numbers_spelled_otherwise", true);
    check_same("list_brand_null", "list_brand_empty", true);
    check_same("list", "list_price_moved", false);
    check_same("list", "list_without_repeated_prices", false);
    check_same("list_without_repeated_prices", "list_repeated_prices_null", true);
    check_same("list_without_repeated_prices", "list_repeated_prices_zero", false);
}

static void another_shape_is_a_mismatch_that_names_its_path(void **state)
{
    static const struct {
        const char *name, *path;
    } cases[] = {
        {"list_without_count", "count is missing"},
        {"list_count_negative", "count is missing, or is no integer"},
        {"list_count_with_percent", "count is missing, or is no integer"},
        {"list_count_beyond_belief", "count is missing, or is no integer"},
        {"list_without_items", "items is missing"},
        {"list_items_null", "items is missing, or is no list"},
        {"list_price_missing", "items[1].price is missing"},
        {"list_price_null", "items[1].price is null"},
        {"list_price_with_wrong_commas", "items[1].price is no integer"},
        {"list_item_number_negative", "items[0].itemNo is no integer over 0"},
        {"list_image_is_object", "items[0].imageUrlList holds"},
        {"list_name_is_number", "items[0].name is no text"},
        {"list_item_is_text", "items[0].itemNo is missing"},
        {"list_is_search_list", "count is missing"},
        {"options", "count is missing"},
    };

    (void)state;
    for (size_t i = 0; i < KK_COUNT(cases); i++) {
        struct list_page page = {.count = 42};
        struct kk_err err = {0};

        if (parse(cases[i].name, &page, &err) != KK_MISMATCH || !strstr(err.msg, cases[i].path))
            print_error("%s: \"%s\" does not say \"%s\"\n", cases[i].name, err.msg, cases[i].path);
        CHECK_EQ(err.code, KK_MISMATCH);
        CHECK(strstr(err.msg, cases[i].path) != NULL);
        CHECK_EQ(page.count, 42);
    }
}

/* Appends {"count":…,"items":[{…}, …]} with items from 1 on, whose names are name. */
static void write_list(int64_t items, struct kk_sv name, struct kk_buf *out)
{
    kk_jw_open(out, '{');
    kk_jw_key_i64(out, "count", items);
    kk_jw_key(out, "items");
    kk_jw_open(out, '[');
    for (int64_t no = 1; no <= items; no++) {
        kk_jw_open(out, '{');
        kk_jw_key_i64(out, "itemNo", no);
        kk_jw_key_str(out, "name", name);
        kk_jw_key_str(out, "brandName", KK_SV(""));
        kk_jw_key_str(out, "price", KK_SV("1,000"));
        kk_jw_key(out, "imageUrlList");
        kk_jw_open(out, '[');
        kk_jw_close(out, ']');
        kk_jw_close(out, '}');
    }
    kk_jw_close(out, ']');
    kk_jw_close(out, '}');
}

static void a_page_has_a_maximum_of_items(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(BODY_MAX_BYTES);
    KK_CLEANUP(list_page_done) struct list_page page = {0};
    struct kk_err err;

    (void)state;
    write_list(PARSE_LIST_ITEMS_MAX, KK_SV("n"), &body);
    CHECK_OK(parse_list(kk_buf_sv(&body), &page, &err), &err);
    CHECK_EQ(page.entry_count, PARSE_LIST_ITEMS_MAX);
    kk_buf_clear(&body);
    write_list(PARSE_LIST_ITEMS_MAX + 1, KK_SV("n"), &body);
    CHECK_EQ(parse_list(kk_buf_sv(&body), &page, &err), KK_MISMATCH);
    CHECK(strstr(err.msg, "items has 2001 entries") != NULL);
}

static void an_entry_without_end_is_a_mismatch(void **state)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf body = KK_BUF(BODY_MAX_BYTES);
    struct list_page page = {0};
    char *name = malloc(70000);
    struct kk_err err;

    (void)state;
    CHECK(name != NULL);
    memset(name, 'n', 70000);
    write_list(1, (struct kk_sv){name, 70000}, &body);
    CHECK_EQ(parse_list(kk_buf_sv(&body), &page, &err), KK_MISMATCH);
    memset(name, '"', 70000); /* twice as long when it is written */
    kk_buf_clear(&body);
    write_list(1, (struct kk_sv){name, 40000}, &body);
    CHECK_EQ(parse_list(kk_buf_sv(&body), &page, &err), KK_MISMATCH);
    CHECK(strstr(err.msg, "items[0] is longer") != NULL);
    free(name);
}

static void bytes_that_are_no_json_are_a_mismatch(void **state)
{
    char *huge = calloc(1, PARSE_MAX_BYTES + 1);
    struct list_page page = {0};

    (void)state;
    CHECK(huge != NULL);
    CHECK_EQ(parse_list(KK_SV(""), &page, NULL), KK_MISMATCH);
    CHECK_EQ(parse_list(KK_SV("{\"count\":1"), &page, NULL), KK_MISMATCH);
    CHECK_EQ(parse_list((struct kk_sv){huge, PARSE_MAX_BYTES + 1}, &page, NULL), KK_MISMATCH);
    free(huge);
}

static void no_page_can_be_done_with(void **state)
{
    (void)state;
    list_page_done(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_gives_the_count_and_its_items_in_order),
        cmocka_unit_test(a_page_without_items_is_a_page),
        cmocka_unit_test(a_count_has_a_maximum),
        cmocka_unit_test(the_same_item_twice_is_one_entry_of_two_rows),
        cmocka_unit_test(an_entry_has_another_hash_exactly_when_something_counts),
        cmocka_unit_test(another_shape_is_a_mismatch_that_names_its_path),
        cmocka_unit_test(a_page_has_a_maximum_of_items),
        cmocka_unit_test(an_entry_without_end_is_a_mismatch),
        cmocka_unit_test(bytes_that_are_no_json_are_a_mismatch),
        cmocka_unit_test(no_page_can_be_done_with),
    };

    return cmocka_run_group_tests_name("site/parse_list", tests, NULL, NULL);
}
