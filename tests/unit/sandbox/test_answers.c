/* What the answers say against what the truth says, item by item, through every spelling the noise makes. The reading
 * here is the test's own: lenient, and of the fields of mustit-api.md by their names. */
#include "base/hash.h"
#include "base/text.h"

#include "unit/sandbox/shop.h"

/* A number in any of its spellings. */
static int64_t number_of(struct kk_jv object, const char *key)
{
    struct kk_jv value = kk_jv_get(object, key);
    struct kk_sv text;
    int64_t number = 0;

    if (kk_jv_i64(value, &number))
        return number;
    CHECK(kk_jv_str(value, &text));
    CHECK(text.len > 0);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == ',')
            continue;
        CHECK(text.ptr[i] >= '0' && text.ptr[i] <= '9');
        number = number * 10 + (text.ptr[i] - '0');
    }
    return number;
}

/* Text in NFC; null and absent are "". The result stands in *keeps. */
static const char *text_of(struct kk_jv object, const char *key, struct kk_buf *keeps)
{
    struct kk_jv value = kk_jv_get(object, key);
    struct kk_sv text = {0};
    struct kk_err err;

    kk_buf_clear(keeps);
    if (!kk_jv_is(value, KK_J_NONE) && !kk_jv_is(value, KK_J_NULL))
        CHECK(kk_jv_str(value, &text));
    CHECK_OK(kk_nfc(text, keeps, &err), &err);
    return kk_buf_cstr(keeps);
}

static void same_text(struct kk_jv truth, const char *field, struct kk_jv shown, const char *key)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(1 << 20);

    CHECK_STR(text_of(shown, key, &text), shop_text(truth, field));
}

static void same_image(struct kk_jv truth, struct kk_jv shown)
{
    struct kk_sv expected = {0}, text = {0};

    CHECK(kk_jv_str(truth, &expected) && kk_jv_str(shown, &text));
    text.len = kk_sv_find(text, KK_SV("/_dims_/"));
    CHECK_STR(text, expected);
}

static void same_images(struct kk_jv truth, struct kk_jv shown)
{
    size_t count = kk_jv_count(truth);

    CHECK_EQ(kk_jv_count(shown), count);
    for (size_t i = 0; i < count; i++)
        same_image(kk_jv_at(truth, i), kk_jv_at(shown, i));
}

static struct kk_jv module_of(struct kk_jv list, const char *type)
{
    for (struct kk_jiter it = kk_jv_iter(list); kk_jiter_next(&it);)
        if (kk_sv_eq(shop_text(it.value, "type"), kk_sv_of(type)))
            return kk_jv_get(it.value, "data");
    return (struct kk_jv){0};
}

static void same_info(struct kk_jv truth, struct kk_jv info)
{
    static const char *const numbers[] = {"itemNo",       "brandCode",     "normalPrice",
                                          "sellingPrice", "discountPrice", "stock"};
    struct kk_jv category = kk_jv_get(truth, "category");

    for (size_t i = 0; i < KK_COUNT(numbers); i++)
        CHECK_EQ(number_of(info, numbers[i]), shop_i64(truth, numbers[i]));
    same_text(truth, "sellerId", info, "sellerId");
    same_text(truth, "name", info, "itemName");
    same_text(truth, "brandName", info, "brandName");
    same_text(truth, "brandNameKr", info, "brandNameKr");
    same_text(category, "header", info, "headerCategoryCode");
    same_text(category, "large", info, "largeCategoryCode");
    same_text(category, "medium", info, "mediumCategoryCode");
    same_text(category, "small", info, "smallCategoryCode");
}

static void same_description(struct kk_jv truth, struct kk_jv shown)
{
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(8 << 20);
    char hex[KK_HASH_TEXT_BYTES];
    struct kk_hash hash;

    text_of(shown, "descriptionMarkUp", &text);
    hash = kk_sha256(kk_buf_sv(&text));
    kk_hash_text(&hash, hex);
    CHECK_STR(hex, shop_text(truth, "descriptionHash"));
    same_text(truth, "itemStatus", shown, "itemStatus");
    same_text(truth, "originCountry", shown, "originCountry");
    same_text(truth, "shippingLocation", shown, "shippingLocation");
    same_text(truth, "salesMethod", shown, "salesMethod");
}

static bool same_detail(struct kk_jv truth, struct kk_jv root)
{
    struct kk_jv list = kk_jv_get(root, "moduleList"), info = module_of(list, "ProductInfoModule");
    struct kk_jv shipping = module_of(kk_jv_get(module_of(list, "ShippingModule"), "items"), "SHIPPING");
    bool is_flagged = false;

    same_info(truth, info);
    same_images(kk_jv_get(truth, "images"), kk_jv_get(module_of(list, "ProductBannersModule"), "images"));
    same_text(truth, "shippingType", shipping, "shippingType");
    same_text(truth, "shippingFeeType", shipping, "shippingFeeType");
    CHECK_EQ(number_of(shipping, "shippingFee"), shop_i64(truth, "shippingFee"));
    same_description(truth, module_of(list, "ProductDetailInfoModule"));
    CHECK(kk_jv_bool(kk_jv_get(info, "isSoldOut"), &is_flagged));
    CHECK(kk_jv_count(list) >= 18);
    CHECK(kk_jv_is(kk_jv_get(root, "bottom"), KK_J_OBJ) && kk_jv_is(kk_jv_get(root, "nextApiUrl"), KK_J_STR));
    return is_flagged;
}

static void same_row(struct kk_jv truth, struct kk_jv rows, int64_t item_no)
{
    for (struct kk_jiter it = kk_jv_iter(rows); kk_jiter_next(&it);) {
        if (number_of(it.value, "optionNo") != shop_i64(truth, "optionNo"))
            continue;
        CHECK_EQ(number_of(it.value, "itemNo"), item_no);
        CHECK_EQ(number_of(it.value, "stock"), shop_i64(truth, "stock"));
        same_text(truth, "color", it.value, "color");
        same_text(truth, "size", it.value, "size");
        return;
    }
    CHECK(false && "the option is shown");
}

/* The sum of the stocks, or -1 without rows. */
static int64_t same_options(struct kk_jv truth, struct kk_jv rows)
{
    struct kk_jv options = kk_jv_get(truth, "options");
    int64_t last = 0, sum = kk_jv_count(options) ? 0 : -1;

    CHECK_EQ(kk_jv_count(rows), kk_jv_count(options));
    for (struct kk_jiter it = kk_jv_iter(options); kk_jiter_next(&it);) {
        CHECK(shop_i64(it.value, "optionNo") > last);
        last = shop_i64(it.value, "optionNo");
        sum += shop_i64(it.value, "stock");
        same_row(it.value, rows, shop_i64(truth, "itemNo"));
    }
    return sum;
}

static void check_item(struct shop *shop, struct kk_jv truth)
{
    int64_t item_no = shop_i64(truth, "itemNo"), stock;
    struct kk_json *json;
    bool is_out;

    CHECK_EQ(shop_detail(shop, item_no), 200);
    json = shop_body(shop);
    is_out = same_detail(truth, kk_json_root(json));
    kk_json_done(json);
    CHECK_EQ(shop_options(shop, item_no), 200);
    json = shop_body(shop);
    stock = same_options(truth, kk_json_root(json));
    kk_json_done(json);
    if (stock >= 0)
        CHECK_EQ(shop_i64(truth, "stock"), stock);
    is_out |= shop_i64(truth, "stock") == 0;
    CHECK_STR(shop_text(truth, "status"), is_out ? "SOLD_OUT" : "ON_SALE");
}

static void check_all(struct shop *shop)
{
    struct kk_json *truth = shop_truth(shop);

    for (struct kk_jiter it = kk_jv_iter(kk_jv_get(kk_json_root(truth), "items")); kk_jiter_next(&it);)
        check_item(shop, it.value);
    kk_json_done(truth);
}

static struct sandbox_conf open_conf(uint64_t seed, const char *sellers)
{
    struct sandbox_conf conf = sandbox_conf_default();

    conf.seed = seed;
    conf.sellers = sellers;
    conf.limit = 0;
    return conf;
}

static void details_and_options_show_the_truth_in_every_spelling(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct sandbox_conf conf = open_conf(seed, "luxmaison:120,casaverde:9");
        struct shop shop;

        shop_open(&shop, &conf);
        shop_enter(&shop);
        for (int round = 0; round < 5; round++)
            check_all(&shop);
        shop_close(&shop);
    }
}

static void they_still_do_after_a_thousand_moves(void **state)
{
    struct sandbox_conf conf = open_conf(5, "luxmaison:100");
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    for (int round = 0; round < 5; round++) {
        CHECK_EQ(shop_post(&shop, "/__sandbox/move?count=200"), 200);
        check_all(&shop);
    }
    shop_close(&shop);
}

static void a_huge_description_comes_through_whole(void **state)
{
    struct sandbox_conf conf = open_conf(1, "luxmaison:4");
    struct shop shop;

    (void)state;
    conf.big_every = 2;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    for (int round = 0; round < 4; round++)
        check_all(&shop);
    shop_close(&shop);
}

static void without_noise_two_answers_are_the_same_bytes(void **state)
{
    struct sandbox_conf conf = open_conf(1, "luxmaison:3");
    KK_CLEANUP(kk_buf_done) struct kk_buf first = KK_BUF(1 << 20);
    struct kk_json *truth;
    struct shop shop;

    (void)state;
    conf.has_noise = false;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    truth = shop_truth(&shop);
    int64_t item_no = shop_i64(kk_jv_at(kk_jv_get(kk_json_root(truth), "items"), 0), "itemNo");
    kk_json_done(truth);
    shop_detail(&shop, item_no);
    kk_buf_add(&first, kk_buf_sv(&shop.reply.body));
    shop_detail(&shop, item_no);
    CHECK_STR(kk_buf_sv(&shop.reply.body), kk_buf_sv(&first));
    check_all(&shop);
    shop_close(&shop);
}

static void with_noise_no_two_answers_about_an_item_are_the_same_bytes(void **state)
{
    enum { ROUNDS = 50 };
    static char seen[ROUNDS][16384];
    struct sandbox_conf conf = open_conf(1, "luxmaison:3");
    struct kk_json *truth;
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    truth = shop_truth(&shop);
    int64_t item_no = shop_i64(kk_jv_at(kk_jv_get(kk_json_root(truth), "items"), 1), "itemNo");
    kk_json_done(truth);
    for (int i = 0; i < ROUNDS; i++) {
        shop_detail(&shop, item_no);
        CHECK(kk_sv_copy(kk_buf_sv(&shop.reply.body), seen[i], sizeof(seen[i])));
        for (int k = 0; k < i; k++)
            CHECK(strcmp(seen[i], seen[k]) != 0);
    }
    shop_close(&shop);
}

static bool ascends(struct kk_jv rows)
{
    int64_t last = 0;

    for (struct kk_jiter it = kk_jv_iter(rows); kk_jiter_next(&it); last = number_of(it.value, "optionNo"))
        if (number_of(it.value, "optionNo") < last)
            return false;
    return true;
}

static void modules_and_options_sometimes_come_in_another_order(void **state)
{
    struct sandbox_conf conf = open_conf(1, "luxmaison:40");
    int options[2] = {0}, details[2] = {0};
    struct kk_json *truth, *json;
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    truth = shop_truth(&shop);
    for (struct kk_jiter it = kk_jv_iter(kk_jv_get(kk_json_root(truth), "items")); kk_jiter_next(&it);) {
        shop_options(&shop, shop_i64(it.value, "itemNo"));
        json = shop_body(&shop);
        options[ascends(kk_json_root(json))]++;
        kk_json_done(json);
        shop_detail(&shop, shop_i64(it.value, "itemNo"));
        json = shop_body(&shop);
        struct kk_jv first = kk_jv_at(kk_jv_get(kk_json_root(json), "moduleList"), 0);
        details[kk_sv_eq(shop_text(first, "type"), KK_SV("ProductBannersModule"))]++;
        kk_json_done(json);
    }
    CHECK(options[0] > 0 && options[1] > 0);
    CHECK(details[0] > 0 && details[1] > 0);
    kk_json_done(truth);
    shop_close(&shop);
}

static void the_same_requests_get_the_same_bytes_in_another_sandbox(void **state)
{
    struct sandbox_conf conf = open_conf(9, "luxmaison:20");
    struct shop a, b;

    (void)state;
    shop_open(&a, &conf);
    conf.cache_bytes = 0; /* what is kept must not show */
    shop_open(&b, &conf);
    shop_enter(&a);
    shop_enter(&b);
    CHECK_STR(a.authorization, b.authorization);
    for (int round = 0; round < 3; round++) {
        for (int64_t page = 0; page < 4; page++) {
            CHECK_EQ(shop_list(&a, "luxmaison", page, 7), 200);
            CHECK_EQ(shop_list(&b, "luxmaison", page, 7), 200);
            CHECK_STR(kk_buf_sv(&a.reply.body), kk_buf_sv(&b.reply.body));
        }
        shop_post(&a, "/__sandbox/move?count=5");
        shop_post(&b, "/__sandbox/move?count=5");
        CHECK_STR(kk_buf_sv(&a.reply.body), kk_buf_sv(&b.reply.body));
    }
    shop_close(&a);
    shop_close(&b);
}

/* --- lists --- */

static void same_entry(struct kk_jv truth, struct kk_jv entry)
{
    int64_t price = shop_i64(truth, "discountPrice"), normal = shop_i64(truth, "normalPrice");

    CHECK_EQ(number_of(entry, "itemNo"), shop_i64(truth, "itemNo"));
    CHECK_EQ(number_of(entry, "price"), price);
    CHECK_EQ(number_of(entry, "appPrice"), price);
    CHECK_EQ(number_of(entry, "originalPrice"), normal);
    CHECK_EQ(number_of(entry, "normalPrice"), normal);
    same_text(truth, "name", entry, "name");
    same_text(truth, "brandName", entry, "brandName");
    same_images(kk_jv_get(truth, "images"), kk_jv_get(entry, "imageUrlList"));
}

static void pages_run_newest_first_and_together_are_the_whole_shop(void **state)
{
    static const int64_t sizes[] = {1, 7, 20, 120, 500};
    struct sandbox_conf conf = open_conf(2, "other:31,luxmaison:120");
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    KK_CLEANUP(kk_buf_done) struct kk_buf text = KK_BUF(1 << 26);
    CHECK_EQ(sandbox_truth(shop.sandbox, "luxmaison", &text, NULL), KK_OK);
    struct kk_json *truth = shop_parse(kk_buf_sv(&text));
    struct kk_jv items = kk_jv_get(kk_json_root(truth), "items");
    for (size_t s = 0; s < KK_COUNT(sizes); s++) {
        size_t seen = 0;

        for (int64_t page = 0; seen < 120; page++) {
            CHECK_EQ(shop_list(&shop, "luxmaison", page, sizes[s]), 200);
            struct kk_json *json = shop_body(&shop);

            struct kk_jv entries = kk_jv_get(kk_json_root(json), "items");
            int64_t left = 120 - page * sizes[s];

            CHECK_EQ(number_of(kk_json_root(json), "count"), 120);
            CHECK_EQ(kk_jv_count(entries), left < sizes[s] ? left : sizes[s]);
            for (struct kk_jiter it = kk_jv_iter(entries); kk_jiter_next(&it); seen++)
                same_entry(kk_jv_at(items, seen), it.value);
            kk_json_done(json);
        }
        CHECK_EQ(seen, 120);
    }
    kk_json_done(truth);
    shop_close(&shop);
}

static size_t items_on(struct shop *shop, const char *seller, int64_t page, int64_t size)
{
    CHECK_EQ(shop_list(shop, seller, page, size), 200);
    struct kk_json *json = shop_body(shop);
    size_t count = kk_jv_count(kk_jv_get(kk_json_root(json), "items"));

    CHECK(kk_jv_is(kk_jv_get(kk_json_root(json), "items"), KK_J_ARR));
    kk_json_done(json);
    return count;
}

static void a_page_past_the_end_is_empty_and_so_is_an_unknown_shop(void **state)
{
    struct sandbox_conf conf = open_conf(2, "luxmaison:120,emptyshop:0");
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    CHECK_EQ(items_on(&shop, "luxmaison", 1, 100), 20);
    CHECK_EQ(items_on(&shop, "luxmaison", 2, 100), 0);
    CHECK_EQ(items_on(&shop, "luxmaison", 1, 120), 0);
    CHECK_EQ(items_on(&shop, "luxmaison", INT64_MAX, 500), 0);
    CHECK_EQ(items_on(&shop, "emptyshop", 0, 500), 0);
    CHECK_EQ(items_on(&shop, "LUXMAISON", 0, 500), 0);
    CHECK_EQ(items_on(&shop, "nobody", 0, 500), 0);
    shop_close(&shop);
}

static void the_server_may_serve_smaller_pages_than_asked(void **state)
{
    struct sandbox_conf conf = open_conf(2, "luxmaison:120");
    struct shop shop;

    (void)state;
    conf.page_max = 50;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    CHECK_EQ(items_on(&shop, "luxmaison", 0, 500), 50);
    CHECK_EQ(items_on(&shop, "luxmaison", 2, 500), 20);
    CHECK_EQ(items_on(&shop, "luxmaison", 0, 20), 20);
    shop_close(&shop);
}

static void a_list_without_sense_is_refused(void **state)
{
    static const char *const bad[] = {
        "", "?sellerId=", "?sellerId=a&pageNo=-1", "?sellerId=a&pageNo=x", "?sellerId=a&pageSize=0", "?sellerId=%zz"};
    struct sandbox_conf conf = open_conf(2, "luxmaison:1");
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    for (size_t i = 0; i < KK_COUNT(bad); i++) {
        char target[256];

        snprintf(target, sizeof(target), SITE_LIST_PATH "%s", bad[i]);
        CHECK_EQ(shop_ask(&shop, target), 400);
    }
    shop_close(&shop);
}

static int64_t sum_of(struct kk_jv rows, const char *key)
{
    int64_t sum = 0;

    for (struct kk_jiter it = kk_jv_iter(rows); kk_jiter_next(&it);)
        sum += shop_i64(it.value, key);
    return sum;
}

static void facets_count_as_on_the_real_site(void **state)
{
    struct sandbox_conf conf = open_conf(2, "luxmaison:1000");
    struct shop shop;

    (void)state;
    shop_open(&shop, &conf);
    shop_enter(&shop);
    CHECK_EQ(shop_list(&shop, "luxmaison", 0, 1), 200);
    CHECK(shop.reply.body.len > 40000);
    struct kk_json *json = shop_body(&shop);
    struct kk_jv groups = kk_jv_get(kk_json_root(json), "groupResult");
    CHECK_EQ(sum_of(kk_jv_get(groups, "brandGroupResult"), "brandCount"), 1000);
    CHECK_EQ(sum_of(kk_jv_get(groups, "colorCodeResult"), "imgColorCodeCount"), 1000);
    CHECK(sum_of(kk_jv_get(groups, "headerCategoryGroupResult"), "categoryCount") > 1000); /* unisex counts twice */
    CHECK_EQ(sum_of(kk_jv_get(groups, "headerCategoryGroupResult"), "categoryCount"),
             sum_of(kk_jv_get(groups, "mediumCategoryGroupResult"), "categoryCount"));
    CHECK_EQ(kk_jv_count(kk_jv_get(groups, "smallCategoryGroupResult")), 100);
    CHECK_EQ(kk_jv_count(kk_jv_get(groups, "priceRangeResult")), 6);
    CHECK_EQ(kk_jv_count(kk_jv_get(groups, "usedStatusGroupResult")), 3);
    kk_json_done(json);
    shop_close(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(details_and_options_show_the_truth_in_every_spelling),
        cmocka_unit_test(they_still_do_after_a_thousand_moves),
        cmocka_unit_test(a_huge_description_comes_through_whole),
        cmocka_unit_test(without_noise_two_answers_are_the_same_bytes),
        cmocka_unit_test(with_noise_no_two_answers_about_an_item_are_the_same_bytes),
        cmocka_unit_test(modules_and_options_sometimes_come_in_another_order),
        cmocka_unit_test(the_same_requests_get_the_same_bytes_in_another_sandbox),
        cmocka_unit_test(pages_run_newest_first_and_together_are_the_whole_shop),
        cmocka_unit_test(a_page_past_the_end_is_empty_and_so_is_an_unknown_shop),
        cmocka_unit_test(the_server_may_serve_smaller_pages_than_asked),
        cmocka_unit_test(a_list_without_sense_is_refused),
        cmocka_unit_test(facets_count_as_on_the_real_site),
    };

    return cmocka_run_group_tests_name("sandbox/answers", tests, NULL, NULL);
}
